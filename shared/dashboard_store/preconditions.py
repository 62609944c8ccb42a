"""If-Match and If-None-Match (RFC 9110, section 13.1) as a function of the document's current entity tag.

An entity tag is the version in quotes. Behind a proxy that compresses, a tag may come back weak (`W/"7"`). It names the
same version, so tags are compared without the mark.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Self

from dashboard_store.errors import FieldError, InvalidPrecondition

# Stands for `*`: no opaque tag contains quotation marks, so it differs from the tag `"*"`, which names one version.
ANY: Final = '"*"'
_ANY_ALONE: Final = frozenset({ANY})

# A tag may hold a larger number than any version has; it then names a version that does not exist.
_NUMBER: Final = r"(?:0|[1-9][0-9]{0,15})"
_VERSION = re.compile(_NUMBER)
_ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_ENTITY_TAGS = re.compile(rf"[\s,]*(?:{_ENTITY_TAG.pattern}\s*(?:,[\s,]*|$))+")


@dataclass(frozen=True, slots=True)
class Precondition:
    """The versions that a request names; each set holds opaque tags, or ANY alone."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    @classmethod
    def from_headers(cls, if_match: str | None, if_none_match: str | None) -> Self:
        """Read the two headers' values. Raises InvalidPrecondition for what is neither `*` nor a list of tags."""
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
        """Whether the condition holds of a document at `version`; 0 means that nothing was ever saved."""
        exists, tag = str(version) != "0", str(version)
        if self.if_match is not None and not (exists if ANY in self.if_match else tag in self.if_match):
            return False
        if self.if_none_match is not None:
            return not (exists if ANY in self.if_none_match else tag in self.if_none_match)
        return True

    @property
    def only(self) -> int | None:
        """The one version at which the condition holds, where that is certain without reading the document."""
        if self.if_match is None:
            return 0 if self.if_none_match == _ANY_ALONE else None
        base = self.base
        return base if base is not None and self.holds(base) else None

    @property
    def base(self) -> int | None:
        """The one version that If-Match names: what the client's document was made from."""
        if self.if_match is None or len(self.if_match) != 1:
            return None
        (tag,) = self.if_match
        return int(tag) if _VERSION.fullmatch(tag) else None

    def narrowed(self, parts: int) -> Self:
        """Compare only the first `parts` numbers of composite tags such as the data's `1.0.3`."""
        return replace(
            self,
            if_match=_narrow_all(self.if_match, parts),
            if_none_match=_narrow_all(self.if_none_match, parts),
        )


def entity_tag(*versions: int) -> str:
    """Make an opaque tag of the versions of a document's parts; trailing parts at 0 are left out."""
    last = max((place for place, version in enumerate(versions) if version), default=0)
    return ".".join(map(str, versions[: last + 1]))


def is_current(if_none_match: str | None, version: int | str) -> bool:
    """Whether a reader already has this version (RFC 9110, section 13.1.2), so that 304 is the answer."""
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
        error = FieldError(header, 'expected "<version>" in quotes, a list of these, or *')
        raise InvalidPrecondition(f"The header {header} cannot be read.", [error])
    return frozenset(_ENTITY_TAG.findall(value))


def _narrow_all(tags: frozenset[str] | None, parts: int) -> frozenset[str] | None:
    return tags and frozenset(_narrow(tag, parts) for tag in tags)


def _narrow(tag: str, parts: int) -> str:
    if not re.fullmatch(rf"{_NUMBER}(\.{_NUMBER})*", tag):
        return tag
    return entity_tag(*map(int, tag.split(".")[:parts]))
