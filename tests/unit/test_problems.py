"""Every error maps to one response, and no response reveals more than its client may know."""

import inspect
import json
from typing import Any

import pytest
from support.project.contract import STATUSES

from dashboard_store import errors
from dashboard_store.errors import FieldError
from dashboard_store.gateway.problems import PROBLEMS, problem

SAVED_AT = "2026-03-01T23:59:59.999Z"

EXAMPLES: list[tuple[errors.StoreError, str]] = [
    (errors.MalformedJson("m"), "malformed-json"),
    (errors.InvalidPrecondition("p"), "invalid-precondition"),
    (errors.InvalidConfig("c"), "invalid-config"),
    (errors.InvalidData("d"), "invalid-data"),
    (errors.InvalidMessage("m"), "invalid-message"),
    (errors.InvalidProject("p"), "invalid-project"),
    (errors.InvalidQuery("q"), "invalid-query"),
    (errors.UnsafeText([]), "unsafe-text"),
    (errors.UnsupportedMediaType("u"), "unsupported-media-type"),
    (errors.ConfigTooLarge(limit_bytes=1, actual_bytes=2, largest=[]), "config-too-large"),
    (errors.AnalysisTooLarge("a", limit_bytes=1), "analysis-too-large"),
    (errors.RequestTooLarge("r", limit_bytes=1), "request-too-large"),
    (errors.UploadTooLarge("u", limit_bytes=1), "upload-too-large"),
    (errors.Unauthorized("u"), "unauthorized"),
    (errors.Forbidden("f"), "forbidden"),
    (errors.NotFound("n"), "not-found"),
    (errors.NoProject(), "not-found"),
    (errors.NoRoute("n"), "not-found"),
    (errors.MethodNotAllowed(["GET"]), "method-not-allowed"),
    (errors.ProjectExists("p"), "project-exists"),
    (errors.PreconditionRequired(7), "precondition-required"),
    (errors.VersionConflict("v", version=7, document={}), "version-conflict"),
    (
        errors.ConfigConflict(
            version=7, document={}, base=5, updated_at=SAVED_AT, updated_by=None, source="ai", conflicts=None
        ),
        "version-conflict",
    ),
    (errors.DatasetConflict(version=7, document={}, base=5, updated_at=SAVED_AT), "version-conflict"),
    (errors.AnalysisConflict(version=7, analysis_version=3, document={}, updated_at=SAVED_AT), "version-conflict"),
    (errors.QuotaExceeded("q", used=7, limit=7), "quota-exceeded"),
    (errors.InvalidSharing("s"), "invalid-sharing"),
    (errors.Gone("g"), "gone"),
    (errors.RateLimited("writes", 120, 17), "rate-limited"),
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
    """Return the members of a problem other than those that every problem has."""
    common = {"type", "title", "status", "detail", "instance"}
    return {name: value for name, value in rendered(error).items() if name not in common}


@pytest.mark.parametrize(("error", "code"), EXAMPLES, ids=[type(error).__name__ for error, _ in EXAMPLES])
def test_every_error_has_its_code_and_status(error: errors.StoreError, code: str) -> None:
    """A problem has the code and status of section 7, the error's own text, and the id of the request."""
    document = rendered(error)
    assert document["type"] == f"urn:problem:{code}"
    assert document["status"] == STATUSES[code]
    assert document["detail"] == str(error)
    assert document["instance"] == "request-1"
    assert document["title"]


def test_every_kind_of_error_is_among_the_examples() -> None:
    """Every leaf of the error tree has an example: an error without a response would be an internal error."""
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.StoreError)}
    leaves = {kind for kind in kinds if not kinds.intersection(kind.__subclasses__())}
    # These two have subclasses and are raised themselves as well.
    assert leaves | {errors.NotFound, errors.VersionConflict} == {type(error) for error, _ in EXAMPLES}


def test_no_code_is_sent_that_the_contract_does_not_list() -> None:
    """Clients branch on codes: each is listed in section 7 with its status."""
    assert {(code, status) for status, code, _ in PROBLEMS.values()} <= set(STATUSES.items())


def test_an_error_without_a_row_uses_its_parents() -> None:
    """A subclass needs no row of its own."""

    class Narrower(errors.InvalidData):
        pass

    assert rendered(Narrower("n"))["type"] == "urn:problem:invalid-data"


