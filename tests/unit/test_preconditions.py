"""If-Match and If-None-Match are parsed and evaluated as specified in RFC 9110, section 13.1."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store.errors import FieldError, InvalidPrecondition
from dashboard_store.preconditions import Precondition, entity_tag, is_current

VERSIONS = range(21)


@dataclass(frozen=True)
class Header:
    """A header's meaning, `*` or a list of tags, and its text."""

    star: bool
    tags: tuple[str, ...]
    text: str

    def matches(self, version: int) -> bool:
        """Return whether it matches (RFC 9110): `*` any current representation, a list one whose tag it has."""
        return version > 0 if self.star else str(version) in self.tags


STAR = Header(star=True, tags=(), text="*")
opaque = st.integers(0, 20).map(str) | st.sampled_from(["abc", "*", "", "07", "1.2", "a,b", "W/"])
separators = st.sampled_from([",", ", ", " , ", ",,", ", ,\t"])


@st.composite
def lists(draw: st.DrawFn) -> Header:
    tags = draw(st.lists(opaque, min_size=1, max_size=3))
    written = [draw(st.sampled_from(["", "W/"])) + f'"{tag}"' for tag in tags]
    text = written[0] + "".join(draw(separators) + tag for tag in written[1:])
    return Header(star=False, tags=tuple(tags), text=text)


headers = st.none() | st.just(STAR) | lists()


def written(if_match: Header | None, if_none_match: Header | None) -> Precondition:
    return Precondition.from_headers(if_match.text if if_match else None, if_none_match.text if if_none_match else None)


class TestReading:
    @pytest.mark.parametrize(
        ("value", "matching"),
        [
            pytest.param('"7"', {7}, id="a tag"),
            pytest.param('W/"7"', {7}, id="a weak tag"),
            pytest.param('  "7"\t', {7}, id="spaces around"),
            pytest.param('"5", "7"', {5, 7}, id="a list"),
            pytest.param('W/"5" ,"7"', {5, 7}, id="a list with a weak tag"),
            pytest.param(', "5",, "7" ,', {5, 7}, id="empty members of a list"),
            pytest.param("*", set(VERSIONS) - {0}, id="any"),
            pytest.param(" * ", set(VERSIONS) - {0}, id="any with spaces"),
            pytest.param('"0"', {0}, id="nothing saved yet"),
            pytest.param('"7-gzip"', {7}, id="a tag that a proxy marked gzip"),
            pytest.param('"7--gzip"', {7}, id="a tag with two hyphens and gzip"),
            pytest.param('"7;gzip"', {7}, id="a tag with a semicolon and gzip"),
            pytest.param('W/"7-br"', {7}, id="a weak tag that a proxy marked br"),
            pytest.param('"0-br"', {0}, id="nothing saved yet, marked br"),
            pytest.param('"5--zstd", "7;deflate"', {5, 7}, id="a list of marked tags"),
            pytest.param('"07-gzip"', set(), id="a leading zero, marked gzip"),
            pytest.param('"7---gzip"', set(), id="three hyphens"),
            pytest.param('"7gzip"', set(), id="no separator"),
            pytest.param('"7-"', set(), id="a separator alone"),
            pytest.param('"7-GZIP"', set(), id="a coding in upper case"),
            pytest.param('"7-gzip-gzip"', set(), id="two marks"),
            pytest.param('"7-xz"', set(), id="an unknown mark"),
            pytest.param('"abc"', set(), id="a foreign tag"),
            pytest.param('"*"', set(), id="a star in quotes"),
            pytest.param('"5,7"', set(), id="a comma inside a tag"),
            pytest.param('"5,", "7"', {7}, id="a comma inside a tag of a list"),
            pytest.param('""', set(), id="the empty tag"),
            pytest.param('"07"', set(), id="a leading zero"),
            pytest.param('"\xe9"', set(), id="a tag beyond ASCII"),
            pytest.param('"\u0667"', None, id="a tag beyond Latin-1"),
            pytest.param("7", None, id="no quotes"),
            pytest.param("", None, id="an empty header"),
            pytest.param(",", None, id="an empty list"),
            pytest.param('"7', None, id="an open quote"),
            pytest.param('"5" "7"', None, id="no comma"),
            pytest.param('"5"7"', None, id="an extra quote"),
            pytest.param('w/"7"', None, id="the weak mark in lower case"),
            pytest.param('W/ "7"', None, id="a space after the weak mark"),
            pytest.param('*, "7"', None, id="any in a list"),
            pytest.param('"7", *', None, id="any at the end of a list"),
            pytest.param("**", None, id="two stars"),
            pytest.param('"a b"', None, id="a space inside a tag"),
            pytest.param("'7'", None, id="single quotes"),
            pytest.param('"7",' * 2_000 + "7", None, id="10 KB, wrong at the end"),
            pytest.param('"a' * 4_000, None, id="10 KB of open quotes"),
            pytest.param(", " * 5_000, None, id="10 KB of commas"),
            pytest.param('"7"' + ", " * 5_000, {7}, id="10 KB of empty members"),
            pytest.param(
                ", ".join(f'"{version}"' for version in range(3, 1_500)), set(range(3, 21)), id="10 KB of tags"
            ),
        ],
    )
    def test_a_header_is_parsed_or_refused_by_name(self, value: str, matching: set[int] | None) -> None:
        """Both headers accept the same forms; the error for anything else names the header."""
        if matching is None:
            for name, given_headers in (("If-Match", (value, None)), ("If-None-Match", (None, value))):
                with pytest.raises(InvalidPrecondition, match=name) as refused:
                    Precondition.from_headers(*given_headers)
                assert [each.pointer for each in refused.value.field_errors] == [name]
        else:
            assert {
                version for version in VERSIONS if Precondition.from_headers(value, None).holds(version)
            } == matching
            unmatched = Precondition.from_headers(None, value)
            assert {version for version in VERSIONS if not unmatched.holds(version)} == matching


