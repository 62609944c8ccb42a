"""Hooks that tell Schemathesis what docs/openapi.yaml cannot: false positives, and what happens between calls.

Schemathesis imports this module in a process that `fuzzing.py` starts; `fuzzing.py` reads the report written here.
"""

import atexit
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

type Case = schemathesis.Case[Any]

REPORT = "DASHKEEP_FUZZING_REPORT"

# A file of each media type to send to the bucket.
FILES = {
    "text/csv": b"month,region,revenue\n2026-01,EU,1200\n",
    "application/json": b'[{"month": "2026-01", "region": "EU", "revenue": 1200}]',
    "application/x-ndjson": b'{"month": "2026-01", "region": "EU", "revenue": 1200}\n',
}


@dataclass(frozen=True)
class Explained:
    """An answer that refuses what the document's schemas allow, and why it is right nevertheless.

    `text` is a pattern to find in the answer's body; `operations` are the ids of the operations that it applies to.
    """

    reason: str
    status: int
    text: str
    operations: tuple[str, ...] = ()

    def fits(self, operation: str, status: int, text: str) -> bool:
        of_it = not self.operations or operation in self.operations
        return of_it and status == self.status and re.search(self.text, text) is not None


# All exclusions but one. They are for one check, "schema-valid request rejected": a schema says which values a request
# may have, not whether the state allows them. Any other finding fails the run, except a deleted project that exists
# again because it was restored: that check does not know that a deletion can be undone.
EXPLAINED = (
    Explained("the current version depends on the time", 412, "urn:problem:version-conflict"),
    Explained(
        "one of two headers is required, and a schema describes each separately",
        428,
        "urn:problem:precondition-required",
        ("putConfig", "deleteConfig", "putCustomizations", "restoreVersion"),
    ),
    Explained("a cursor has to come from the list", 422, '"pointer":"cursor"', ("listProjects", "listVersions")),
    Explained(
        "pages with configs have a lower limit", 422, '"This must be an integer from 1 to 25."', ("listProjects",)
    ),
    Explained("CSV contains only the table", 422, '"pointer":"include"', ("getData", "getDataVersion")),
    Explained("documents may not contain NUL, and a schema cannot say so for every string", 422, "NUL character"),
    Explained("a first patch has to result in a config", 422, '"pointer":"/chartCustomizations"', ("patchConfig",)),
    Explained("limits depend on the deployment", 413, "urn:problem:upload-too-large", ("postUpload",)),
    Explained("6209.0 is an integer to JSON Schema", 422, '"pointer":"/bytes"', ("postUpload",)),
    Explained("at least one row needs a column", 422, "A table must have at least one column", ("postData",)),
    Explained(
        "names and types have to match the columns of the rows",
        422,
        '"pointer":"/dataSchema',
        ("postData", "completeUpload"),
    ),
    Explained("the file has to be sent first", 422, "The file has not been sent yet", ("completeUpload",)),
    Explained("an upload can be completed only once", 422, "was already completed", ("completeUpload",)),
)

answers: Counter[tuple[str, int]] = Counter()
used: Counter[str] = Counter()
restored: set[str] = set()


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: Case, response: schemathesis.Response
) -> bool:
    """Keep a failure unless an exclusion explains it."""
    if isinstance(failure, UseAfterFree):
        return case.path_parameters.get("projectId") not in restored
    if not isinstance(failure, RejectedPositiveData):
        return True
    operation = _operation(case)
    found = [each for each in EXPLAINED if each.fits(operation, response.status_code, response.text)]
    used.update(each.reason for each in found)
    return not found


@schemathesis.hook
def after_call(_context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Count the answer; if it is an upload form, send a file, as a client does before completing the upload."""
    operation = _operation(case)
    answers[operation, response.status_code] += 1
    if operation == "restoreProject" and response.status_code == httpx.codes.OK:
        restored.add(case.path_parameters["projectId"])
    if operation == "deleteProject" and response.status_code == httpx.codes.NO_CONTENT:
        restored.discard(case.path_parameters["projectId"])
    if operation == "postUpload" and response.status_code == httpx.codes.CREATED and isinstance(case.body, dict):
        _send_file(case.body, response.json())


def _send_file(announced: dict[str, Any], form: dict[str, Any]) -> None:
    file = FILES[announced["contentType"]]
    if len(file) <= announced["bytes"]:
        httpx.post(form["url"], data=form["fields"], files={"file": file}).raise_for_status()


def _operation(case: Case) -> str:
    operation: str = case.operation.definition.raw["operationId"]
    return operation


@atexit.register
def write_report() -> None:
    """Write the number of answers by operation and status, and which explanations were needed."""
    if REPORT in os.environ:
        counted = [[operation, status, count] for (operation, status), count in sorted(answers.items())]
        Path(os.environ[REPORT]).write_text(json.dumps({"answers": counted, "explained": used}))
