"""Every error has one answer, and no answer says more than its client should know."""

import inspect
import json
from typing import Any

import pytest

from dashboard_store import errors
from dashboard_store.errors import FieldError
from dashboard_store.gateway.problems import PROBLEMS, problem

# The contract's list of problem codes (section 7), and the status of each.
SECTION_7 = {
    "malformed-json": 400,
    "invalid-precondition": 400,
    "unauthorized": 401,
    "not-found": 404,
    "method-not-allowed": 405,
    "project-exists": 409,
    "version-conflict": 412,
    "config-too-large": 413,
    "analysis-too-large": 413,
    "request-too-large": 413,
    "upload-too-large": 413,
    "unsupported-media-type": 415,
    "invalid-config": 422,
    "invalid-data": 422,
    "invalid-project": 422,
    "invalid-query": 422,
    "unsafe-text": 422,
    "precondition-required": 428,
    "rate-limited": 429,
    "internal-error": 500,
    "storage-unavailable": 503,
}

EXAMPLES: list[tuple[errors.StoreError, str]] = [
    (errors.MalformedJson("m"), "malformed-json"),
    (errors.InvalidPrecondition("p"), "invalid-precondition"),
    (errors.InvalidConfig("c"), "invalid-config"),
    (errors.InvalidData("d"), "invalid-data"),
    (errors.InvalidProject("p"), "invalid-project"),
    (errors.InvalidQuery("q"), "invalid-query"),
    (errors.UnsafeText([]), "unsafe-text"),
    (errors.UnsupportedMediaType("u"), "unsupported-media-type"),
    (errors.ConfigTooLarge(limit_bytes=1, actual_bytes=2, largest=[]), "config-too-large"),
    (errors.AnalysisTooLarge("a", limit_bytes=1), "analysis-too-large"),
    (errors.RequestTooLarge("r", limit_bytes=1), "request-too-large"),
    (errors.UploadTooLarge("u", limit_bytes=1), "upload-too-large"),
    (errors.Unauthorized("u"), "unauthorized"),
    (errors.NotFound("n"), "not-found"),
    (errors.NoRoute("n"), "not-found"),
    (errors.MethodNotAllowed(["GET"]), "method-not-allowed"),
    (errors.ProjectExists("p"), "project-exists"),
    (errors.PreconditionRequired({"currentVersion": 7}), "precondition-required"),
    (errors.VersionConflict("v", {"currentVersion": 7}), "version-conflict"),
    (errors.RateLimited(120, 17), "rate-limited"),
    (errors.StorageUnavailable("s"), "storage-unavailable"),
]


def answered(error: Exception) -> dict[str, Any]:
    answer = problem(error, "request-1", None)
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.body or "")
    assert document["status"] == answer.status_code
    return document


@pytest.mark.parametrize(("error", "code"), EXAMPLES, ids=[type(error).__name__ for error, _ in EXAMPLES])
def test_every_error_has_its_code_and_status(error: errors.StoreError, code: str) -> None:
    """An error answers the code and the status of section 7, its own words, and the id of the request."""
    document = answered(error)
    assert document["type"] == f"urn:problem:{code}"
    assert document["status"] == SECTION_7[code]
    assert document["detail"] == str(error)
    assert document["instance"] == "request-1"
    assert document["title"]


def test_every_kind_of_error_is_among_the_examples() -> None:
    """An error that is added to the tree without an answer would be an internal error: this test names it."""
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.StoreError)}
    leaves = {kind for kind in kinds if not kinds.intersection(kind.__subclasses__())}
    assert leaves == {type(error) for error, _ in EXAMPLES}


def test_no_code_is_answered_that_the_contract_does_not_list() -> None:
    """Clients decide by codes: each stands in section 7 with its status."""
    assert {(code, status) for status, code, _ in PROBLEMS.values()} <= set(SECTION_7.items())


def test_an_error_without_a_row_answers_like_its_family() -> None:
    """A narrower error needs no row of its own."""

    class Narrower(errors.InvalidData):
        pass

    assert answered(Narrower("n"))["type"] == "urn:problem:invalid-data"


@pytest.mark.parametrize(
    "defect",
    [
        pytest.param(Exception("secret"), id="Exception"),
        pytest.param(KeyError("secret"), id="KeyError"),
        pytest.param(ExceptionGroup("secret", [ValueError("secret")]), id="ExceptionGroup"),
    ],
)
def test_a_defect_says_nothing_of_itself(defect: Exception) -> None:
    """What went wrong inside is for the log; the answer has the id by which to find it there."""
    defect.__cause__ = ValueError("secret")
    document = answered(defect)
    assert (document["type"], document["status"]) == ("urn:problem:internal-error", 500)
    assert document["instance"] == "request-1"
    assert "secret" not in json.dumps(document)


class TestWhatAnErrorCarries:
    def test_faults_are_told_in_order(self) -> None:
        """Invalid input names its places under `errors`; without places there is no empty list."""
        faults = [FieldError("/b/0", "one"), FieldError("/a~1b", "two")]
        assert answered(errors.InvalidConfig("c", faults))["errors"] == [
            {"pointer": "/b/0", "message": "one"},
            {"pointer": "/a~1b", "message": "two"},
        ]
        assert "errors" not in answered(errors.InvalidConfig("c"))

    def test_a_config_too_large_tells_sizes_and_parts(self) -> None:
        """A client that is over the limit learns by how much, and where."""
        document = answered(errors.ConfigTooLarge(limit_bytes=10, actual_bytes=12, largest=[("/c", 9), ("/d", 1)]))
        assert (document["limitBytes"], document["actualBytes"]) == (10, 12)
        assert document["largest"] == [{"pointer": "/c", "bytes": 9}, {"pointer": "/d", "bytes": 1}]

    def test_a_size_that_was_never_known_is_left_out(self) -> None:
        """Reading stopped at the limit: the answer does not invent a number."""
        document = answered(errors.RequestTooLarge("r", limit_bytes=10))
        assert document["limitBytes"] == 10
        assert "actualBytes" not in document

    @pytest.mark.parametrize("current", [{"currentVersion": 7, "current": {"a": [1]}}, {"currentVersion": 0}])
    def test_a_conflict_brings_what_resolves_it(self, current: dict[str, Any]) -> None:
        """What is there now stands in the refusal itself, so that no further request is needed."""
        assert current.items() <= answered(errors.VersionConflict("v", current)).items()
        assert current.items() <= answered(errors.PreconditionRequired(current)).items()

    def test_the_allowed_methods_are_named(self) -> None:
        """RFC 9110, section 15.5.6: a 405 has the header Allow."""
        answer = problem(errors.MethodNotAllowed(["GET", "PUT"]), "r", None)
        assert answer.headers["Allow"] == "GET, PUT"

    def test_the_time_to_wait_is_named(self) -> None:
        """A 503 and a 429 say after how many seconds a retry may work."""
        assert problem(errors.RateLimited(120, 17), "r", None).headers["Retry-After"] == "17"
        assert problem(errors.StorageUnavailable("s", 3), "r", None).headers["Retry-After"] == "3"

    def test_no_error_is_kept_by_a_cache(self) -> None:
        """An error is true of one moment only."""
        for error, _ in EXAMPLES:
            assert problem(error, "r", None).headers["Cache-Control"] == "no-store"
