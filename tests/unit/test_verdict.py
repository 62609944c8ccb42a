"""The verdict on a run of devices finds each kind of violation, and nothing in a run without one."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from devices.log import Act, Changes, Config, End, Log, Place, Save, State
from devices.verdict import EDITS, Verdict

DEVICE = Place("device1", "ann", "sales")
OTHERS = Place("others", "ann", "sales")
EDIT = "ann.device1.1"


def config(title: str = "first", **edits: str) -> Config:
    return {"chartCustomizations": {"c1": {"title": title}}, "extensions": {"edits": edits}}


def as_text(value: Config) -> str:
    return json.dumps(value, separators=(",", ":"))


def edit(at: int = 1, seq: int = 1, **given: Any) -> Act:
    return Act(at, DEVICE, "page", seq, "edit", {EDITS + EDIT: EDIT}, **{"edit": EDIT, **given})


def act(name: str, changes: Changes, at: int = 3, page: str = "page") -> Act:
    return Act(at, DEVICE, page, at, name, changes)


def patch(body: Any, base: int | None = 1, version: int | None = 2, **given: Any) -> Save:
    values = {
        "place": DEVICE,
        "method": "PATCH",
        "base": base,
        "key": f"key-{version}",
        "media_type": "application/json-patch+json",
        "restored": None,
        "body": body,
        "status": 200,
        "version": version,
    }
    return Save(**{**values, **given})


def retitle(title: str, base: int | None = 1, version: int | None = 2, **given: Any) -> Save:
    body = [{"op": "replace", "path": "/chartCustomizations/c1/title", "value": title}]
    return patch(body, base, version, **given)


def add(base: int | None = 1, version: int | None = 2, **given: Any) -> Save:
    return patch([{"op": "add", "path": EDITS + EDIT, "value": EDIT}], base, version, **given)


def drop(base: int | None, version: int | None, **given: Any) -> Save:
    return patch([{"op": "remove", "path": EDITS + EDIT}], base, version, **given)


def state(seq: int, version: int, status: str = "clean", page: str = "page", **given: Any) -> State:
    values = {"origin": "network", "is_kept": True, "text": None, "tab": "left"}
    return State(place=DEVICE, page=page, seq=seq, version=version, status=status, **{**values, **given})


def titled(title: str, at: int = 1, seen: str = "first", **given: Any) -> Act:
    place = "/chartCustomizations/c1/title"
    return Act(at, DEVICE, "page", at, "title", {place: title}, {place: seen}, **given)


def broken(log: Log, *history: Config) -> set[str]:
    """Name the promises that are broken in a history of these versions."""
    found = Verdict(log, {("ann", "sales"): dict(enumerate(history, 1))}).violations()
    return {promise for promise, violations in found.items() if violations}


def test_a_faultless_run_breaks_no_promise() -> None:
    """Nothing is found if each version is one save, each value was issued, and each clean state is its version."""
    second, third = config(**{EDIT: EDIT}), config("second", **{EDIT: EDIT})
    log = Log(
        saves=[add(), retitle("second", 1, 3)],
        acts=[edit(), titled("second", 2)],
        states=[
            state(1, 1, text=as_text(config())),
            state(3, 2, text=as_text(second)),
            state(4, 3, text=as_text(third)),
        ],
    )
    assert broken(log, config(), second, third) == set()


def test_the_edits_that_may_not_be_lost_are_counted() -> None:
    """An edit counts if it was kept or saved."""
    histories = {("ann", "sales"): {1: config(), 2: config(**{EDIT: EDIT})}}
    assert Verdict(Log(acts=[edit()]), histories).edits_held() == 1
    assert Verdict(Log(acts=[edit()]), {("ann", "sales"): {1: config()}}).edits_held() == 0
    kept = Log(acts=[edit()], states=[state(2, 1, "dirty")])
    assert Verdict(kept, {("ann", "sales"): {1: config()}}).edits_held() == 1


def test_a_kept_edit_that_was_never_saved_is_lost() -> None:
    """An edit that its page called kept has to reach history."""
    assert broken(Log(acts=[edit()], states=[state(2, 1, "dirty")]), config()) == {"edits lost"}
    ends = [End(2, DEVICE, "page", was_full=True)]
    assert broken(Log(acts=[edit()], states=[state(2, 1, "dirty")], ends=ends), config()) == {"edits lost"}


@pytest.mark.parametrize(
    "log",
    [
        Log(acts=[edit()], states=[state(2, 1, "dirty", is_kept=False)]),
        Log(acts=[edit(), act("correct", {}, 3)], states=[state(2, 1, "dirty")]),
        Log(acts=[edit()], states=[state(2, 1, "dirty")], ends=[End(2, DEVICE, "page", forgets=True)]),
        Log(
            acts=[edit(), act("title", {}, 2, "next")],
            states=[state(2, 1, "dirty"), state(3, 1, "dirty", "next", is_kept=False)],
            ends=[End(2, DEVICE, "page"), End(3, DEVICE, "next", was_full=True)],
        ),
        Log(acts=[edit(), act("discard", {EDITS + EDIT: None}, 2)], states=[state(3, 1, "dirty")]),
        Log(acts=[edit(), act("undo", {EDITS + EDIT: None}, 3, "next")], states=[state(2, 1, "dirty")]),
    ],
    ids=[
        "never kept",
        "not kept since something else was done",
        "forgotten",
        "in a full storage",
        "discarded",
        "undone after a reload",
    ],
)
def test_an_edit_that_was_not_promised_may_be_missing(log: Log) -> None:
    """An edit may be missing if it was not kept, if the browser forgot it, or if its user took it back."""
    assert broken(log, config()) == set()


def test_a_saved_edit_that_disappears_is_lost() -> None:
    """A saved edit may not disappear with a save that does not remove it."""
    log = Log(saves=[add(), retitle("second", 2, 3)], acts=[edit(), titled("second", 2)])
    assert broken(log, config(), config(**{EDIT: EDIT}), config("second")) == {
        "edits lost",
        "versions that are not one save's edits",
    }


@pytest.mark.parametrize(
    ("save", "acts"),
    [
        (drop(2, 3), [act("undo", {EDITS + EDIT: None})]),
        (patch(None, 2, 3, place=OTHERS, method="POST", media_type="", restored=1), []),
    ],
    ids=["undone", "restored"],
)
def test_a_saved_edit_may_be_removed(save: Save, acts: list[Act]) -> None:
    """A save that says so removes an edit: an undo's, or a restore."""
    assert broken(Log(saves=[add(), save], acts=[edit(), *acts]), config(), config(**{EDIT: EDIT}), config()) == set()


