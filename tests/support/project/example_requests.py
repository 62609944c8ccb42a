"""The example requests of docs/openapi.yaml, one for each operation."""

import re
from typing import Any, NamedTuple
from urllib.parse import quote

from support.project.openapi import METHODS, openapi, path_parameters, resolved


class ExampleRequest(NamedTuple):
    """A request as a client sends it; a `body` of None is no body."""

    method: str
    path: str
    body: Any
    media_type: str
    headers: dict[str, str]


class Operation(NamedTuple):
    """A method at a path, and what docs/openapi.yaml says about it."""

    method: str
    path: str
    described: dict[str, Any]

    def example(self, project: str, upload: str, **named: str) -> ExampleRequest:
        """Return the first example, in a project, for an upload; `If-Match: *` where a precondition is needed.

        `named` are further values of the path, such as `memberId`; the others are those of the document.
        """
        # Of two versions, version 1 was changed again since, so only version 2 can be undone.
        version = "2" if self.path.endswith("/undo") else "1"
        known = {name: str(each["example"]) for name, each in path_parameters(self.described["operationId"]).items()}
        values = {**known, "projectId": project, "version": version, "other": "2", "uploadId": upload, **named}
        path = re.sub(r"\{(\w+)\}", lambda match: quote(values[match[1]], safe=""), self.path)
        body, media_type = _body(self.described)
        headers = {"if_match": "*"} if "428" in self.described["responses"] else {}
        return ExampleRequest(self.method, path, body, media_type, headers)


def operations_on_projects() -> list[Operation]:
    """Return every operation on one project."""
    return [each for each in all_operations() if "{projectId}" in each.path]


def all_operations() -> list[Operation]:
    return [
        Operation(method.upper(), path, item[method])
        for path, item in openapi()["paths"].items()
        for method in item
        if method in METHODS
    ]


def _body(operation: dict[str, Any]) -> tuple[Any, str]:
    """Return the first example of a body, and its media type."""
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), "application/json")
    examples = content.get(media_type, {}).get("examples", {})
    return next((resolved(each)["value"] for each in examples.values()), None), media_type
