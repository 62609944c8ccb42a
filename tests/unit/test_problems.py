"""Every error has one response, and no response says more than its client should know."""

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

SAVED_AT = "2026-03-01T23:59:59.999Z"

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
    (errors.NoProject(), "not-found"),
    (errors.NoRoute("n"), "not-found"),
    (errors.MethodNotAllowed(["GET"]), "method-not-allowed"),
    (errors.ProjectExists("p"), "project-exists"),
    (errors.PreconditionRequired(7), "precondition-required"),
    (errors.VersionConflict("v", version=7, document={}), "version-conflict"),
    (
        errors.ConfigConflict(version=7, document={}, base=5, updated_at=SAVED_AT, source="ai", conflicts=None),
        "version-conflict",
    ),
    (errors.DatasetConflict(version=7, document={}, base=5, updated_at=SAVED_AT), "version-conflict"),
    (errors.AnalysisConflict(version=7, analysis_version=3, document={}, updated_at=SAVED_AT), "version-conflict"),
    (errors.RateLimited(120, 17), "rate-limited"),
    (errors.StorageUnavailable("s"), "storage-unavailable"),
]


def rendered(error: Exception) -> dict[str, Any]:
    response = problem(error, "request-1")
    assert response.media_type == "application/problem+json"
    document: dict[str, Any] = json.loads(response.body)
    assert document["status"] == response.status
    assert document["type"] == f"urn:problem:{response.outcome}"
    return document


def members(error: Exception) -> dict[str, Any]:
    """What a problem has beside the members that all of them have."""
    common = {"type", "title", "status", "detail", "instance"}
    return {name: value for name, value in rendered(error).items() if name not in common}


@pytest.mark.parametrize(("error", "code"), EXAMPLES, ids=[type(error).__name__ for error, _ in EXAMPLES])
def test_every_error_has_its_code_and_status(error: errors.StoreError, code: str) -> None:
    """A problem has the code and the status of section 7, the error's own text, and the id of the request."""
    document = rendered(error)
    assert document["type"] == f"urn:problem:{code}"
    assert document["status"] == SECTION_7[code]
    assert document["detail"] == str(error)
    assert document["instance"] == "request-1"
    assert document["title"]


def test_every_kind_of_error_is_among_the_examples() -> None:
    """An error that is added to the tree without a response would be an internal error: this test names it."""
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.StoreError)}
    leaves = {kind for kind in kinds if not kinds.intersection(kind.__subclasses__())}
    # These two are families, and raised themselves besides.
    assert leaves | {errors.NotFound, errors.VersionConflict} == {type(error) for error, _ in EXAMPLES}


def test_no_code_is_sent_that_the_contract_does_not_list() -> None:
    """Clients decide by codes: each stands in section 7 with its status."""
    assert {(code, status) for status, code, _ in PROBLEMS.values()} <= set(SECTION_7.items())


def test_an_error_without_a_row_has_that_of_its_family() -> None:
    """A narrower error needs no row of its own."""

    class Narrower(errors.InvalidData):
        pass

    assert rendered(Narrower("n"))["type"] == "urn:problem:invalid-data"


def test_what_is_absent_and_what_has_no_route_look_alike() -> None:
    """Nobody learns from a 404 whether there is a project: its code and title are those of any other."""
    titles = {rendered(error)["title"] for error in (errors.NotFound("n"), errors.NoProject(), errors.NoRoute("n"))}
    assert titles == {"There is nothing here"}


@pytest.mark.parametrize(
    "defect",
    [
        pytest.param(Exception("secret"), id="Exception"),
        pytest.param(KeyError("secret"), id="KeyError"),
        pytest.param(ExceptionGroup("secret", [ValueError("secret")]), id="ExceptionGroup"),
    ],
)
def test_a_defect_says_nothing_of_itself(defect: Exception) -> None:
    """What went wrong inside is for the log; the response has the id by which to find it there."""
    defect.__cause__ = ValueError("secret")
    document = rendered(defect)
    assert (document["type"], document["status"]) == ("urn:problem:internal-error", 500)
    assert document["instance"] == "request-1"
    assert "secret" not in json.dumps(document)