@pytest.mark.parametrize("text", [as_text(config("other")), '{"extensions":{"edits":{}},"chartCustomizations":{}}'])
def test_a_clean_state_that_shows_something_else_is_found(text: str) -> None:
    """A clean state shows its version's config, in the order of its members, and so do those that follow it."""
    assert broken(Log(states=[state(1, 1, text=text)]), config()) == {"clean states that were not"}
    states = [state(1, 1, text=as_text(config())), state(2, 2)]
    log = Log(saves=[retitle("second")], acts=[titled("second")], states=states)
    assert broken(log, config(), config("second")) == {"clean states that were not"}


@pytest.mark.parametrize(
    "acts",
    [[], [titled("another")], [Act(1, OTHERS, "page", 1, "title", {"/chartCustomizations/c1/title": "second"})]],
    ids=["nothing", "another value", "another device"],
)
def test_a_value_that_nobody_issued_is_invented(acts: list[Act]) -> None:
    """A client saves only values that were issued on its device, whether the server accepts the save or not."""
    assert "edits invented" in broken(Log(saves=[retitle("second")], acts=acts), config(), config("second"))
    refused = retitle("second", version=None, status=412)
    assert "edits invented" in broken(Log(saves=[refused], acts=acts), config())


@pytest.mark.parametrize(
    "second",
    [config("other"), config("second", more="x"), config()],
    ids=["another value", "more", "nothing"],
)
def test_a_version_that_no_save_explains_is_found(second: Config) -> None:
    """A version differs from the one before by exactly one save."""
    log = Log(saves=[retitle("second")], acts=[titled("second")])
    assert "versions that are not one save's edits" in broken(log, config(), second)
    assert "versions that are not one save's edits" in broken(Log(), config(), second)


def test_a_side_of_a_conflict_is_issued() -> None:
    """To resolve a conflict may bring back what the other side has removed."""
    resolved = replace(act("resolve", {}), mine={EDITS + EDIT: EDIT})
    assert broken(Log(saves=[add()], acts=[resolved]), config(), config(**{EDIT: EDIT})) == set()


def test_others_save_in_other_forms() -> None:
    """Whole configs, merge patches and restores explain versions like JSON patches do."""
    whole = patch(config("second"), 1, 2, place=OTHERS, method="PUT", media_type="application/json")
    body = {"chartCustomizations": {"c1": {"title": "third"}}}
    merged = patch(body, None, 3, place=OTHERS, media_type="application/merge-patch+json")
    restored = patch(None, 3, 4, place=OTHERS, method="POST", media_type="", restored=1)
    history = [config(), config("second"), config("third"), config()]
    assert broken(Log(saves=[whole, merged, restored]), *history) == set()


def test_a_value_overwritten_unread_is_found() -> None:
    """A save on version 1 may not replace a value of version 2."""
    log = Log(saves=[retitle("second"), retitle("third", 1, 3)], acts=[titled("second"), titled("third")])
    history = config(), config("second"), config("third")
    assert broken(log, *history) == {"values overwritten unread"}
    read = [titled("second"), titled("third", 2, "second")]
    assert broken(Log(saves=[retitle("second"), retitle("third", 2, 3)], acts=read), *history) == set()


