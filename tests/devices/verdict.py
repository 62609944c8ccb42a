"""Holds what devices recorded, and what the server has, against the client's promises.

Each function lists the violations of one promise. Histories are configs by version, by user and project.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import jsonpatch
from devices.log import Act, Changes, Config, Facts, Log, Place, Save, State, changed, changes, facts
from support.storage.model import patched

from dashboard_store.repository.configs import REPEATABLE

type History = Mapping[int, Config]
type Histories = Mapping[tuple[str, str], History]

EDITS: Final = "/extensions/edits/"
_ISSUED = re.compile(r'"([\w-]+)\.[\w-]+\.\d+"')


class Verdict:
    """The violations by promise."""

    def __init__(self, log: Log, histories: Histories) -> None:
        self._log = log
        self._histories = histories
        self._facts = cache(lambda user, project, version: facts(histories[user, project].get(version)))
        self._answered: dict[tuple[str, str, int], list[Save]] = defaultdict(list)
        for save in log.saves:
            if save.version is not None and save.status < 300:
                self._answered[save.place.user, save.place.project, save.version].append(save)

    def violations(self) -> dict[str, list[str]]:
        found: dict[str, Callable[[], Iterator[str]]] = {
            "edits lost": self.edits_lost,
            "clean states that were not": self.false_clean_states,
            "edits invented": self.edits_invented,
            "versions that are not one save's edits": self.unexplained_versions,
            "values overwritten unread": self.overwritten_unread,
            "values overwritten unseen": self.overwritten_unseen,
            "undos of others' edits": self.undone_for_others,
            "edits in another user's project": self.edits_of_strangers,
            "versions that went back": self.versions_that_went_back,
            "saves that took effect twice": self.repeated_saves,
            "edits made twice": self.edits_made_twice,
        }
        return {promise: list(check()) for promise, check in found.items()}

    def edits_held(self) -> int:
        """Count the edits that were kept or saved: those that may not be lost."""
        saved = {place for user, project in self._histories for place in self._ever(user, project)}
        edits = [act.edit for act in self._log.acts if act.edit is not None]
        promised = self._promised()
        return sum(edit in promised or EDITS + edit in saved for edit in edits)

    def edits_lost(self) -> Iterator[str]:
        """An edit that was kept or saved stands until a discard, an undo, a decision or a restore removes it."""
        promised = self._promised()
        for act in self._log.acts:
            if act.edit is None or act.changes.get(EDITS + act.edit) is None:
                continue
            place, history = EDITS + act.edit, self._history(act.place)
            found = [place in self._of(act.place, version) for version in sorted(history)]
            if found and found[-1]:
                continue
            if any(found):
                gone = [version for version in sorted(history)[1:] if self._vanishes(act.place, place, version)]
                yield from (
                    f"{act.edit} is gone in version {v}" for v in gone if not self._removes(act.place, place, v)
                )
            elif act.edit in promised and not self._taken_back(act):
                yield f"{act.edit} was kept and never saved"

    def false_clean_states(self) -> Iterator[str]:
        """A clean state shows the server's config of its version, as JSON text."""
        texts: dict[str, str] = {}
        for state in self._states():
            if state.status != "clean":
                continue
            text = texts[state.page] = state.text or texts.get(state.page, "")
            config = self._history(state.place).get(state.version)
            if text != json.dumps(config, separators=(",", ":"), ensure_ascii=False):
                yield f"{state.page} {state.seq} shows something else than version {state.version}: {text[:2000]}"

    def edits_invented(self) -> Iterator[str]:
        """Every value that a client saves was issued on its device, or was its side of a conflict that was resolved."""
        issued: dict[Place, set[tuple[str, Any]]] = defaultdict(set)
        for act in self._log.acts:
            issued[act.place].update(act.changes.items(), act.mine.items())
        for save in self._log.saves:
            if save.media_type == "application/json-patch+json":
                for change in self._changes_of(save, save.base or 0).items():
                    if change not in issued[save.place]:
                        yield f"{save.place} saved {change} with the key {save.key} on version {save.base}"

    def undone_for_others(self) -> Iterator[str]:
        """An undo or a redo changes only what was changed before on its device."""
        touched: dict[Place, set[str]] = defaultdict(set)
        for act in sorted(self._log.acts, key=lambda act: act.at):
            if act.name in ("undo", "redo") and act.changes.keys() - touched[act.place]:
                yield f"the {act.name} {act.at} in {act.place} changes {act.changes}"
            touched[act.place].update(act.changes)

    def unexplained_versions(self) -> Iterator[str]:
        """The difference of two neighbouring versions is exactly the change of one save."""
        for (user, project), history in self._histories.items():
            for version in sorted(history)[1:]:
                saves = self._answered[user, project, version]
                if not any(self._result(save, version) == facts(history[version]) for save in saves):
                    found = changes(self._facts(user, project, version - 1), facts(history[version]))
                    yield f"version {version} of {user} {project} changes {found}, which none of {saves} does"

    def overwritten_unread(self) -> Iterator[str]:
        """A save changes a value only if it had read the value that it replaces."""
        for (user, project, version), saves in self._answered.items():
            if not any(self._has_read_all(save, version) for save in saves):
                yield f"version {version} of {user} {project} replaces a value that {saves} had not read"

    def overwritten_unseen(self) -> Iterator[str]:
        """A save changes a title only if a page of its device had shown the title that it replaces."""
        shown = [(act.place, values) for act in self._log.acts for values in (act.seen, act.theirs)]
        seen = {(at, place, value) for at, values in shown for place, value in values.items()}
        for save in self._log.saves:
            if save.media_type == "application/json-patch+json" and save.status < 300:
                base = self._of(save.place, save.base or 0)
                for place, value in self._changes_of(save, 0).items():
                    is_title = place.endswith("/title") and place in base and value is not None
                    if is_title and (save.place, place, base[place]) not in seen:
                        yield f"{save.place} replaced {base[place]} by {value} with the key {save.key}"

    def edits_of_strangers(self) -> Iterator[str]:
        """A user's projects contain only what this user issued."""
        for (user, project), history in self._histories.items():
            for version, config in history.items():
                names = set(_ISSUED.findall(json.dumps(config, ensure_ascii=False)))
                if names - {user}:
                    yield f"version {version} of {user} {project} has edits of {names - {user}}"

    def versions_that_went_back(self) -> Iterator[str]:
        """Within a page the version never falls; over reloads of a tab, the versions confirmed as the newest."""
        shown: dict[str, int] = {}
        confirmed: dict[tuple[Place, str], int] = {}
        for state in self._states():
            if state.version < shown.get(state.page, 0):
                yield f"{state.page} went from version {shown[state.page]} back to {state.version}"
            shown[state.page] = state.version
            if state.origin == "network" and state.status == "clean":
                tab = state.place, state.tab
                if state.version < confirmed.get(tab, 0):
                    yield f"{tab} went from version {confirmed[tab]} back to {state.version}"
                confirmed[tab] = state.version

    def repeated_saves(self) -> Iterator[str]:
        """A key makes at most one version, the first that it is answered with, if the server looks for it there."""
        made: dict[str, int] = {}

        def is_repeated(save: Save, version: int) -> bool:
            first = made.get(save.key or "", version)
            return first < version and first <= (save.base or 0) + REPEATABLE

        for (user, project, version), saves in sorted(self._answered.items()):
            makers = [save for save in saves if self._result(save, version) == self._facts(user, project, version)]
            if makers and all(is_repeated(save, version) for save in makers):
                yield f"version {version} of {user} {project} repeats version {made[makers[0].key or '']}"
            for save in saves:
                if save.key is not None:
                    made.setdefault(save.key, version)

    def edits_made_twice(self) -> Iterator[str]:
        """An edit that someone has removed comes back only if its device makes it again."""
        again = {place for act in self._log.acts for place, value in act.changes.items() if value is None}
        for (device, place), keys in self._keys().items():
            if len(keys) == 1 or place in again:
                continue
            made = [
                version
                for version in sorted(self._history(device))[1:]
                if self._appears(device, place, version)
                and any(save.key in keys for save in self._answered[device.user, device.project, version])
            ]
            if len(made) > 1:
                yield f"{place} was made by {device} in the versions {made}"

    def repeated_with_another_key(self) -> int:
        """Count the edits that were saved with two keys: a page was closed before the browser had stored the first."""
        return sum(len(keys) > 1 for keys in self._keys().values())

    def _keys(self) -> dict[tuple[Place, str], set[str]]:
        """Return the keys with which each edit was saved, by device and place."""
        keys: dict[tuple[Place, str], set[str]] = defaultdict(set)
        for (_, _, version), saves in self._answered.items():
            for save in saves:
                for place, value in self._changes_of(save, version - 1).items():
                    if place.startswith(EDITS) and value is not None and save.key and save.restored is None:
                        keys[save.place, place].add(save.key)
        return keys

    # --- what the log says ---

    def _states(self) -> list[State]:
        """Return the states of each page in order; the pages of a tab are in the order in which they were opened."""
        opened = {page: index for index, page in reversed(list(enumerate(state.page for state in self._log.states)))}
        return sorted(set(self._log.states), key=lambda state: (opened[state.page], state.seq))

    def _promised(self) -> set[str]:
        """Return the edits of pages whose last state called them kept, and that nothing made the browser forget."""
        last = {act.page: act.seq for act in sorted(self._log.acts, key=lambda act: act.seq)}
        kept = {state.page for state in self._log.states if state.is_kept and state.seq > last.get(state.page, 0)}
        ends = sorted(self._log.ends, key=lambda end: end.at)
        forgotten = {end.place: end.at for end in ends if end.forgets or (end.was_full and end.page not in kept)}
        return {
            act.edit
            for act in self._log.acts
            if act.edit is not None and act.page in kept and act.at > forgotten.get(act.place, -1)
        }

    def _taken_back(self, edit: Act) -> bool:
        place = EDITS + (edit.edit or "")
        later = (act for act in self._log.acts if act.place == edit.place and act.at > edit.at)
        return any(place in act.changes and act.changes[place] is None for act in later)

    # --- what the history says ---

    def _history(self, place: Place) -> History:
        return self._histories[place.user, place.project]

    def _of(self, place: Place, version: int) -> Facts:
        return self._facts(place.user, place.project, version)

    def _ever(self, user: str, project: str) -> Iterator[str]:
        """List the places of all versions."""
        for version in self._histories[user, project]:
            yield from self._facts(user, project, version)

    def _vanishes(self, of: Place, place: str, version: int) -> bool:
        return place in self._of(of, version - 1) and place not in self._of(of, version)

    def _appears(self, of: Place, place: str, version: int) -> bool:
        return place in self._of(of, version) and place not in self._of(of, version - 1)

    def _removes(self, of: Place, place: str, version: int) -> bool:
        """Whether a save that was answered with this version says that it removes the value."""
        saves = self._answered[of.user, of.project, version]
        return any(save.restored or self._changes_of(save, version - 1).get(place, "") is None for save in saves)

    def _changes_of(self, save: Save, before: int) -> Changes:
        """Return what a save changes of the version that it names, or else of the version before."""
        base = before if save.base is None else save.base
        config = self._history(save.place).get(base)
        if save.restored is not None:
            made = self._history(save.place).get(save.restored)
        elif save.media_type == "application/json-patch+json":
            made = jsonpatch.apply_patch(config, save.body)
        elif save.media_type == "application/merge-patch+json":
            made = patched(config, save.body)
        else:
            made = save.body
        return changes(facts(config), facts(made))

    def _result(self, save: Save, version: int) -> Facts:
        return changed(self._of(save.place, version - 1), self._changes_of(save, version - 1))

    def _has_read_all(self, save: Save, version: int) -> bool:
        before, base = self._of(save.place, version - 1), self._of(save.place, save.base or version - 1)
        made = self._changes_of(save, version - 1)
        return all(before.get(place) in (base.get(place), value) for place, value in made.items())
