"""What a run of devices records: the saves that reached the server, what was done on the pages, what they showed."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Config = dict[str, Any]
type Facts = dict[str, str | int]
"""The values of a config by place, of objects and arrays too; an element of an array is placed by its `id`."""
type Changes = dict[str, str | int | None]
"""New values by place; None where the value is removed."""


@dataclass(frozen=True)
class Place:
    """A user's copy of a project on one device: tabs of one place share the browser's storage."""

    device: str
    user: str
    project: str


@dataclass(frozen=True)
class Save:
    """A request that changes a config, as the server received it, and the server's answer."""

    place: Place
    method: str
    base: int | None
    """The version in `If-Match`; None for whichever is newest."""
    key: str | None
    media_type: str
    restored: int | None
    body: Any
    status: int
    version: int | None
    """The version in the answer, whether this save made it or repeats one that did."""


@dataclass(frozen=True)
class Act:
    """Something done on a page, and how it changed the config shown. `at` orders acts and ends of all devices."""

    at: int
    place: Place
    page: str
    seq: int
    name: str
    changes: Changes
    seen: Facts = field(default_factory=dict)
    """What the page showed before, at the places that changed."""
    theirs: Facts = field(default_factory=dict)
    """The other side of a conflict that this resolves."""
    mine: Changes = field(default_factory=dict)
    """How this side of it differs from the other side."""
    edit: str | None = None
    """The edit's id, which no other edit has."""


@dataclass(frozen=True)
class State:
    """A state that a page showed; `text` is the config of a clean one as JSON."""

    place: Place
    tab: str
    page: str
    seq: int
    version: int
    status: str
    origin: str | None
    is_kept: bool
    text: str | None


@dataclass(frozen=True)
class End:
    """A page was closed, reloaded or killed.

    `was_full`: while the page was open, the browser could not store everything, so what it had stored before may be
    gone unless the page's last state says that all is kept. `forgets`: the browser lost what it had, or was killed too
    early to say so.
    """

    at: int
    place: Place
    page: str
    forgets: bool = False
    was_full: bool = False


@dataclass
class Log:
    saves: list[Save] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    is_over: bool = False
    """A device has failed, so the others need not go on."""
    next: Callable[[], int] = field(default_factory=lambda: itertools.count().__next__)


def facts(value: Any, place: str = "") -> Facts:
    """Return the values of a config by place, as `facts` in page.js does."""
    if isinstance(value, dict):
        inner = [(f"{place}/{name}", each) for name, each in value.items()]
        return {place: "{}", **_merged(inner)}
    if isinstance(value, list):
        return {place: "[]", **_merged([(f"{place}/{each['id']}", each) for each in value])}
    return {} if value is None else {place: value}


def _merged(values: list[tuple[str, Any]]) -> Facts:
    return {place: fact for at, value in values for place, fact in facts(value, at).items()}


def changes(before: Mapping[str, str | int], after: Mapping[str, str | int]) -> Changes:
    made: Changes = {place: value for place, value in after.items() if before.get(place) != value}
    return made | {place: None for place in before if place not in after}


def changed(before: Mapping[str, str | int], by: Changes) -> Facts:
    return {place: value for place, value in {**before, **by}.items() if value is not None}
