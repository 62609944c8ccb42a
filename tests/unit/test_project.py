"""What a valid project is, and what a patch may change in it."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import patched, read_new_project
from dashboard_store.errors import BadInput, ConfigTooLarge, InvalidConfig, InvalidProject
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
PROJECT = Project("Sales", "By region", {"fileInfo": {"name": "sales.csv", "rows": 12}, "tags": ["eu"]})


def new(**members: Any) -> dict[str, Any]:
    return {"name": "Sales", **members}


def file_info(size: int) -> dict[str, str]:
    """Make a fileInfo whose compact JSON has exactly this many bytes in UTF-8."""
    count, rest = divmod(size - len('{"é":""}'.encode()), 2)
    return {"é": "é" * count + "x" * rest}


def pointers(refused: pytest.ExceptionInfo[BadInput]) -> list[str]:
    return [each.pointer for each in refused.value.field_errors]


class TestNewProjects:
    def test_a_name_is_enough(self) -> None:
        """Only the name is required; the rest is empty, and the service generates the id."""
        made = read_new_project({"name": "Sales"}, SETTINGS)
        assert (made.project, made.id, made.config) == (Project("Sales", "", {}), None, None)

    def test_all_members_are_kept(self) -> None:
        """All members are kept unchanged; the first config is separated from the settings."""
        info = {"name": "sales.csv", "size": 2**70, "nested": [{"z": 1, "a": None}]}
        charts: dict[str, Any] = {"chartCustomizations": {"c": {}}}
        made = read_new_project(
            new(id="p-1_A", description="d", settings={"tags": [], "fileInfo": info, "dashboardConfig": charts}),
            SETTINGS,
        )
        assert made.project == Project("Sales", "d", {"fileInfo": info, "tags": []})
        assert made.id == "p-1_A"
        assert made.config
        assert made.config.document == charts

    def test_the_first_config_may_be_null(self) -> None:
        """`dashboardConfig: null` creates no config."""
        made = read_new_project(new(settings={"dashboardConfig": None}), SETTINGS)
        assert (made.config, made.project.settings) == (None, {})

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(new(name="n"), id="a name of 1"),
            pytest.param(new(name="\N{GRINNING FACE}" * 200), id="a name of 200"),
            pytest.param(new(id="x"), id="an id of 1"),
            pytest.param(new(id="Az09_-" + "x" * 122), id="an id of 128"),
            pytest.param(new(description="d" * 2_000), id="a description of 2,000"),
            pytest.param(new(settings={"tags": ["t" * 100] * 50}), id="50 tags of 100"),
            pytest.param(new(settings={"fileInfo": file_info(8_192)}), id="fileInfo of 8,192 bytes"),
        ],
    )
    def test_values_at_their_limits_are_accepted(self, document: dict[str, Any]) -> None:
        """A value of exactly its limit is accepted and kept in full."""
        made = read_new_project(document, SETTINGS)
        kept = made.project.as_document() | {"id": made.id}
        assert {name: kept[name] for name in document} == document

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param({}, "/name", id="no name"),
            pytest.param(new(name=""), "/name", id="an empty name"),
            pytest.param(new(name=" \t\u00a0"), "/name", id="a name of spaces"),
            pytest.param(new(name="n" * 201), "/name", id="a name of 201"),
            pytest.param(new(name=1), "/name", id="a number as name"),
            pytest.param(new(name="a\0"), "/name", id="NUL in the name"),
            pytest.param(new(id=""), "/id", id="an empty id"),
            pytest.param(new(id="x" * 129), "/id", id="an id of 129"),
            pytest.param(new(id="a b"), "/id", id="a space in the id"),
            pytest.param(new(id="é"), "/id", id="a letter beyond ASCII in the id"),
            pytest.param(new(id="../x"), "/id", id="a path as id"),
            pytest.param(new(id="x\n"), "/id", id="a line break in the id"),
            pytest.param(new(id=7), "/id", id="a number as id"),
            pytest.param(new(description="d" * 2_001), "/description", id="a description of 2,001"),
            pytest.param(new(description=None), "/description", id="null as description"),
            pytest.param(new(settings=[]), "/settings", id="settings in a list"),
            pytest.param(new(settings={"tags": ["t"] * 51}), "/settings/tags", id="51 tags"),
            pytest.param(new(settings={"tags": ["t", ""]}), "/settings/tags/1", id="an empty tag"),
            pytest.param(new(settings={"tags": ["t" * 101]}), "/settings/tags/0", id="a tag of 101"),
            pytest.param(new(settings={"tags": [1]}), "/settings/tags/0", id="a number as tag"),
            pytest.param(new(settings={"fileInfo": []}), "/settings/fileInfo", id="fileInfo in a list"),
            pytest.param(
                new(settings={"fileInfo": file_info(8_193)}), "/settings/fileInfo", id="fileInfo of 8,193 bytes"
            ),
            pytest.param(new(settings={"a/b": 1}), "/settings/a~1b", id="an unknown setting"),
            pytest.param(new(userId="u"), "/userId", id="an unknown member"),
        ],
    )
    def test_an_invalid_project_is_refused_with_the_place(self, document: Any, place: str) -> None:
        """A member of the wrong type or over its limit is named by its pointer."""
        with pytest.raises(InvalidProject) as refused:
            read_new_project(document, SETTINGS)
        assert pointers(refused) == [place]

    @pytest.mark.parametrize(
        ("config", "place"),
        [
            pytest.param("dark", "", id="a string"),
            pytest.param({"chartCustomizations": {"c": 1}}, "/chartCustomizations/c", id="a number as chart"),
            pytest.param({"chartCustomizations": {}, "x": "\0"}, "/x", id="NUL"),
        ],
    )
    def test_an_invalid_first_config_is_named_within_the_body(self, config: Any, place: str) -> None:
        """The first config is checked like any other, with pointers from the body's root."""
        with pytest.raises(InvalidConfig) as refused:
            read_new_project(new(settings={"dashboardConfig": config}), SETTINGS)
        assert pointers(refused) == [f"/settings/dashboardConfig{place}"]

    def test_a_first_config_is_limited_like_any_other(self) -> None:
        """The limits on a config's size and depth also apply if it is sent with its project."""
        body = new(settings={"dashboardConfig": {"chartCustomizations": {"c": {"t": "x" * 100}}}})
        assert read_new_project(body, replace(SETTINGS, max_depth=3)).config
        with pytest.raises(ConfigTooLarge) as refused:
            read_new_project(body, replace(SETTINGS, max_config_bytes=100))
        assert refused.value.largest[0][0] == "/settings/dashboardConfig/chartCustomizations/c"


