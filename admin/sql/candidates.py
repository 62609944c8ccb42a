"""Configs of the source in the order of their precedence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard_store.documents.config import Config

# The ranks of configs, the highest last.
CHARTS, SETTINGS, SESSION, SAVED = range(4)
RANKS: Final = {
    CHARTS: "The config is chartCustomizations of the newest data: there is no other.",
    SETTINGS: "The config is dashboardConfig of the project's settings: no row of its owner has one.",
    SESSION: "The config is that of the owner's newest session: no row is without a session.",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A config that can be stored, its time, and the row that it is from; `is_saved` if that is without a session."""

    table: str
    row_id: str
    config: Config
    moment: datetime
    rank: int = SAVED

    @property
    def is_saved(self) -> bool:
        return self.rank == SAVED


def ranked(candidate: Candidate, rank: int) -> Candidate:
    return Candidate(candidate.table, candidate.row_id, candidate.config, candidate.moment, rank)


def different(lower: Iterable[Candidate], saved: Sequence[Candidate]) -> list[Candidate]:
    """Return the versions: each other content of those that are outranked, then those saved, none twice in a row."""
    contents = {each.config.digest for each in saved}
    versions: list[Candidate] = []
    for each in lower:
        if each.config.digest in contents:
            continue
        # The same content of a higher rank takes its place.
        versions = [other for other in versions if other.config.digest != each.config.digest]
        versions.append(each)
    for each in saved:
        if versions and versions[-1].config.digest == each.config.digest:
            versions.pop()
        versions.append(each)
    return versions
