"""CORS: which pages may call the API and reach the bucket.

Of API Gateway's own answers, such as 401, AWS documents no CORS headers, so none are expected.
"""

from typing import Final

from deployment.api import Answer, Deployment, UnexpectedError, User, require, require_none

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
SENT: Final = ("authorization", "content-type", "content-encoding", "idempotency-key", "if-match", "if-none-match")
READ: Final = {"etag", "location", "retry-after", "updated-by", "x-request-id"}
STRANGER: Final = "https://stranger.example"
CONFIG: Final = "/api/projects/verify-absent/config"
ALLOWED: Final = "access-control-allow-origin"


def names(answer: Answer, header: str) -> set[str]:
    return {name.strip().lower() for name in answer.headers.get(header, "").split(",")}


def asked(origin: str, method: str) -> dict[str, str]:
    """Return the headers of the preflight request that a browser sends before a client's request."""
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": ",".join(SENT),
    }


def refusal(answer: Answer, origin: str, method: str) -> str:
    """Return what a preflight response does not allow; empty if it allows everything."""
    if answer.status >= 300 or answer.headers.get(ALLOWED) != origin:
        return f"{method}: expected {origin} in {ALLOWED}, came {answer.headers.get(ALLOWED, 'nothing')} with {answer}"
    if method.lower() not in names(answer, "access-control-allow-methods"):
        return f"{method} is not in access-control-allow-methods"
    left = set(SENT) - names(answer, "access-control-allow-headers")
    return f"{method}: expected {', '.join(sorted(left))} in access-control-allow-headers" if left else ""


def test_preflight(deployment: Deployment, origin: str) -> None:
    """A page of ORIGIN may send every method and every header that the client sends."""
    answers = {each: deployment.send("OPTIONS", CONFIG, headers=asked(origin, each)) for each in METHODS}
    faults = [fault for method, answer in answers.items() if (fault := refusal(answer, origin, method))]
    require_none(faults, of=len(METHODS))


def test_stranger(deployment: Deployment, owner: User) -> None:
    """A page of another origin is not allowed to send requests, or to read answers."""
    preflight = deployment.send("OPTIONS", CONFIG, headers=asked(STRANGER, "PUT"))
    for answer in (preflight, owner.send("GET", "/api/limits", origin=STRANGER)):
        if allowed := answer.headers.get(ALLOWED):
            raise UnexpectedError(f"{answer.request}: expected no {ALLOWED}, came {allowed} in {answer}")


def test_answers(owner: User, project: str, origin: str) -> None:
    """A page of ORIGIN may read every answer of the service, errors included, and the headers that the client needs."""
    path = f"{project}/config"
    answers = [
        owner.send("GET", path, origin=origin).expect(200),
        owner.send("GET", CONFIG, origin=origin).expect(404),
        owner.send("PUT", path, {"chartCustomizations": {}}, origin=origin, if_match='"9"').expect(412),
        owner.send("PUT", path, {"charts": {}}, origin=origin, if_match='"0"').expect(422),
    ]
    for answer in answers:
        allowed = answer.headers.get(ALLOWED)
        require(holds=allowed == origin, otherwise=f"expected {origin} in {ALLOWED}, came {allowed}", answer=answer)
        left = READ - names(answer, "access-control-expose-headers")
        require(holds=not left, otherwise=f"expected {sorted(left)} to be exposed", answer=answer)


def test_credentials(deployment: Deployment, owner: User) -> None:
    """No answer allows every origin together with credentials."""
    for answer in (
        deployment.send("OPTIONS", CONFIG, headers=asked(STRANGER, "PUT")),
        owner.send("GET", "/api/limits", origin=STRANGER),
    ):
        both = answer.headers.get(ALLOWED) == "*" and answer.headers.get("access-control-allow-credentials") == "true"
        require(holds=not both, otherwise="expected no credentials for every origin", answer=answer)


def test_bucket(deployment: Deployment, owner: User, project: str, origin: str) -> None:
    """A page of ORIGIN may send files to the bucket by a form, and one of another origin may not; all may download."""
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    url = owner.ask(201, "POST", f"{project}/data/uploads", form).json["url"]
    # A browser that is redirected to the bucket from the API names the origin `null`.
    for method, page, is_allowed in (
        ("POST", origin, True),
        ("POST", STRANGER, False),
        ("GET", origin, True),
        ("GET", "null", True),
    ):
        headers = {"origin": page, "access-control-request-method": method}
        answer = deployment.bucket("OPTIONS", url, headers=headers)
        allowed = answer.status < 300 and answer.headers.get(ALLOWED) in {page, "*"}
        wanted = "allowed" if is_allowed else "refused"
        require(holds=allowed == is_allowed, otherwise=f"expected {method} from {page} to be {wanted}", answer=answer)
