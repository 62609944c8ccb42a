"""What a valid config is, and how an invalid one is refused."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

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
    """Make a config whose compact JSON has exactly this many bytes in UTF-8."""
    empty = len('{"chartCustomizations":{},"extensions":{"pad":""}}')
    count, rest = divmod(size - empty, len(character.encode()))
    return config(extensions={"pad": character * count + "x" * rest})


def field_errors(document: Any, settings: Settings = SETTINGS, at: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfig) as refused:
        read_config(document, settings, at)
    return [(each.pointer, each.message) for each in refused.value.field_errors]


class TestAccepted:
    def test_a_full_config_is_kept_unchanged(self) -> None:
        """Every member of a config is kept, in its order and with its content unchanged."""
        kept = read_config(WHOLE, SETTINGS)
        assert json.dumps(json.loads(kept.text)) == json.dumps(WHOLE)
        assert (kept.chart_count, kept.size) == (2, len(kept.text))

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(config(), id="only the charts"),
            pytest.param(config(currentLayout=None, filters=None, theme=None), id="nulls"),
            pytest.param(config(currentLayout="two-columns", theme="dark"), id="bare names"),
            pytest.param(config(currentLayout=[{"i": "c", "x": 0, "y": 0, "w": 6, "h": 4}]), id="a layout as an array"),
            pytest.param(config(currentLayout=[]), id="a layout as an empty array"),
            pytest.param(config(filters=[], extensions={}), id="empty parts"),
            pytest.param({"chartCustomizations": {"": {}, "a/b": {}}}, id="any chart id"),
        ],
    )
    def test_all_forms_of_members_are_accepted(self, document: dict[str, Any]) -> None:
        """Only the charts are required; a layout or a theme may be an object, a bare name or null."""
        assert json.loads(read_config(document, SETTINGS).text) == document

    def test_older_names_are_read_as_the_newer_ones(self) -> None:
        """A config with the older names, as older clients have it in localStorage, is read as one with the newer."""
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
        """Only a save that changes nothing may be reported as unchanged; the order of charts is content."""
        assert read_config(one, SETTINGS).digest != read_config(other, SETTINGS).digest
        assert read_config(one, SETTINGS).digest == read_config(json.loads(json.dumps(one)), SETTINGS).digest


class TestRefused:
    @pytest.mark.parametrize(
        ("document", "place", "says"),
        [
            pytest.param([], "", "This must be an object.", id="an array"),
            pytest.param(None, "", "This must be an object.", id="null"),
            pytest.param("{}", "", "This must be an object.", id="JSON inside a string"),
            pytest.param({}, "/chartCustomizations", "This member is required.", id="no charts"),
            pytest.param(
                {"chartCustomizations": None}, "/chartCustomizations", "This must be an object.", id="null charts"
            ),
            pytest.param(
                {"chartCustomizations": []}, "/chartCustomizations", "This must be an object.", id="charts in a list"
            ),
            pytest.param(
                {"chartCustomizations": {"a": {}, "b/c": 1}},
                "/chartCustomizations/b~1c",
                "This must be an object.",
                id="a number as chart",
            ),
            pytest.param(
                config(currentLayout=1),
                "/currentLayout",
                "This must be an object, an array, a string or null.",
                id="a number as layout",
            ),
            pytest.param(config(theme=[]), "/theme", "an object, a string or null", id="an array as theme"),
            pytest.param(config(theme=False), "/theme", "an object, a string or null", id="false as theme"),
            pytest.param(
                config(currentTheme=1), "/theme", "an object, a string or null", id="a theme by its older name"
            ),
            pytest.param(config(filters={}), "/filters", "This must be an array.", id="an object as filters"),
            pytest.param(config(filters=[{}, "EU"]), "/filters/1", "This must be an object.", id="a string as filter"),
            pytest.param(config(extensions=None), "/extensions", "This must be an object.", id="null as extensions"),
            pytest.param(config(**{"a~b": 1}), "/a~0b", "This member is not known.", id="an unknown member"),
            pytest.param(
                config(version=7),
                "/version",
                "This member is not known.",
                id="a member of the response around a config",
            ),
        ],
    )
    def test_a_wrong_type_is_named_with_its_place(self, document: Any, place: str, says: str) -> None:
        """A member of the wrong type is named by its pointer, and the message uses JSON's names of types."""
        ((found, message),) = field_errors(document)
        assert found == place
        assert says in message
        assert [found for found, _ in field_errors(document, at=(None, "dashboardConfig"))] == [
            f"/dashboardConfig{place}"
        ]

    def test_all_errors_are_reported_at_once(self) -> None:
        """A response lists all errors, so that a client can correct them together."""
        assert {place for place, _ in field_errors({"theme": 1, "filters": 1, "x": 1})} == {
            "/chartCustomizations",
            "/theme",
            "/filters",
            "/x",
        }

    def test_at_most_twenty_errors_are_reported(self) -> None:
        """The number of errors in a response is limited."""
        charts = dict.fromkeys(map(str, range(400)), 0)
        assert len(field_errors({"chartCustomizations": charts})) == 20

    @pytest.mark.parametrize(
        "members",
        [
            pytest.param({"chartCustomizations": dict.fromkeys(map(str, range(1_000)), 1)}, id="charts"),
            pytest.param({"filters": [{}, *[1] * 1_000]}, id="filters"),
            pytest.param(dict.fromkeys(map(str, range(1_000)), 1), id="unknown members"),
        ],
    )
    def test_a_check_ends_at_its_twentieth_error(self, members: dict[str, Any]) -> None:
        """Errors that no response shows are not looked for, and those that it shows keep their places."""
        with pytest.raises(InvalidConfig) as refused:
            read_config(config(**members), SETTINGS)
        cause = refused.value.__cause__
        assert isinstance(cause, ValidationError)
        assert cause.error_count() == 20
        first = "/filters/1" if "filters" in members else ""
        assert refused.value.field_errors[0].pointer.startswith(first)
        last = "/filters/20" if "filters" in members else "19"
        assert refused.value.field_errors[-1].pointer.endswith(last)

    def test_what_follows_many_unknown_members_is_checked(self) -> None:
        """Unknown members hide no other error."""
        document = {**dict.fromkeys(map(str, range(1_000))), **config(theme=1)}
        assert field_errors(document)[0][0] == "/theme"

    @pytest.mark.parametrize(
        ("old", "new"), [("currentTheme", "theme"), ("dashboardFilters", "filters")], ids=["theme", "filters"]
    )
    def test_both_names_of_a_member_are_refused(self, old: str, new: str) -> None:
        """A config with both names of a member is refused, even if one is null, because neither takes precedence."""
        ((place, message),) = field_errors(config(**{old: None, new: None}), at=(None, "c"))
        assert place == f"/c/{old}"
        assert new in message

    def test_a_chart_too_many_is_refused(self) -> None:
        """A config may have exactly as many charts as the limit, and not one more."""
        settings = replace(SETTINGS, max_charts=2)
        two: dict[str, Any] = {"chartCustomizations": {"a": {}, "b": {}}}
        assert read_config(two, settings).chart_count == 2
        three = {"chartCustomizations": {**two["chartCustomizations"], "c": {}}}
        assert field_errors(three, settings, at=(None, "c")) == [
            ("/c/chartCustomizations", "There are 3 charts; the limit is 2.")
        ]

    @pytest.mark.parametrize("character", ["x", "é", "€", "\N{GRINNING FACE}", "<"])
    def test_the_limit_counts_bytes_in_utf_8(self, character: str) -> None:
        """A config of exactly the limit is accepted; one byte more is refused with both numbers."""
        settings = replace(SETTINGS, max_config_bytes=1_000)
        assert read_config(padded(1_000, character), settings).size == 1_000
        with pytest.raises(ConfigTooLarge) as refused:
            read_config(padded(1_001, character), settings)
        assert (refused.value.actual_bytes, refused.value.limit_bytes) == (1_001, 1_000)

    def test_a_config_too_large_names_its_largest_charts(self) -> None:
        """The error names up to five parts that could be shortened, the largest first."""
        charts = {f"c{size}": {"t": "x" * size} for size in (10, 60, 30, 50, 20, 40)}
        with pytest.raises(ConfigTooLarge) as refused:
            read_config({"chartCustomizations": charts}, replace(SETTINGS, max_config_bytes=100), (None, "c"))
        assert refused.value.largest == tuple(
            (f"/c/chartCustomizations/c{size}", size + len('{"t":""}')) for size in (60, 50, 40, 30, 20)
        )

    def test_an_older_name_counts_as_the_newer_one(self) -> None:
        """The size is that of the stored config, so the longer older name does not count."""
        older = config(currentTheme="dark")
        size = len('{"chartCustomizations":{},"theme":"dark"}')
        assert read_config(older, replace(SETTINGS, max_config_bytes=size)).size == size

    def test_nesting_is_counted_from_the_config(self) -> None:
        """A config has the same limit on nesting wherever it is in a body."""
        settings = replace(SETTINGS, max_depth=3)
        at = ((None, "settings"), "dashboardConfig")
        assert read_config({"chartCustomizations": {"c": {}}}, settings, at).chart_count == 1
        ((place, _),) = field_errors({"chartCustomizations": {"c": {"p": {}}}}, settings, at)
        assert place == "/settings/dashboardConfig/chartCustomizations/c/p"


