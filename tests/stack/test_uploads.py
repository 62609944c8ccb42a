"""Files that are sent to the bucket of the running stack, as a browser sends them."""

from typing import Any

import httpx
import pytest

UPLOADS = "/api/projects/p/data/uploads"
CSV = b"a,b\n1,2\n"


@pytest.fixture
def announced(client: httpx.Client) -> dict[str, Any]:
    """The form of a CSV file that was announced for the project `p`."""
    client.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
    body = {"fileName": "f.csv", "contentType": "text/csv", "bytes": len(CSV)}
    form: dict[str, Any] = client.post(UPLOADS, json=body).raise_for_status().json()
    return form


def send(announced: dict[str, Any], content: bytes, **fields: str) -> httpx.Response:
    return httpx.post(announced["url"], data=announced["fields"] | fields, files={"file": content})


def complete(client: httpx.Client, announced: dict[str, Any]) -> httpx.Response:
    return client.post(f"{UPLOADS}/{announced['uploadId']}/complete", json={})


def test_a_form_that_is_sent_as_it_was_given_goes_through(client: httpx.Client, announced: dict[str, Any]) -> None:
    """The form needs no token: its signature lets in one file, which then becomes the data."""
    assert send(announced, CSV).status_code == 204
    assert complete(client, announced).status_code == 201
    assert client.get("/api/projects/p/data").json()["rawData"] == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        pytest.param(CSV + b"3,4\n", {}, id="more than was announced"),
        pytest.param(CSV, {"key": "uploads/another/place"}, id="another place"),
        pytest.param(CSV, {"Content-Type": "text/html"}, id="another type"),
    ],
)
def test_a_form_lets_in_what_was_announced_and_nothing_else(
    client: httpx.Client, announced: dict[str, Any], content: bytes, fields: dict[str, str]
) -> None:
    """The bucket itself refuses what the form was not signed for, and nothing can be completed then.

    That the signature is the function's is checked where IAM is enforced, which the walk goes through.
    """
    assert 400 <= send(announced, content, **fields).status_code < 500
    refused = complete(client, announced)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:problem:invalid-data")
