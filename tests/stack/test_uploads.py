"""Files sent to the running stack's bucket as a browser sends them."""

from typing import Any

import httpx
import pytest

UPLOADS = "/api/projects/p/data/uploads"
CSV = b"a,b\n1,2\n"


@pytest.fixture
def announced(owner: httpx.Client) -> dict[str, Any]:
    """The upload form of a CSV file that was announced for the project `p`."""
    body = {"fileName": "f.csv", "contentType": "text/csv", "bytes": len(CSV)}
    form: dict[str, Any] = owner.post(UPLOADS, json=body).raise_for_status().json()
    return form


def send(announced: dict[str, Any], content: bytes, **fields: str) -> httpx.Response:
    return httpx.post(announced["url"], data=announced["fields"] | fields, files={"file": content})


def complete(client: httpx.Client, announced: dict[str, Any]) -> httpx.Response:
    return client.post(f"{UPLOADS}/{announced['uploadId']}/complete", json={})


def test_an_unchanged_form_is_accepted(client: httpx.Client, announced: dict[str, Any]) -> None:
    """The form needs no token: its signature admits one file, which then becomes the data."""
    assert send(announced, CSV).status_code == 204
    assert complete(client, announced).status_code == 201
    assert client.get("/api/projects/p/data").json()["rawData"] == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        pytest.param(CSV + b"3,4\n", {}, id="larger than announced"),
        pytest.param(CSV, {"key": "uploads/another/place"}, id="another key"),
        pytest.param(CSV, {"Content-Type": "text/html"}, id="another media type"),
    ],
)
def test_a_form_admits_only_what_was_announced(
    client: httpx.Client, announced: dict[str, Any], content: bytes, fields: dict[str, str]
) -> None:
    """The bucket itself refuses what the form was not signed for, and the upload cannot be completed.

    The walk with IAM enforced checks that the signature is the function's.
    """
    assert 400 <= send(announced, content, **fields).status_code < 500
    refused = complete(client, announced)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem:invalid-data")