class TestPatches:
    @pytest.mark.parametrize(
        ("patch", "expected"),
        [
            pytest.param({}, PROJECT, id="nothing"),
            pytest.param({"name": "Costs"}, replace(PROJECT, name="Costs"), id="the name"),
            pytest.param({"description": None}, replace(PROJECT, description=""), id="the description removed"),
            pytest.param({"settings": None}, replace(PROJECT, settings={}), id="the settings removed"),
            pytest.param(
                {"settings": {"tags": None}},
                replace(PROJECT, settings={"fileInfo": {"name": "sales.csv", "rows": 12}}),
                id="the tags removed",
            ),
            pytest.param(
                {"settings": {"fileInfo": {"rows": None, "size": 9}, "tags": ["us"]}},
                replace(PROJECT, settings={"fileInfo": {"name": "sales.csv", "size": 9}, "tags": ["us"]}),
                id="inside fileInfo, and other tags",
            ),
        ],
    )
    def test_a_patch_changes_what_it_names(self, patch: dict[str, Any], expected: Project) -> None:
        """Null removes a member, objects are merged, arrays replaced, and all else is unchanged (RFC 7396)."""
        assert patched(PROJECT, patch, SETTINGS) == expected

    @pytest.mark.parametrize(
        ("patch", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param(None, "", id="null"),
            pytest.param("name", "", id="a string"),
            pytest.param({"name": None}, "/name", id="the name removed"),
            pytest.param({"name": ""}, "/name", id="an empty name"),
            pytest.param({"name": "\0"}, "/name", id="NUL in the name"),
            pytest.param({"id": "other"}, "/id", id="another id"),
            pytest.param({"userId": None}, "/userId", id="an unknown member removed"),
            pytest.param({"settings": []}, "/settings", id="settings in a list"),
            pytest.param({"settings": {"colour": 1}}, "/settings/colour", id="an unknown setting"),
            pytest.param({"settings": {"colour": None}}, "/settings/colour", id="an unknown setting removed"),
            pytest.param({"settings": {"dashboardConfig": {}}}, "/settings/dashboardConfig", id="the config"),
            pytest.param(
                {"settings": {"fileInfo": file_info(8_192)}}, "/settings/fileInfo", id="fileInfo grown too large"
            ),
        ],
    )
    def test_a_patch_with_an_invalid_result_is_refused(self, patch: Any, place: str) -> None:
        """The patched project is checked like a new one, and unknown members are refused even if removed."""
        with pytest.raises(InvalidProject) as refused:
            patched(PROJECT, patch, SETTINGS)
        assert pointers(refused) == [place]

    @pytest.mark.parametrize(("before", "after"), [(True, 1), (1, 1.0), (False, 0), (0.0, -0.0)])
    def test_projects_are_equal_if_they_are_written_alike(self, before: Any, after: Any) -> None:
        """Python takes true, 1 and 1.0 for equal; as settings they are different, and storing one is a change."""
        one, other = (replace(PROJECT, settings={"fileInfo": {"n": value}}) for value in (before, after))
        assert one != other
        assert patched(one, {"settings": {"fileInfo": {"n": after}}}, SETTINGS) == other

    def test_a_patch_adds_missing_settings(self) -> None:
        """A patch can add settings to a project without any."""
        bare = Project("Sales", "", {})
        assert patched(bare, {"settings": {"tags": ["a"]}}, SETTINGS) == replace(bare, settings={"tags": ["a"]})