class TestWhatAnErrorCarries:
    def test_field_errors_keep_their_order(self) -> None:
        """Invalid input names its places under `errors`; without places there is no empty list."""
        found = [FieldError("/b/0", "one"), FieldError("/a~1b", "two")]
        assert rendered(errors.InvalidConfig("c", found))["errors"] == [
            {"pointer": "/b/0", "message": "one"},
            {"pointer": "/a~1b", "message": "two"},
        ]
        assert "errors" not in rendered(errors.InvalidConfig("c"))

    def test_a_config_too_large_tells_sizes_and_parts(self) -> None:
        """A client that is over the limit learns by how much, and where."""
        document = rendered(errors.ConfigTooLarge(limit_bytes=10, actual_bytes=12, largest=[("/c", 9), ("/d", 1)]))
        assert (document["limitBytes"], document["actualBytes"]) == (10, 12)
        assert document["largest"] == [{"pointer": "/c", "bytes": 9}, {"pointer": "/d", "bytes": 1}]

    def test_a_size_that_was_never_known_is_left_out(self) -> None:
        """Reading stopped at the limit: the response does not invent a number."""
        document = rendered(errors.RequestTooLarge("r", limit_bytes=10))
        assert document["limitBytes"] == 10
        assert "actualBytes" not in document

    @pytest.mark.parametrize("document", [{"a": [1]}, None], ids=["a document", "none"])
    def test_a_conflict_brings_what_resolves_it(self, document: Any) -> None:
        """The newest version stands in the response itself, so that no further request is needed."""
        conflict = errors.VersionConflict("v", version=7, document=document, base=5)
        assert members(conflict) == {"currentVersion": 7, "current": document, "baseVersion": 5}
        assert rendered(conflict)["detail"] == "v"
        assert members(errors.PreconditionRequired(7)) == {"currentVersion": 7}
        assert members(errors.PreconditionRequired(0)) == {"currentVersion": 0}

    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "none or several"])
    def test_a_conflict_of_a_project_brings_the_project(self, base: int | None) -> None:
        """`current` is the project with its dates; `baseVersion` is null unless one version was named."""
        conflict = errors.VersionConflict("v", version=7, document={"name": "P"}, base=base)
        assert members(conflict) == {"currentVersion": 7, "current": {"name": "P"}, "baseVersion": base}

    @pytest.mark.parametrize(
        ("conflicts", "more"),
        [
            pytest.param(("/theme", "/filters/0"), {"conflicts": ["/theme", "/filters/0"]}, id="conflicts"),
            pytest.param((), {"conflicts": []}, id="no conflicts"),
            pytest.param(None, {}, id="nothing to compare with"),
        ],
    )
    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "none or several"])
    def test_a_conflict_of_a_config_brings_how_it_came(
        self, conflicts: tuple[str, ...] | None, more: dict[str, Any], base: int | None
    ) -> None:
        """When and how the newest version came, and what both sides changed, left out where that is not known."""
        conflict = errors.ConfigConflict(
            version=7, document={"theme": "dark"}, base=base, updated_at=SAVED_AT, source="ai", conflicts=conflicts
        )
        assert members(conflict) == {
            "currentVersion": 7,
            "current": {"theme": "dark"},
            "updatedAt": SAVED_AT,
            "source": "ai",
            "baseVersion": base,
            **more,
        }
        assert rendered(conflict)["detail"] == "The config is at version 7."

    def test_a_conflict_of_a_config_that_was_never_saved_says_so(self) -> None:
        """Version 0 has no document, no date and no source: the members are there, and null."""
        conflict = errors.ConfigConflict(version=0, document=None, base=5, updated_at=None, source=None, conflicts=None)
        assert members(conflict) == {
            "currentVersion": 0,
            "current": None,
            "updatedAt": None,
            "source": None,
            "baseVersion": 5,
        }

    @pytest.mark.parametrize(
        ("version", "schema", "updated_at"), [(7, {"columns": []}, SAVED_AT), (0, None, None)], ids=["a table", "none"]
    )
    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "none or several"])
    def test_a_conflict_of_data_brings_the_schema(
        self, version: int, schema: Any, updated_at: str | None, base: int | None
    ) -> None:
        """The schema of the newest table, which may be large, stands for the table itself."""
        conflict = errors.DatasetConflict(version=version, document=schema, base=base, updated_at=updated_at)
        assert members(conflict) == {
            "currentVersion": version,
            "current": schema,
            "updatedAt": updated_at,
            "baseVersion": base,
        }
        assert rendered(conflict)["detail"] == f"The data is at version {version}."

    @pytest.mark.parametrize(("version", "analysis"), [(3, {"a": 1}), (0, None)], ids=["an analysis", "none"])
    def test_a_conflict_of_an_analysis_brings_both_versions(self, version: int, analysis: Any) -> None:
        """An analysis belongs to a table, so both versions are there; what was named is two, so there is no base."""
        conflict = errors.AnalysisConflict(version=7, analysis_version=version, document=analysis, updated_at=SAVED_AT)
        assert members(conflict) == {
            "currentVersion": 7,
            "currentAnalysisVersion": version,
            "current": analysis,
            "updatedAt": SAVED_AT,
        }
        assert rendered(conflict)["detail"] == f"The data is at version 7 with analysis {version}."

    @pytest.mark.parametrize("analysis_version", [0, 3])
    def test_a_missing_precondition_of_an_analysis_brings_both_versions(self, analysis_version: int) -> None:
        """The response has all that the precondition could have named, an analysis at version 0 included."""
        assert members(errors.PreconditionRequired(7, analysis_version)) == {
            "currentVersion": 7,
            "currentAnalysisVersion": analysis_version,
        }

    def test_a_problem_is_safe_in_a_page(self) -> None:
        """Whatever a document holds, the response can stand in a page, and is JSON of the same values."""
        conflict = errors.VersionConflict("</script>", version=7, document={"a": "</script>"})
        assert b"<" not in problem(conflict, "r").body
        assert rendered(conflict)["current"] == {"a": "</script>"}

    def test_a_text_that_cannot_be_encoded_is_spelled_out(self) -> None:
        """Half of a surrogate pair in an error's text does not keep the response from being sent."""
        assert rendered(errors.NotFound("There is no version \ud800."))["detail"] == r"There is no version \ud800."

    def test_the_allowed_methods_are_named(self) -> None:
        """RFC 9110, section 15.5.6: a 405 has the header Allow."""
        response = problem(errors.MethodNotAllowed(["GET", "PUT"]), "r")
        assert response.headers["Allow"] == "GET, PUT"

    def test_the_time_to_wait_is_named(self) -> None:
        """A 503 and a 429 say after how many seconds a retry may work."""
        assert problem(errors.RateLimited(120, 17), "r").headers["Retry-After"] == "17"
        assert problem(errors.StorageUnavailable("s", 3), "r").headers["Retry-After"] == "3"

    def test_no_error_is_kept_by_a_cache(self) -> None:
        """An error is true of one moment only."""
        for error, _ in EXAMPLES:
            assert problem(error, "r").headers["Cache-Control"] == "no-store"