def test_a_value_overwritten_unseen_is_found() -> None:
    """A save that had read a value may replace it only if a page has shown it, or shown its conflict."""
    theirs = patch([{"op": "replace", "path": "/chartCustomizations/c1/title", "value": "second"}], 1, 2, place=OTHERS)
    mine, resolved = titled("third"), act("resolve", {})
    others = Act(1, OTHERS, "page", 1, "title", {"/chartCustomizations/c1/title": "second"}, mine.seen)
    log = Log(saves=[theirs, retitle("third", 2, 3)], acts=[others, mine])
    history = config(), config("second"), config("third")
    assert broken(log, *history) == {"values overwritten unseen"}
    log.acts.append(replace(resolved, theirs={"/chartCustomizations/c1/title": "second"}))
    assert broken(log, *history) == set()


@pytest.mark.parametrize("name", ["undo", "redo"])
def test_an_undo_of_anothers_edit_is_found(name: str) -> None:
    """An undo changes only places that its device has changed."""
    assert broken(Log(acts=[act(name, {"/chartCustomizations/c1/title": "first"})]), config()) == {
        "undos of others' edits"
    }


def test_an_edit_of_another_user_is_found() -> None:
    """A user's project holds no value of another user."""
    first = config("bob.device2.7")
    assert broken(Log(), first) == {"edits in another user's project"}


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ([state(1, 2, "dirty"), state(2, 1, "dirty")], {"versions that went back"}),
        ([state(1, 2), state(1, 1, page="next")], {"versions that went back"}),
        ([state(1, 2), state(1, 1, "dirty", page="next")], set()),
        ([state(1, 2), state(1, 1, page="next", origin="cache"), state(2, 2, page="next")], set()),
        ([state(1, 2), state(1, 1, page="next", tab="right")], set()),
    ],
    ids=["a page", "a tab", "not confirmed", "a copy", "another tab"],
)
def test_a_version_that_goes_back_is_found(states: list[State], found: set[str]) -> None:
    """A page never goes back, nor does a tab's next page once the server has confirmed what it shows as the newest."""
    texts = {1: as_text(config()), 2: as_text(config("second"))}
    shown = [replace(each, text=texts[each.version]) for each in states]
    log = Log(saves=[retitle("second")], acts=[titled("second")], states=shown)
    assert broken(log, config(), config("second")) == found


def test_a_repeated_save_takes_effect_once() -> None:
    """A repetition is answered with the version that the save made, or with a newer one that has its content."""
    log = Log(saves=[add(), add(), retitle("second", 2, 3), add(1, 3, key="key-2")], acts=[edit(), titled("second", 2)])
    assert broken(log, config(), config(**{EDIT: EDIT}), config("second", **{EDIT: EDIT})) == set()


def test_a_save_that_takes_effect_twice_is_found() -> None:
    """A key makes one version, however often the save is repeated."""
    history = config(), config(**{EDIT: EDIT}), config(), config(**{EDIT: EDIT})
    log = Log(saves=[add(), drop(2, 3), add(1, 4, key="key-2")], acts=[edit(), act("undo", {EDITS + EDIT: None})])
    assert broken(log, *history) == {"saves that took effect twice"}


def test_a_repetition_may_take_effect_where_the_server_no_longer_knows_the_key() -> None:
    """The server looks for a key among the 25 versions after the save's base."""
    titles = ["first", *map(str, range(2, 28))]
    before = [config(title) for title in titles]
    history = *before, config("27", **{EDIT: EDIT}), config("27"), config("27", **{EDIT: EDIT})
    retitled = [retitle(title, number, number + 1) for number, title in enumerate(titles) if number]
    acts = [titled(title, seen=seen) for seen, title in itertools.pairwise(titles)]
    log = Log(
        saves=[*retitled, add(1, 28), drop(28, 29), add(1, 30, key="key-28")],
        acts=[*acts, edit(), act("undo", {EDITS + EDIT: None})],
    )
    assert broken(log, *history) == set()


def test_an_edit_that_is_made_twice_is_found() -> None:
    """A save that is repeated with another key changes nothing, unless someone has removed the edit in between."""
    history = config(), config(**{EDIT: EDIT}), config(), config(**{EDIT: EDIT})
    removed = drop(2, 3, place=OTHERS)
    log = Log(saves=[add(), removed, add(1, 4, key="another")], acts=[edit()])
    assert "edits made twice" in broken(log, *history)
    again = [edit(), act("undo", {EDITS + EDIT: None}, 2), act("redo", {EDITS + EDIT: EDIT}, 3)]
    assert "edits made twice" not in broken(replace(log, acts=again), *history)
    unchanged = Log(saves=[add(), add(1, 2, key="another")], acts=[edit()])
    assert broken(unchanged, *history[:2]) == set()
    assert Verdict(unchanged, {("ann", "sales"): dict(enumerate(history[:2], 1))}).repeated_with_another_key() == 1


def test_states_are_read_in_the_order_of_their_page() -> None:
    """A batch of states may arrive after a later one."""
    states = [state(2, 2, text=as_text(config("second"))), state(1, 1, text=as_text(config()))]
    log = Log(saves=[retitle("second")], acts=[titled("second")], states=states)
    assert broken(log, config(), config("second")) == set()
