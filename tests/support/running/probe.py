"""A function for tests of the local stack: it writes down each batch that it receives, and answers as it is asked to.

Packed and deployed on its own, so it imports nothing of the tests.
"""

import json
import os
import time
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    if "connectionId" in event.get("requestContext", {}):
        return {"statusCode": 200, "body": json.dumps({"wanted": json.loads(event["body"])["wanted"]})}
    if "Records" not in event:
        return {"statusCode": 200, "body": "x" * int(event["queryStringParameters"]["bytes"])}
    keys = [record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]]
    file = Path(os.environ["BATCHES"])
    held = file.with_suffix(".held")
    if any(key.startswith("wanted-held") for key in keys) and not held.exists():
        held.touch()
        # The test kills this process meanwhile, or removes the file.
        until = time.monotonic() + 9
        while held.exists() and time.monotonic() < until:
            time.sleep(0.05)
    with file.open("a") as batches:
        batches.write(json.dumps(event["Records"]) + "\n")
    if any(key.startswith("poison") for key in keys):
        raise ValueError("The test asked for this failure.")
    return {"batchItemFailures": []}