class TestCustomizationsAlone:
    def test_the_charts_are_read(self) -> None:
        """The body has the charts under the same name as in the config."""
        assert read_customizations({"chartCustomizations": {"a": {"t": 1}}}, SETTINGS) == {"a": {"t": 1}}

    @pytest.mark.parametrize(
        ("document", "place"),
        [
            pytest.param([], "", id="an array"),
            pytest.param({}, "/chartCustomizations", id="no charts"),
            pytest.param({"chartCustomizations": {"a": 1}}, "/chartCustomizations/a", id="a number as chart"),
            pytest.param(config(theme="dark"), "/theme", id="another part of the config"),
            pytest.param({"chartCustomizations": {"a": {"t": "\0"}}}, "/chartCustomizations/a/t", id="NUL"),
        ],
    )
    def test_other_parts_of_a_config_are_refused(self, document: Any, place: str) -> None:
        """The other parts of a config are refused, because they would be silently dropped."""
        with pytest.raises(BadInput) as refused:
            read_customizations(document, SETTINGS)
        assert type(refused.value) is InvalidConfig
        assert [each.pointer for each in refused.value.field_errors] == [place]


class TestStoredBodies:
    def test_the_stored_body_is_that_of_the_response(self) -> None:
        """The stored body is the complete body of a GET, safe to embed in a page."""
        kept = read_config(config(theme="</script>"), SETTINGS)
        body = gzip.decompress(stored_body(kept, 7, "2026-01-02T03:04:05.678Z"))
        assert b"<" not in body
        assert json.loads(body) == {
            "config": config(theme="</script>"),
            "version": 7,
            "updatedAt": "2026-01-02T03:04:05.678Z",
        }

    def test_the_bodies_of_no_config_have_the_same_members(self) -> None:
        """Without a config, never saved or deleted, the body has the same members, and null as the config."""
        assert json.loads(gzip.decompress(never_saved_body())) == {"config": None, "version": 0, "updatedAt": None}
        assert json.loads(gzip.decompress(stored_body(None, 8, "2026-01-02T03:04:05.678Z"))) == {
            "config": None,
            "version": 8,
            "updatedAt": "2026-01-02T03:04:05.678Z",
        }