def test_all_404s_look_alike() -> None:
    """A 404 does not reveal whether a project exists: its code and title are the same for every cause."""
    titles = {rendered(error)["title"] for error in (errors.NotFound("n"), errors.NoProject(), errors.NoRoute("n"))}
    assert titles == {"Not found"}


@pytest.mark.parametrize(
    "defect",
    [
        pytest.param(Exception("secret"), id="Exception"),
        pytest.param(KeyError("secret"), id="KeyError"),
        pytest.param(ExceptionGroup("secret", [ValueError("secret")]), id="ExceptionGroup"),
    ],
)
def test_a_defect_is_not_described(defect: Exception) -> None:
    """The response says nothing about an internal error but the id under which it is logged."""
    defect.__cause__ = ValueError("secret")
    document = rendered(defect)
    assert (document["type"], document["status"]) == ("urn:problem:internal-error", 500)
    assert document["instance"] == "request-1"
    assert "secret" not in json.dumps(document)


class TestMembers:
    def test_field_errors_keep_their_order(self) -> None:
        """Invalid input lists its pointers under `errors`; without any, the member is left out."""
        found = [FieldError("/b/0", "one"), FieldError("/a~1b", "two")]
        assert rendered(errors.InvalidConfig("c", found))["errors"] == [
            {"pointer": "/b/0", "message": "one"},
            {"pointer": "/a~1b", "message": "two"},
        ]
        assert "errors" not in rendered(errors.InvalidConfig("c"))

    def test_field_errors_end(self) -> None:
        """At most twenty errors are listed, and the middle of a long pointer or message is left out."""
        found = [FieldError(f"/{'<' * 250_000}/{number}", f"{'<' * 250_000}{number}.") for number in range(40)]
        response = problem(errors.InvalidConfig("c", found), "r")
        shown = json.loads(response.body)["errors"]
        assert len(response.body) < 1_000_000
        assert len(shown) == 20
        assert [each["pointer"][:3] + each["pointer"][-4:] for each in shown[::19]] == ["/<<<</0", "/<<</19"]
        assert [each["message"][-4:] for each in shown[::19]] == ["<<0.", "<19."]

    def test_conflicts_end(self) -> None:
        """At most a hundred conflicts are listed; a list that is not complete says so and how many there are."""
        places = [f"/{number}" for number in range(101)]
        error = errors.ConfigConflict(
            version=7, document={}, base=5, updated_at=SAVED_AT, updated_by=None, source="ai", conflicts=places
        )
        shown = members(error)
        assert (shown["conflicts"], shown["truncated"], shown["conflictCount"]) == (places[:100], True, 101)

    def test_a_config_too_large_has_sizes_and_largest_parts(self) -> None:
        """A client over the limit learns by how much, and which parts are the largest."""
        document = rendered(errors.ConfigTooLarge(limit_bytes=10, actual_bytes=12, largest=[("/c", 9), ("/d", 1)]))
        assert (document["limitBytes"], document["actualBytes"]) == (10, 12)
        assert document["largest"] == [{"pointer": "/c", "bytes": 9}, {"pointer": "/d", "bytes": 1}]
        long = errors.ConfigTooLarge(limit_bytes=10, actual_bytes=12, largest=[(f"/{'<' * 250_000}c", 9)] * 5)
        assert len(problem(long, "r").body) < 1_000_000
        assert rendered(long)["largest"][0]["pointer"].endswith("<c")

    def test_an_unknown_size_is_left_out(self) -> None:
        """Where reading stopped at the limit, the response has no actual size."""
        document = rendered(errors.RequestTooLarge("r", limit_bytes=10))
        assert document["limitBytes"] == 10
        assert "actualBytes" not in document

    @pytest.mark.parametrize("document", [{"a": [1]}, None], ids=["a document", "none"])
    def test_a_conflict_includes_the_newest_version(self, document: Any) -> None:
        """The response has everything needed to resolve the conflict without another request."""
        conflict = errors.VersionConflict("v", version=7, document=document, base=5)
        assert members(conflict) == {"currentVersion": 7, "current": document, "baseVersion": 5}
        assert rendered(conflict)["detail"] == "v"
        assert members(errors.PreconditionRequired(7)) == {"currentVersion": 7}
        assert members(errors.PreconditionRequired(0)) == {"currentVersion": 0}

    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "no version or several"])
    def test_a_project_conflict_includes_the_project(self, base: int | None) -> None:
        """`current` is the project with its dates; `baseVersion` is null unless one version was named."""
        conflict = errors.VersionConflict("v", version=7, document={"name": "P"}, base=base)
        assert members(conflict) == {"currentVersion": 7, "current": {"name": "P"}, "baseVersion": base}

    @pytest.mark.parametrize(
        ("conflicts", "more"),
        [
            pytest.param(("/theme", "/filters/0"), {"conflicts": ["/theme", "/filters/0"]}, id="conflicts"),
            pytest.param((), {"conflicts": []}, id="no conflicts"),
            pytest.param(None, {}, id="nothing to compare"),
        ],
    )
    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "no version or several"])
    def test_a_config_conflict_includes_the_origin_of_the_newest_version(
        self, conflicts: tuple[str, ...] | None, more: dict[str, Any], base: int | None
    ) -> None:
        """The response has the newest version's date and source, and what both sides changed where that is known."""
        conflict = errors.ConfigConflict(
            version=7,
            document={"theme": "dark"},
            base=base,
            updated_at=SAVED_AT,
            updated_by=None,
            source="ai",
            conflicts=conflicts,
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

    def test_a_conflict_with_a_config_that_was_never_saved(self) -> None:
        """Version 0 has no document, date or source: the members are present and null."""
        conflict = errors.ConfigConflict(
            version=0, document=None, base=5, updated_at=None, updated_by=None, source=None, conflicts=None
        )
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
    @pytest.mark.parametrize("base", [5, None], ids=["one version named", "no version or several"])
    def test_a_data_conflict_includes_the_schema(
        self, version: int, schema: Any, updated_at: str | None, base: int | None
    ) -> None:
        """`current` is the schema of the newest table, because the table itself may be large."""
        conflict = errors.DatasetConflict(version=version, document=schema, base=base, updated_at=updated_at)
        assert members(conflict) == {
            "currentVersion": version,
            "current": schema,
            "updatedAt": updated_at,
            "baseVersion": base,
        }
        assert rendered(conflict)["detail"] == f"The data is at version {version}."

    @pytest.mark.parametrize(("version", "analysis"), [(3, {"a": 1}), (0, None)], ids=["an analysis", "none"])
    def test_an_analysis_conflict_includes_both_versions(self, version: int, analysis: Any) -> None:
        """An analysis belongs to a table, so the response has both versions, and no single base."""
        conflict = errors.AnalysisConflict(version=7, analysis_version=version, document=analysis, updated_at=SAVED_AT)
        assert members(conflict) == {
            "currentVersion": 7,
            "currentAnalysisVersion": version,
            "current": analysis,
            "updatedAt": SAVED_AT,
        }
        assert rendered(conflict)["detail"] == f"The data is at version 7 with analysis {version}."

    @pytest.mark.parametrize("analysis_version", [0, 3])
    def test_a_missing_precondition_of_an_analysis_includes_both_versions(self, analysis_version: int) -> None:
        """The response has both versions that the precondition could have named, even an analysis at version 0."""
        assert members(errors.PreconditionRequired(7, analysis_version)) == {
            "currentVersion": 7,
            "currentAnalysisVersion": analysis_version,
        }

    def test_a_problem_is_safe_in_a_page(self) -> None:
        """Whatever a document holds, the response is safe to embed in a page and parses to the same values."""
        conflict = errors.VersionConflict("</script>", version=7, document={"a": "</script>"})
        assert b"<" not in problem(conflict, "r").body
        assert rendered(conflict)["current"] == {"a": "</script>"}

    def test_a_text_that_cannot_be_encoded_is_escaped(self) -> None:
        """A lone surrogate in an error's text is escaped, so that the response can still be sent."""
        assert rendered(errors.NotFound("No version \ud800."))["detail"] == r"No version \ud800."

    def test_the_allowed_methods_are_listed(self) -> None:
        """A 405 has the header Allow (RFC 9110, section 15.5.6)."""
        response = problem(errors.MethodNotAllowed(["GET", "PUT"]), "r")
        assert response.headers["Allow"] == "GET, PUT"

    def test_the_time_to_wait_is_sent(self) -> None:
        """A 503 and a 429 say after how many seconds a retry may succeed."""
        assert problem(errors.RateLimited("writes", 120, 17), "r").headers["Retry-After"] == "17"
        assert problem(errors.StorageUnavailable("s", 3), "r").headers["Retry-After"] == "3"

    def test_no_error_is_cached(self) -> None:
        """Every error has `Cache-Control: no-store`, because it is true for one moment only."""
        for error, _ in EXAMPLES:
            assert problem(error, "r").headers["Cache-Control"] == "no-store"
