"""What makes a config, and what is refused as one."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from dashboard_store.documents.config import never_saved_body, stored_body
from dashboard_store.documents.config_schema import read_config, read_customizations
from dashboard_store.errors import BadInput, ConfigTooLarge, InvalidConfig
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")

WHOLE: dict[str, Any] = {
    "chartCustomizations": {
        "chart-1": {"title": "Revenue", "position": {"x": 0, "y": 0, "w": 6, "h": 4}, "isVisible": True},
        "chart-0": {"anything": [None, 1.5, {"nested": "é"}]},
    },
    "currentLayout": {"id": "two-columns"},
    "filters": [{"id": "f1", "column": "region", "operator": "in", "values": ["EU"]}],
    "theme": {"id": "dark"},
    "extensions": {"theirs": {"any": "json"}},
}


def config(**members: Any) -> dict[str, Any]:
    return {"chartCustomizations": {}, **members}


def padded(size: int, character: str = "x") -> dict[str, Any]:
    """Make a config whose compact JSON has exactly this many bytes of UTF-8."""
    empty = len('{"chartCustomizations":{},"extensions":{"pad":""}}')
    count, rest = divmod(size - empty, len(character.encode()))
    return config(extensions={"pad": character * count + "x" * rest})


def field_errors(document: Any, settings: Settings = SETTINGS, at: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfig) as refused:
        read_config(document, settings, at)
    return [(each.pointer, each.message) for each in refused.value.field_errors]


class TestWhatIsKept:
    def test_a_whole_config_is_kept_as_it_came(self) -> None:
        """What a client saves is what it loads: every member, in its order, and what is inside them untouched."""
        kept = read_config(WHOLE, SETTINGS)
        assert json.dumps(json.loads(kept.text)) == json.dumps(WHOLE)
        assert (kept.chart_count, kept.size) == (2, len(kept.text.encode()))

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(config(), id="only the charts"),
            pytest.param(config(currentLayout=None, filters=None, theme=None), id="nulls"),
            pytest.param(config(currentLayout="two-columns", theme="dark"), id="bare names"),
            pytest.param(config(filters=[], extensions={}), id="empty parts"),
            pytest.param({"chartCustomizations": {"": {}, "a/b": {}}}, id="any chart id"),
        ],
    )
    def test_what_clients_hold_is_taken(self, document: dict[str, Any]) -> None:
        """Only the charts are required; a layout or a theme may be an object, a bare name or null."""
        assert json.loads(read_config(document, SETTINGS).text) == document

    def test_older_names_are_read_as_the_newer_ones(self) -> None:
        """What older clients hold in localStorage is the same config, each member at its place."""
        older = {"dashboardFilters": [{"id": "f"}], "chartCustomizations": {}, "currentTheme": "dark"}
        newer = {"filters": [{"id": "f"}], "chartCustomizations": {}, "theme": "dark"}
        kept = read_config(older, SETTINGS)
        assert kept == read_config(newer, SETTINGS)
        assert list(kept.document) == list(newer)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param(config(theme="dark"), config(theme="light"), id="another value"),
            pytest.param(config(theme=None), config(), id="null or absent"),
            pytest.param(config(extensions={"n": 1}), config(extensions={"n": 1.0}), id="1 or 1.0"),
            pytest.param(config(extensions={"n": 1}), config(extensions={"n": True}), id="1 or true"),
            pytest.param(config(extensions={"n": 0.0}), config(extensions={"n": -0.0}), id="0.0 or -0.0"),
            pytest.param(
                {"chartCustomizations": {"a": {}, "b": {}}},
                {"chartCustomizations": {"b": {}, "a": {}}},
                id="another order of charts",
            ),
        ],
    )
    def test_another_content_has_another_digest(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Only a save that changes nothing may be told as unchanged; the order of charts is content."""
        assert read_config(one, SETTINGS).digest != read_config(other, SETTINGS).digest
        assert read_config(one, SETTINGS).digest == read_config(json.loads(json.dumps(one)), SETTINGS).digest


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("document", "place", "says"),
        [
            pytest.param([], "", "expected an object", id="an array"),
            pytest.param(None, "", "expected an object", id="null"),
            pytest.param("{}", "", "expected an object", id="JSON inside a string"),
            pytest.param({}, "/chartCustomizations", "missing", id="no charts"),
            pytest.param({"chartCustomizations": None}, "/chartCustomizations", "expected an object", id="null charts"),
            pytest.param(
                {"chartCustomizations": []}, "/chartCustomizations", "expected an object", id="charts in a list"
            ),
            pytest.param(
                {"chartCustomizations": {"a": {}, "b/c": 1}},
                "/chartCustomizations/b~1c",
                "expected an object",
                id="a chart that is none",
            ),
            pytest.param(config(currentLayout=1), "/currentLayout", "an object, a string or null", id="a layout"),
            pytest.param(config(theme=[]), "/theme", "an object, a string or null", id="a theme"),
            pytest.param(config(theme=False), "/theme", "an object, a string or null", id="a theme that is false"),
            pytest.param(
                config(currentTheme=1), "/theme", "an object, a string or null", id="a theme by its older name"
            ),
            pytest.param(config(filters={}), "/filters", "expected an array", id="filters"),
            pytest.param(config(filters=[{}, "EU"]), "/filters/1", "expected an object", id="a filter"),
            pytest.param(config(extensions=None), "/extensions", "expected an object", id="extensions"),
            pytest.param(config(**{"a~b": 1}), "/a~0b", "unknown member", id="an unknown member"),
            pytest.param(config(version=7), "/version", "unknown member", id="what a response wraps a config in"),
        ],
    )
    def test_a_wrong_form_is_named_with_its_place(self, document: Any, place: str, says: str) -> None:
        """Each member has its form; what has another is refused under its pointer, in words of JSON."""
        ((found, message),) = field_errors(document)
        assert found == place
        assert says in message
        assert [found for found, _ in field_errors(document, at=(None, "dashboardConfig"))] == [
            f"/dashboardConfig{place}"
        ]

    def test_all_wrong_members_are_told_at_once(self) -> None:
        """A client need not send a config once for each mistake."""
        assert {place for place, _ in field_errors({"theme": 1, "filters": 1, "x": 1})} == {
            "/chartCustomizations",
            "/theme",
            "/filters",
            "/x",
        }

    def test_at_most_twenty_wrong_members_are_told(self) -> None:
        """A response does not grow with the number of mistakes."""
        charts = dict.fromkeys(map(str, range(400)), 0)
        assert len(field_errors({"chartCustomizations": charts})) == 20

    @pytest.mark.parametrize(
        ("old", "new"), [("currentTheme", "theme"), ("dashboardFilters", "filters")], ids=["theme", "filters"]
    )
    def test_both_names_of_a_member_are_refused(self, old: str, new: str) -> None:
        """Of two names for one member neither is preferred in silence, not even where one is null."""
        ((place, message),) = field_errors(config(**{old: None, new: None}), at=(None, "c"))
        assert place == f"/c/{old}"
        assert new in message

    def test_a_chart_too_many_is_refused(self) -> None:
        """A config holds as many charts as the limit says, and not one more."""
        settings = replace(SETTINGS, max_charts=2)
        two: dict[str, Any] = {"chartCustomizations": {"a": {}, "b": {}}}
        assert read_config(two, settings).chart_count == 2
        three = {"chartCustomizations": {**two["chartCustomizations"], "c": {}}}
        assert field_errors(three, settings, at=(None, "c")) == [("/c/chartCustomizations", "3 charts; the limit is 2")]

    @pytest.mark.parametrize("character", ["x", "é", "€", "\N{GRINNING FACE}", "<"])
    def test_the_limit_counts_bytes_of_utf_8(self, character: str) -> None:
        """A config of exactly the limit is kept; one byte more is refused with both numbers."""
        settings = replace(SETTINGS, max_config_bytes=1_000)
        assert read_config(padded(1_000, character), settings).size == 1_000
        with pytest.raises(ConfigTooLarge) as refused:
            read_config(padded(1_001, character), settings)
        assert (refused.value.actual_bytes, refused.value.limit_bytes) == (1_001, 1_000)

    def test_a_config_too_large_names_its_largest_charts(self) -> None:
        """What to shorten is named: five parts at most, the largest first."""
        charts = {f"c{size}": {"t": "x" * size} for size in (10, 60, 30, 50, 20, 40)}
        with pytest.raises(ConfigTooLarge) as refused:
            read_config({"chartCustomizations": charts}, replace(SETTINGS, max_config_bytes=100), (None, "c"))
        assert refused.value.largest == tuple(
            (f"/c/chartCustomizations/c{size}", size + len('{"t":""}')) for size in (60, 50, 40, 30, 20)
        )

    def test_an_older_name_counts_as_the_newer_one(self) -> None:
        """The size is that of what is kept: the older name, which is longer, is not charged for."""
        older = config(currentTheme="dark")
        size = len('{"chartCustomizations":{},"theme":"dark"}')
        assert read_config(older, replace(SETTINGS, max_config_bytes=size)).size == size

    def test_nesting_is_limited_from_the_config_on(self) -> None:
        """A config may be nested as deeply wherever it stands in a body."""
        settings = replace(SETTINGS, max_depth=3)
        at = ((None, "settings"), "dashboardConfig")
        assert read_config({"chartCustomizations": {"c": {}}}, settings, at).chart_count == 1
        ((place, _),) = field_errors({"chartCustomizations": {"c": {"p": {}}}}, settings, at)
        assert place == "/settings/dashboardConfig/chartCustomizations/c/p"


