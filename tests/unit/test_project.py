"""What makes a project, and what a patch may change of it."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard_store.documents.project import Project, patched, read_new_project
from dashboard_store.errors import BadInput, ConfigTooLarge, InvalidConfig, InvalidProject
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
PROJECT = Project("Sales", "By region", {"fileInfo": {"name": "sales.csv", "rows": 12}, "tags": ["eu"]})


def new(**members: Any) -> dict[str, Any]:
    return {"name": "Sales", **members}


def file_info(size: int) -> dict[str, str]:
    """Make a fileInfo whose compact JSON has exactly this many bytes of UTF-8."""
    count, rest = divmod(size - len('{"é":""}'.encode()), 2)
    return {"é": "é" * count + "x" * rest}


def pointers(refused: pytest.ExceptionInfo[BadInput]) -> list[str]:
    return [each.pointer for each in refused.value.field_errors]


class TestNewProjects:
    def test_a_name_is_enough(self) -> None:
        """Only the name is required; the rest is empty, and the id is left to the service."""
        made = read_new_project({"name": "Sales"}, SETTINGS)
        assert (made.project, made.id, made.config) == (Project("Sales", "", {}), None, None)

    def test_everything_given_is_kept(self) -> None:
        """What is given is kept as it came; the first config is read apart from the settings."""
        info = {"name": "sales.csv", "size": 2**70, "nested": [{"z": 1, "a": None}]}
        charts: dict[str, Any] = {"chartCustomizations": {"c": {}}}
        made = read_new_project(
            new(id="p-1_A", description="d", settings={"tags": [], "fileInfo": info, "dashboardConfig": charts}),
            SETTINGS,
        )
        assert made.project == Project("Sales", "d", {"tags": [], "fileInfo": info})
        assert made.id == "p-1_A"
        assert made.config
        assert made.config.document == charts

    def test_no_first_config_may_be_said_as_null(self) -> None:
        """`dashboardConfig: null` is how a client says that there is none."""
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
    def test_what_is_at_its_limit_is_taken(self, document: dict[str, Any]) -> None:
        """A limit is the most that is taken; what is taken is kept whole."""
        made = read_new_project(document, SETTINGS)
        kept = made.project.as_document() | {"id": made.id}
        assert {name: kept[name] for name in document} == document

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            pytest.param([], "", id="no object"),
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
            pytest.param(new(id="x\n"), "/id", id="a line's end in the id"),
            pytest.param(new(id=7), "/id", id="a number as id"),
            pytest.param(new(description="d" * 2_001), "/description", id="a description of 2,001"),
            pytest.param(new(description=None), "/description", id="no text as description"),
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
    def test_what_is_no_project_is_refused_with_its_place(self, document: Any, place: str) -> None:
        """Each member has its form and its limit; what does not keep them is named."""
        with pytest.raises(InvalidProject) as refused:
            read_new_project(document, SETTINGS)
        assert pointers(refused) == [place]

    @pytest.mark.parametrize(
        ("config", "place"),
        [
            pytest.param("dark", "", id="no object"),
            pytest.param({"chartCustomizations": {"c": 1}}, "/chartCustomizations/c", id="a chart that is none"),
            pytest.param({"chartCustomizations": {}, "x": "\0"}, "/x", id="NUL"),
        ],
    )
    def test_a_wrong_first_config_is_named_inside_the_body(self, config: Any, place: str) -> None:
        """The first config is checked like any other, and named from the body's root."""
        with pytest.raises(InvalidConfig) as refused:
            read_new_project(new(settings={"dashboardConfig": config}), SETTINGS)
        assert pointers(refused) == [f"/settings/dashboardConfig{place}"]

    def test_a_first_config_is_limited_like_any_other(self) -> None:
        """No config is larger or deeper because it came with its project."""
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
            pytest.param({"description": None}, replace(PROJECT, description=""), id="no description"),
            pytest.param({"settings": None}, replace(PROJECT, settings={}), id="no settings"),
            pytest.param(
                {"settings": {"tags": None}},
                replace(PROJECT, settings={"fileInfo": {"name": "sales.csv", "rows": 12}}),
                id="no tags",
            ),
            pytest.param(
                {"settings": {"fileInfo": {"rows": None, "size": 9}, "tags": ["us"]}},
                replace(PROJECT, settings={"fileInfo": {"name": "sales.csv", "size": 9}, "tags": ["us"]}),
                id="inside fileInfo, and other tags",
            ),
        ],
    )
    def test_a_patch_changes_what_it_names(self, patch: dict[str, Any], expected: Project) -> None:
        """Null removes, objects merge, a list is replaced; the rest stays (RFC 7396)."""
        assert patched(PROJECT, patch, SETTINGS) == expected

    @pytest.mark.parametrize(
        ("patch", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param(None, "", id="null"),
            pytest.param("name", "", id="a text"),
            pytest.param({"name": None}, "/name", id="no name"),
            pytest.param({"name": ""}, "/name", id="an empty name"),
            pytest.param({"name": "\0"}, "/name", id="NUL in the name"),
            pytest.param({"id": "other"}, "/id", id="another id"),
            pytest.param({"userId": None}, "/userId", id="an unknown member to remove"),
            pytest.param({"settings": []}, "/settings", id="settings in a list"),
            pytest.param({"settings": {"colour": 1}}, "/settings/colour", id="an unknown setting"),
            pytest.param({"settings": {"colour": None}}, "/settings/colour", id="an unknown setting to remove"),
            pytest.param({"settings": {"dashboardConfig": {}}}, "/settings/dashboardConfig", id="the config"),
            pytest.param(
                {"settings": {"fileInfo": file_info(8_192)}}, "/settings/fileInfo", id="fileInfo grown too large"
            ),
        ],
    )
    def test_a_patch_that_leaves_no_project_is_refused(self, patch: Any, place: str) -> None:
        """What is there after the patch is checked like a new project, and unknown members are told in any case."""
        with pytest.raises(InvalidProject) as refused:
            patched(PROJECT, patch, SETTINGS)
        assert pointers(refused) == [place]

    def test_a_patch_adds_to_what_the_settings_lack(self) -> None:
        """A project without settings takes them from a patch."""
        bare = Project("Sales", "", {})
        assert patched(bare, {"settings": {"tags": ["a"]}}, SETTINGS) == replace(bare, settings={"tags": ["a"]})
