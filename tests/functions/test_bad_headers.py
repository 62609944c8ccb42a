"""Headers as API Gateway forwards them: joined where they are repeated, long, and with any characters."""

import gzip

import pytest
from support.handlers.http_api import Client

CONFIG = "/api/projects/p/config"
BODY = b'{"chartCustomizations": {}}'

# The headers of a request, joined by commas where they are repeated, and the status and code of the response.
REFUSED: dict[str, tuple[dict[str, str], int, str]] = {
    "two media types": ({"content-type": "application/json,text/xml"}, 415, "unsupported-media-type"),
    "a media type twice": ({"content-type": "application/json,application/json"}, 415, "unsupported-media-type"),
    "no media type": ({"content-type": ""}, 415, "unsupported-media-type"),
    "a media type of 10 KB": ({"content-type": "x" * 10_240}, 415, "unsupported-media-type"),
    "a media type outside ASCII": ({"content-type": "application/j\u00e9"}, 415, "unsupported-media-type"),
    "half a surrogate pair": ({"content-type": "application/\ud800"}, 415, "unsupported-media-type"),
    "two encodings": ({"content-encoding": "gzip,br"}, 415, "unsupported-media-type"),
    "an encoding twice": ({"content-encoding": "gzip,gzip"}, 415, "unsupported-media-type"),
    "an encoding that the body does not have": ({"content-encoding": "gzip"}, 415, "unsupported-media-type"),
    "an encoding of 10 KB": ({"content-encoding": "x" * 10_240}, 415, "unsupported-media-type"),
    "two tags": ({"if-match": '"1","2"'}, 412, "version-conflict"),
    "a tag of 10 KB": ({"if-match": f'"{"1" * 10_240}"'}, 412, "version-conflict"),
    "1,000 tags": ({"if-match": ", ".join(f'"{number}"' for number in range(1, 1_000))}, 412, "version-conflict"),
    "a tag of full-width digits": ({"if-match": '"\uff10"'}, 400, "invalid-precondition"),
    "a tag without quotes": ({"if-match": "0"}, 400, "invalid-precondition"),
    "no tag": ({"if-match": ""}, 400, "invalid-precondition"),
    "commas alone": ({"if-match": "," * 10_240}, 400, "invalid-precondition"),
    "a star and a tag": ({"if-match": '*,"0"'}, 400, "invalid-precondition"),
    "a control character": ({"if-match": '"0\x00"'}, 400, "invalid-precondition"),
    "half a surrogate pair in a tag": ({"if-match": '"\udc00"'}, 400, "invalid-precondition"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_header_is_refused(project: Client, name: str) -> None:
    """A header's value is never guessed at: if it is invalid, the request is refused and nothing is saved."""
    headers, status, code = REFUSED[name]
    reply = project.request("PUT", CONFIG, BODY, **{"if-match": '"0"', **headers})
    assert (reply.status, reply.code) == (status, code)
    assert project.get(CONFIG).json["version"] == 0


@pytest.mark.parametrize(
    "accepted", ["gzip;q=zero", "gzip;q=", ";", ",,,", "\u00e9", "*;q=1e3", "x" * 10_240, "gzip;q=1;q=0"]
)
def test_an_invalid_accept_encoding_never_fails(project: Client, accepted: str) -> None:
    """A request with an invalid Accept-Encoding gets the same document, compressed or not."""
    reply = project.get(CONFIG, accept_encoding=accepted)
    assert reply.status == 200
    content = gzip.decompress(reply.body) if "content-encoding" in reply.headers else reply.body
    assert content == b'{"config":null,"version":0,"updatedAt":null}'