class TestHolding:
    @given(if_match=headers, if_none_match=headers)
    def test_both_headers_are_evaluated(self, if_match: Header | None, if_none_match: Header | None) -> None:
        """If-Match must match, If-None-Match must not, and both are evaluated if both are sent."""
        precondition = written(if_match, if_none_match)
        for version in VERSIONS:
            expected = (if_match is None or if_match.matches(version)) and (
                if_none_match is None or not if_none_match.matches(version)
            )
            assert precondition.holds(version) is expected

    @given(if_match=headers, if_none_match=headers)
    def test_only_is_the_single_matching_version(self, if_match: Header | None, if_none_match: Header | None) -> None:
        """A precondition with `only`, which needs no read before the write, holds at that version and no other."""
        precondition = written(if_match, if_none_match)
        if precondition.only is not None:
            assert [version for version in VERSIONS if precondition.holds(version)] == [precondition.only]

    @given(version=st.integers(0, 20), weak=st.booleans())
    def test_common_preconditions_need_no_read(self, version: int, weak: bool) -> None:  # noqa: FBT001
        """If-Match with one version, and If-None-Match: *, hold at a single version."""
        mark = "W/" if weak else ""
        assert Precondition.from_headers(f'{mark}"{version}"', None).only == version
        assert Precondition.from_headers(None, "*").only == 0

    @pytest.mark.parametrize(
        ("if_match", "if_none_match", "base"),
        [
            pytest.param('"5"', None, 5, id="one version"),
            pytest.param('W/"5"', None, 5, id="one version, weak"),
            pytest.param('"5-gzip"', None, 5, id="one version, marked gzip"),
            pytest.param('"5-gzip", "5"', None, 5, id="one version, marked and not"),
            pytest.param('"5"', '"5"', 5, id="one version that cannot hold"),
            pytest.param('"9999999999999999"', None, 9_999_999_999_999_999, id="a version of sixteen digits"),
            pytest.param('"5", "6"', None, None, id="two versions"),
            pytest.param("*", None, None, id="any version"),
            pytest.param(None, '"5"', None, id="any version but one"),
            pytest.param(None, None, None, id="no header"),
            pytest.param('"abc"', None, None, id="not a version"),
            pytest.param('"05"', None, None, id="a leading zero"),
            pytest.param('"1.2"', None, None, id="a composite tag"),
            pytest.param(f'"{"9" * 5_000}"', None, None, id="more digits than any version has"),
        ],
    )
    def test_the_base_is_the_one_version_that_if_match_names(
        self, if_match: str | None, if_none_match: str | None, base: int | None
    ) -> None:
        """The version that the client's document is based on is known if If-Match names exactly one version."""
        assert Precondition.from_headers(if_match, if_none_match).base == base

    @pytest.mark.parametrize(
        ("if_match", "if_none_match", "is_given", "is_forced"),
        [
            pytest.param(None, None, False, True, id="nothing"),
            pytest.param("*", None, True, True, id="any"),
            pytest.param('"*"', None, True, False, id="a star in quotes"),
            pytest.param(None, '"5"', True, True, id="any but one"),
            pytest.param("*", '"5"', True, True, id="any but one, in both headers"),
            pytest.param('"5"', None, True, False, id="one"),
            pytest.param('"5", "6"', None, True, False, id="one of two"),
            pytest.param(None, "*", True, False, id="the first"),
            pytest.param(None, '"*"', True, True, id="any but a star in quotes"),
        ],
    )
    def test_a_save_is_forced_if_it_may_replace_an_unnamed_version(
        self,
        if_match: str | None,
        if_none_match: str | None,
        is_given: bool,  # noqa: FBT001
        is_forced: bool,  # noqa: FBT001
    ) -> None:
        """History marks a save that could overwrite a version that the client did not name."""
        precondition = Precondition.from_headers(if_match, if_none_match)
        assert (precondition.is_given, precondition.is_forced) == (is_given, is_forced)

    @given(if_match=headers, if_none_match=headers)
    def test_an_unforced_save_replaces_only_what_it_names(
        self, if_match: Header | None, if_none_match: Header | None
    ) -> None:
        """Unless a save is forced, every version at which it holds is named or is 0, whatever the headers."""
        precondition = written(if_match, if_none_match)
        named = set(if_match.tags if if_match else ()) | {"0"}
        if not precondition.is_forced:
            assert {str(version) for version in VERSIONS if precondition.holds(version)} <= named


