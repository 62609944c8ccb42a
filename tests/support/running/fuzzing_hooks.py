"""What Schemathesis is told beyond docs/openapi.yaml: which of its findings are none, and what happens between calls.

It imports this module in its own process, which `fuzzing.py` starts; that module reads the report written here.
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

# A file of each type, to be sent to the bucket.
FILES = {
    "text/csv": b"month,region,revenue\n2026-01,EU,1200\n",
    "application/json": b'[{"month": "2026-01", "region": "EU", "revenue": 1200}]',
    "application/x-ndjson": b'{"month": "2026-01", "region": "EU", "revenue": 1200}\n',
}


@dataclass(frozen=True)
class Explained:
    """An answer that refuses what the document's schemas allow, and why it is right nevertheless.

    `text` is a pattern that is found in the answer's body; `operations` are the ids of those that it can be met at.
    """

    reason: str
    status: int
    text: str
    operations: tuple[str, ...] = ()

    def fits(self, operation: str, status: int, text: str) -> bool:
        of_it = not self.operations or operation in self.operations
        return of_it and status == self.status and re.search(self.text, text) is not None


# Every exclusion there is but one. All are of one check, "schema-valid request rejected": a schema says which values a
# request may have, not what the state makes of them. Whatever else a check finds fails the run, apart from a deleted
# project that is there again because it was restored since: the check does not know that a delete can be undone.
EXPLAINED = (
    Explained("which version is the current one is a matter of time", 412, "urn:problem:version-conflict"),
    Explained(
        "one of two headers is needed, and a schema describes each by itself",
        428,
        "urn:problem:precondition-required",
        ("putConfig", "deleteConfig", "putCustomizations", "restoreVersion"),
    ),
    Explained("a cursor is one that the list gave out", 422, '"pointer":"cursor"', ("listProjects", "listVersions")),
    Explained("with configs a page is shorter", 422, '"expected a number from 1 to 25"', ("listProjects",)),
    Explained("CSV holds the table alone", 422, '"pointer":"include"', ("getData", "getDataVersion")),
    Explained("NUL is no character of a document, and a schema cannot say so of every string", 422, "NUL character"),
    Explained("what a first patch makes has to be a config", 422, '"pointer":"/chartCustomizations"', ("patchConfig",)),
    Explained("limits are of the installation", 413, "urn:problem:upload-too-large", ("postUpload",)),
    Explained("6209.0 is an integer to JSON Schema", 422, '"pointer":"/bytes"', ("postUpload",)),
    Explained("some row has a column", 422, "a table has at least one column", ("postData",)),
    Explained(
        "names and types are of the columns that the rows have",
        422,
        '"pointer":"/dataSchema',
        ("postData", "completeUpload"),
    ),
    Explained("the file comes first", 422, "Nothing was sent to the bucket yet", ("completeUpload",)),
    Explained("an upload is completed once", 422, "was completed", ("completeUpload",)),
)

answers: Counter[tuple[str, int]] = Counter()
used: Counter[str] = Counter()
restored: set[str] = set()


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext, failure: Failure, case: Case, response: schemathesis.Response
) -> bool:
    """Keep a failure that nothing explains."""
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
    """Count the answer; where it is the form of an upload, send a file, as a client does before it completes that."""
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
    """Leave what was answered, by operation and status, and which explanations were needed."""
    if REPORT in os.environ:
        counted = [[operation, status, count] for (operation, status), count in sorted(answers.items())]
        Path(os.environ[REPORT]).write_text(json.dumps({"answers": counted, "explained": used}))
