"""Refusals: what cannot be done is answered with its problem code, and changes nothing.

Not provoked are codes that no request causes under the default limits: `internal-error`, `storage-unavailable`, `gone`,
and `forbidden`, which needs a token that may only read.
"""

from typing import Any, Final

from deployment.api import Answer, User, require, require_equal, require_none

CHARTS: Final[dict[str, Any]] = {"chartCustomizations": {"c": {}}}
TABLE: Final[dict[str, Any]] = {"fileName": "t.csv", "rawData": [{"a": 1}]}
UNSAFE: Final = "<img src=x onerror=alert(1)>"


def charts(**members: Any) -> dict[str, Any]:
    return {"chartCustomizations": {"c": members}}


def provoke(owner: User, project: str) -> dict[tuple[int, str], Answer]:
    """Send one request for each status and code, to a project whose config is at version 1."""
    config, data, name = f"{project}/config", f"{project}/data", project.rpartition("/")[2]
    first = {"if_match": '"1"'}
    upload = {"fileName": "f", "contentType": "text/csv", "bytes": 10**12}
    return {
        (400, "malformed-json"): owner.send("PUT", config, b'{"a":', **first),
        (400, "invalid-precondition"): owner.send("PUT", config, CHARTS, if_match="1"),
        (404, "not-found"): owner.send("GET", "/api/projects/verify-absent/config"),
        (405, "method-not-allowed"): owner.send("POST", config, CHARTS),
        (409, "project-exists"): owner.send("POST", "/api/projects", {"id": name, "name": "Another"}),
        (412, "version-conflict"): owner.send("PUT", config, charts(title="Late"), if_match='"9"'),
        (413, "upload-too-large"): owner.send("POST", f"{data}/uploads", upload),
        (415, "unsupported-media-type"): owner.send("PUT", config, b"a: b", content_type="application/yaml", **first),
        (422, "invalid-config"): owner.send("PUT", config, {"charts": {}}, **first),
        (422, "invalid-data"): owner.send("POST", data, {**TABLE, "rawData": []}),
        (422, "invalid-project"): owner.send("POST", "/api/projects", {"name": ""}),
        (422, "invalid-query"): owner.send("GET", "/api/projects?limit=0"),
        (422, "unsafe-text"): owner.send("PUT", config, charts(title=UNSAFE), **first),
        (428, "precondition-required"): owner.send("PUT", config, CHARTS),
    }


def test_codes(owner: User, project: str) -> None:
    """Fourteen kinds of invalid requests are answered with their statuses and codes, and change nothing."""
    owner.ask(200, "PUT", f"{project}/config", CHARTS, if_none_match="*")
    provoked = provoke(owner, project)
    faults = [fault for expected, answer in provoked.items() if (fault := fault_of(answer, *expected))]
    require_none(faults, of=len(provoked))
    loaded = owner.ask(200, "GET", f"{project}/config")
    require_equal([loaded.json["version"], loaded.json["config"]], [1, CHARTS], "the config", loaded)


def fault_of(answer: Answer, status: int, code: str) -> str:
    """Return what is wrong with a problem (RFC 9457); empty if nothing is."""
    if (answer.status, answer.code) != (status, code):
        return f"{answer.request}: expected {status} {code}, came {answer}"
    problem = answer.json
    if problem["status"] != status or problem["instance"] != answer.headers.get("x-request-id"):
        return f"{answer.request}: expected the status and the request's id in the problem {code}, came {answer}"
    return ""


def test_unknown_path(owner: User) -> None:
    """An unknown path is answered 404, with a token and without."""
    for path in ("/api/unknown", "/api", "/api/projects/x/unknown"):
        owner.send("GET", path).expect(404, "not-found")
        owner.deployment.send("GET", path).expect(404, "not-found")


def test_wrong_method(owner: User) -> None:
    """A method that a path does not support is answered 405, with those that it does in `Allow`."""
    answer = owner.send("DELETE", "/api/projects").expect(405, "method-not-allowed")
    allowed = {name.strip() for name in answer.header("allow").split(",")}
    require(holds={"GET", "POST"} <= allowed, otherwise="expected GET and POST in Allow", answer=answer)


def test_quota(owner: User, project: str, limits: dict[str, int]) -> None:
    """One draft more than the quota allows is answered 403 with what is used, and drafts that exist can be saved."""
    for number in range(limits["maxDrafts"]):
        owner.ask(200, "PUT", f"{project}/config?sessionId=tab-{number}", CHARTS, if_none_match="*")
    full = owner.send("PUT", f"{project}/config?sessionId=one-more", CHARTS, if_none_match="*")
    full.expect(403, "quota-exceeded")
    require_equal(full.json["limit"], limits["maxDrafts"], "the limit", full)
    owner.ask(200, "PUT", f"{project}/config?sessionId=tab-0", charts(title="Again"), if_match='"1"')