class TestCustomizationsAlone:
    def test_the_charts_are_read(self) -> None:
        """The body holds the charts under the name that they have in the config."""
        assert read_customizations({"chartCustomizations": {"a": {"t": 1}}}, SETTINGS) == {"a": {"t": 1}}

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param({}, "/chartCustomizations", id="no charts"),
            pytest.param({"chartCustomizations": {"a": 1}}, "/chartCustomizations/a", id="a chart that is none"),
            pytest.param(config(theme="dark"), "/theme", id="another part of the config"),
            pytest.param({"chartCustomizations": {"a": {"t": "\0"}}}, "/chartCustomizations/a/t", id="NUL"),
        ],
    )
    def test_anything_else_is_refused(self, document: Any, place: str) -> None:
        """The other parts of a config have no place here: they would be lost in silence."""
        with pytest.raises(BadInput) as refused:
            read_customizations(document, SETTINGS)
        assert type(refused.value) is InvalidConfig
        assert [each.pointer for each in refused.value.field_errors] == [place]


class TestStoredBodies:
    def test_the_stored_body_is_that_of_the_response(self) -> None:
        """What is stored is the whole body of a GET, safe to stand in a page."""
        kept = read_config(config(theme="</script>"), SETTINGS)
        body = gzip.decompress(stored_body(kept, 7, "2026-01-02T03:04:05.678Z"))
        assert b"<" not in body
        assert json.loads(body) == {
            "config": config(theme="</script>"),
            "version": 7,
            "updatedAt": "2026-01-02T03:04:05.678Z",
        }

    def test_nothing_saved_and_a_deleted_config_look_alike(self) -> None:
        """Without a config the body has the same members, and null for its values."""
        assert json.loads(gzip.decompress(never_saved_body())) == {"config": None, "version": 0, "updatedAt": None}
        assert json.loads(gzip.decompress(stored_body(None, 8, "2026-01-02T03:04:05.678Z"))) == {
            "config": None,
            "version": 8,
            "updatedAt": "2026-01-02T03:04:05.678Z",
        }
