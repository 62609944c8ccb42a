"""What a save made of an older version, and how it joins what was saved since: the decisions of `config_saves`.

An undo of version n is such a save: it makes version n - 1 of version n.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.json_fast import parsed, written
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.merge import Merged, merge
from dashboard_store.errors import ConfigConflict
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import REPEATABLE, ConfigVersion

type Read = Callable[[JsonObject], Config]
"""Checks a merged config."""


class Joined(NamedTuple):
    """What a merge makes the newest config, and the pointers of what it moved down in it."""

    config: Config | None
    adjusted: Sequence[str] = ()


class Branch(NamedTuple):
    """What a client made of version `base`; `before` is that version, None if history no longer holds it."""

    address: ConfigAddress
    base: int
    before: ConfigVersion | None
    config: Config | None
    origin: Origin
    precondition: Precondition = Precondition()

    @property
    def is_undo(self) -> bool:
        return self.origin.undo_of is not None

    def joined(self, newest: ConfigVersion, read: Read | None) -> Joined:
        """Merge with the newest version. Raises ConfigConflict, and what `read` raises; without `read`, refuses."""
        if self.before is None:
            raise refusal(newest, self.base)
        if self.is_undo and newest.digest == self.before.digest:
            # Nothing was changed since, so the version before is back as it was saved, or absent as it was.
            return Joined(self.config)
        theirs = newest.config(parsed)
        merged = merged_with(newest, theirs, self.before.config(parsed), self.config)
        if merged.conflicts or read is None:
            raise refusal(newest, self.base, merged.conflicts, theirs=theirs)
        return Joined(None if merged.document is None else read(merged.document), merged.adjusted)

    def missed(self, newest: ConfigVersion) -> int:
        """Return the version after which a repetition of this save may have taken effect.

        An undo is of any age and may name no newer version: what its client can have missed is the newest versions.
        """
        if not self.is_undo:
            return self.base
        named = self.precondition.only
        return max(self.base, newest.version - REPEATABLE) if named is None else named


def merged_with(
    newest: ConfigVersion, theirs: JsonObject | None, before: JsonObject | None, mine: Config | None
) -> Merged:
    """Merge a save with `theirs`, the newest config; a base without a config counts as a config without charts.

    Saving a config after the whole config was deleted is a conflict at the root, even if the save changed nothing: a
    client that saves a config wants it to exist.
    """
    if mine and theirs is None and newest.version:
        return Merged(None, ("",))
    return merge(before or {"chartCustomizations": {}}, theirs, mine.document if mine else None)


def refusal(
    newest: ConfigVersion,
    base: int | None,
    conflicts: Sequence[str] | None = None,
    detail: str = "",
    theirs: JsonObject | None = None,
) -> ConfigConflict:
    """Return the conflict of a save with the newest version; `theirs` is its config if that was decoded already."""
    return ConfigConflict(
        version=newest.version,
        document=theirs or newest.config(parsed),
        base=base,
        updated_at=newest.updated_at,
        updated_by=newest.updated_by,
        source=newest.source,
        conflicts=conflicts,
        detail=detail,
    )


def saved_again(version: ConfigVersion) -> Config | None:
    """Return the config of a version to save it once more, exactly as it is: it passed every check then."""
    document = version.config(parsed)
    return None if document is None else Config.of(document, written(document).encode())