class TestCompositeTags:
    @pytest.mark.parametrize(
        ("versions", "tag"),
        [
            ((7,), "7"),
            ((0,), "0"),
            ((1, 0, 0), "1"),
            ((1, 2, 0), "1.2"),
            ((1, 0, 3), "1.0.3"),
            ((0, 0, 3), "0.0.3"),
            ((0, 0, 0), "0"),
            ((10, 20, 30), "10.20.30"),
        ],
    )
    def test_trailing_zeros_are_left_out(self, versions: tuple[int, ...], tag: str) -> None:
        """A document with parts has one tag, without the trailing parts that are at version 0."""
        assert entity_tag(*versions) == tag

    @given(
        known=st.tuples(*[st.integers(0, 3)] * 3),
        now=st.tuples(*[st.integers(0, 3)] * 3),
        parts=st.integers(1, 3),
        form=st.sampled_from(['"{}"', 'W/"{}"', '"{}-gzip"', '"{};br"']),
    )
    def test_a_narrowed_precondition_compares_the_first_parts(
        self,
        known: tuple[int, ...],
        now: tuple[int, ...],
        parts: int,
        form: str,
    ) -> None:
        """A save of one part holds if that part and those before it are at the versions that the client knows."""
        tag = form.format(entity_tag(*known))
        same = known[:parts] == now[:parts]
        assert Precondition.from_headers(tag, None).narrowed(parts).holds(entity_tag(*now[:parts])) is same
        assert Precondition.from_headers(None, tag).narrowed(parts).holds(entity_tag(*now[:parts])) is not same

    @pytest.mark.parametrize("value", ['"abc"', '"1.x"', '"01"', '"1.02"', '"1."', '"-1"', '"*"'])
    def test_a_foreign_tag_is_not_made_to_match(self, value: str) -> None:
        """A tag that the service never issued names no version, however similar to one it is."""
        narrowed = Precondition.from_headers(value, None).narrowed(1)
        assert not any(narrowed.holds(version) for version in VERSIONS)

    def test_any_stays_any(self) -> None:
        """Narrowing changes neither `*`, which is about no particular part, nor an absent precondition."""
        for star in (Precondition.from_headers("*", None), Precondition.from_headers(None, "*")):
            assert star.narrowed(1) == star
        assert not Precondition.from_headers(None, None).narrowed(1).is_given


class TestReaders:
    @pytest.mark.parametrize(
        ("if_none_match", "version", "current"),
        [
            pytest.param(None, 7, False, id="nothing sent"),
            pytest.param('"7"', 7, True, id="the same"),
            pytest.param('W/"7"', 7, True, id="the same, weak"),
            pytest.param('"6"', 7, False, id="an older one"),
            pytest.param('"6", "7"', 7, True, id="one of several"),
            pytest.param("*", 7, True, id="any"),
            pytest.param('"*"', 7, False, id="a star in quotes"),
            pytest.param('"0"', 0, True, id="nothing saved yet"),
            pytest.param('"1.0.3"', "1.0.3", True, id="the same composite"),
            pytest.param('"1.0.3"', "1.0.4", False, id="another composite"),
            pytest.param('"1"', "1.0.3", False, id="a prefix of it"),
            pytest.param('"7-gzip"', 7, True, id="the same, marked gzip"),
            pytest.param('"1.0.3--gzip"', "1.0.3", True, id="the same composite, marked gzip"),
            pytest.param('"1.0.03-gzip"', "1.0.3", False, id="a leading zero in a composite"),
        ],
    )
    def test_a_reader_is_current_if_it_names_the_version(
        self,
        if_none_match: str | None,
        version: int | str,
        current: bool,  # noqa: FBT001
    ) -> None:
        """A client gets 304 exactly if it already has what it would receive."""
        assert is_current(if_none_match, version) is current

    def test_an_invalid_tag_is_refused_on_reads_too(self) -> None:
        """A read with an invalid tag is refused, so that the client does not reload everything forever."""
        with pytest.raises(InvalidPrecondition) as refusal:
            is_current("7", 7)
        expected = 'This must be a version in double quotes, such as "7", a list of these, or *.'
        assert refusal.value.field_errors == (FieldError("If-None-Match", expected),)
        assert str(refusal.value) == "The If-None-Match header is not valid."


def test_an_empty_precondition_equals_a_missing_one() -> None:
    """A precondition without versions equals that of a request without the two headers."""
    assert Precondition() == Precondition.from_headers(None, None)
    assert not Precondition().is_given
