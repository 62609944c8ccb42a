"""If-Match and If-None-Match (RFC 9110, section 13.1), evaluated against the document's current entity tag.

An entity tag is the version in quotes. A proxy that compresses may turn it into a weak tag (`W/"7"`) or append the
coding (`"7-gzip"`). These name the same version, so tags are compared without either.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, Self

from dashboard_store.errors import FieldError, InvalidPrecondition

# Represents `*`. Opaque tags cannot contain quotation marks, so this differs from the tag `"*"`, which names a version.
ANY: Final = '"*"'
_ANY_ALONE: Final = frozenset({ANY})

# A tag's number may be larger than any version; it then names a version that does not exist.
_NUMBER: Final = r"(?:0|[1-9][0-9]{0,15})"
_NUMBERS: Final = rf"{_NUMBER}(?:\.{_NUMBER})*"
_VERSION = re.compile(_NUMBER)
_COMPOSITE = re.compile(_NUMBERS)
_COMPRESSED = re.compile(rf"({_NUMBERS})(?:--?|;)(?:br|deflate|gzip|zstd)")
_ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_ENTITY_TAGS = re.compile(rf"[\s,]*(?:{_ENTITY_TAG.pattern}\s*(?:,[\s,]*|$))+")


class Precondition(NamedTuple):
    """The versions that a request names; each set contains opaque tags, or only ANY."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def from_headers(cls, if_match: str | None, if_none_match: str | None) -> Self:
        """Parse the two headers. Raises InvalidPrecondition for a value that is neither `*` nor a list of tags."""
        return cls(_tags("If-Match", if_match), _tags("If-None-Match", if_none_match))

    @property
    def is_given(self) -> bool:
        return self.if_match is not None or self.if_none_match is not None

    @property
    def is_forced(self) -> bool:
        """Whether it lets a save replace a version that the client did not name."""
        names_versions = self.if_match is not None and ANY not in self.if_match
        return not names_versions and self.if_none_match != _ANY_ALONE

    def holds(self, version: int | str) -> bool:
        """Whether the condition holds for a document at `version`; 0 means that it was never saved."""
        exists, tag = str(version) != "0", str(version)
        if self.if_match is not None and not (exists if ANY in self.if_match else tag in self.if_match):
            return False
        if self.if_none_match is not None:
            return not (exists if ANY in self.if_none_match else tag in self.if_none_match)
        return True

    @property
    def only(self) -> int | None:
        """The only version at which the condition holds, if that is certain without reading the document."""
        if self.if_match is None:
            return 0 if self.if_none_match == _ANY_ALONE else None
        base = self.base
        return base if base is not None and self.holds(base) else None

    @property
    def base(self) -> int | None:
        """The single version that If-Match names: the base of the client's document."""
        if self.if_match is None or len(self.if_match) != 1:
            return None
        (tag,) = self.if_match
        return int(tag) if _VERSION.fullmatch(tag) else None

    @property
    def document(self) -> dict[str, list[str] | None]:
        """The precondition as JSON; `from_document` is its inverse."""
        return {"ifMatch": _sorted(self.if_match), "ifNoneMatch": _sorted(self.if_none_match)}

    @classmethod
    def from_document(cls, document: Mapping[str, list[str] | None]) -> Self:
        """Read what `document` returned."""
        sets = (tags if tags is None else frozenset(tags) for tags in (document["ifMatch"], document["ifNoneMatch"]))
        return cls(*sets)

    def narrowed(self, parts: int) -> Self:
        """Compare only the first `parts` numbers of composite tags such as the data's `1.0.3`."""
        return self._replace(
            if_match=_narrow_all(self.if_match, parts),
            if_none_match=_narrow_all(self.if_none_match, parts),
        )


def entity_tag(*versions: int) -> str:
    """Make an opaque tag from the versions of a document's parts, omitting trailing zeros."""
    last = max((place for place, version in enumerate(versions) if version), default=0)
    return ".".join(map(str, versions[: last + 1]))


def is_current(if_none_match: str | None, version: int | str) -> bool:
    """Whether the reader already has this version (RFC 9110, section 13.1.2), so that the response is 304."""
    if if_none_match is None:
        return False
    tags = _tags("If-None-Match", if_none_match) or frozenset()
    return ANY in tags or str(version) in tags


def _tags(header: str, value: str | None) -> frozenset[str] | None:
    if value is None:
        return None
    if value.strip() == "*":
        return _ANY_ALONE
    if not _ENTITY_TAGS.fullmatch(value.strip()):
        error = FieldError(header, 'This must be a version in double quotes, such as "7", a list of these, or *.')
        raise InvalidPrecondition(f"The {header} header is not valid.", [error])
    return frozenset(map(_as_issued, _ENTITY_TAG.findall(value)))


def _as_issued(tag: str) -> str:
    """Return a tag without the coding that a proxy appended; any other tag is unchanged."""
    compressed = _COMPRESSED.fullmatch(tag)
    return compressed[1] if compressed else tag


def _sorted(tags: frozenset[str] | None) -> list[str] | None:
    return None if tags is None else sorted(tags)


def _narrow_all(tags: frozenset[str] | None, parts: int) -> frozenset[str] | None:
    return tags and frozenset(_narrow(tag, parts) for tag in tags)


def _narrow(tag: str, parts: int) -> str:
    if not _COMPOSITE.fullmatch(tag):
        return tag
    return entity_tag(*map(int, tag.split(".")[:parts]))
