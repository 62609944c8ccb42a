"""Headers as API Gateway hands them on: joined where they were there twice, long, and of any characters."""

import gzip

import pytest
from support.handlers.http_api import Client

CONFIG = "/api/projects/p/config"
BODY = b'{"chartCustomizations": {}}'

# What a request said, joined by commas where it said it twice, and the answer's status and code.
REFUSED: dict[str, tuple[dict[str, str], int, str]] = {
    "two media types": ({"content-type": "application/json,text/xml"}, 415, "unsupported-media-type"),
    "a media type twice": ({"content-type": "application/json,application/json"}, 415, "unsupported-media-type"),
    "no media type": ({"content-type": ""}, 415, "unsupported-media-type"),
    "a media type of 10 KB": ({"content-type": "x" * 10_240}, 415, "unsupported-media-type"),
    "a media type that is no ASCII": ({"content-type": "application/j\u00e9"}, 415, "unsupported-media-type"),
    "half a surrogate pair": ({"content-type": "application/\ud800"}, 415, "unsupported-media-type"),
    "two encodings": ({"content-encoding": "gzip,br"}, 415, "unsupported-media-type"),
    "an encoding twice": ({"content-encoding": "gzip,gzip"}, 415, "unsupported-media-type"),
    "an encoding that is not there": ({"content-encoding": "gzip"}, 415, "unsupported-media-type"),
    "an encoding of 10 KB": ({"content-encoding": "x" * 10_240}, 415, "unsupported-media-type"),
    "two tags": ({"if-match": '"1","2"'}, 412, "version-conflict"),
    "a tag of 10 KB": ({"if-match": f'"{"1" * 10_240}"'}, 412, "version-conflict"),
    "1,000 tags": ({"if-match": ", ".join(f'"{number}"' for number in range(1, 1_000))}, 412, "version-conflict"),
    "a tag of other digits": ({"if-match": '"\uff10"'}, 400, "invalid-precondition"),
    "a tag without quotes": ({"if-match": "0"}, 400, "invalid-precondition"),
    "nothing": ({"if-match": ""}, 400, "invalid-precondition"),
    "commas": ({"if-match": "," * 10_240}, 400, "invalid-precondition"),
    "a star and a tag": ({"if-match": '*,"0"'}, 400, "invalid-precondition"),
    "a control character": ({"if-match": '"0\x00"'}, 400, "invalid-precondition"),
    "half of a pair in a tag": ({"if-match": '"\udc00"'}, 400, "invalid-precondition"),
}


@pytest.fixture
def project(client: Client) -> Client:
    """A user with the empty project `p`."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    return client


@pytest.mark.parametrize("name", REFUSED)
def test_a_header_that_is_no_such_header_is_refused(project: Client, name: str) -> None:
    """No value of a header is guessed at: it is read as it is meant, or the request is refused and nothing saved."""
    headers, status, code = REFUSED[name]
    reply = project.request("PUT", CONFIG, BODY, **{"if-match": '"0"', **headers})
    assert (reply.status, reply.code) == (status, code)
    assert project.get(CONFIG).json["version"] == 0


@pytest.mark.parametrize(
    "accepted", ["gzip;q=zero", "gzip;q=", ";", ",,,", "\u00e9", "*;q=1e3", "x" * 10_240, "gzip;q=1;q=0"]
)
def test_what_a_client_accepts_never_fails(project: Client, accepted: str) -> None:
    """An Accept-Encoding that cannot be read is answered with the same document, compressed or not."""
    reply = project.get(CONFIG, accept_encoding=accepted)
    assert reply.status == 200
    content = gzip.decompress(reply.body) if "content-encoding" in reply.headers else reply.body
    assert content == b'{"config":null,"version":0,"updatedAt":null}'
