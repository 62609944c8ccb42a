"""The judge of merges in `tests/merging` names each kind of fault, and none in an outcome without faults.

The outcomes here are made by hand, as a faulty merge would make them; no merge runs.
"""

import copy
from typing import Any

import pytest
from merging.checker import ANYTHING, Judge, Outcome
from merging.grids import Path
from merging.hand import Edit
from merging.leaves import leaves
from merging.pairs import Pair, Side, pair
from merging.validity import dangling, grids, overlapping, repeated

A, B = ("children", "id=a"), ("children", "id=b")
BASE: dict[str, Any] = {
    "children": [
        {"id": "a", "x": 0, "y": 0, "w": 6, "h": 4, "title": "A"},
        {"id": "b", "x": 0, "y": 4, "w": 6, "h": 4, "title": "B"},
    ],
    "filters": [{"id": "f", "chart": "a", "column": "month"}],
    "tags": ["one"],
}


def changed(**changes: Any) -> dict[str, Any]:
    """Change members of a tile, such as `b_y=8`; of the dashboard, such as `tags=[]`; or remove a tile, `b=None`."""
    made = copy.deepcopy(BASE)
    for name, value in changes.items():
        tile, _, member = name.partition("_")
        if name in {"a", "b"}:
            made["children"] = [each for each in made["children"] if each["id"] != name]
        elif member:
            next(each for each in made["children"] if each["id"] == tile)[member] = value
        else:
            made[name] = value
    return made


def side(document: Any, *chosen: Path) -> Side:
    return Side(document, [Edit("edited", frozenset(), frozenset(chosen))])


def kinds(theirs: Side, mine: Side, forward: Outcome, backward: Outcome | None = None) -> set[str]:
    faults = Judge(Pair("GridStack", BASE, theirs, mine)).faults(forward, backward or forward)
    return {fault.kind for fault in faults}


RETITLED, MOVED = side(changed(a_title="New")), side(changed(b_x=6), B)


def test_an_outcome_with_all_edits_has_no_fault() -> None:
    """A retitled and a moved tile, both in the outcome: nothing is wrong, whichever numbers are written as floats."""
    assert kinds(RETITLED, MOVED, Outcome(changed(a_title="New", b_x=6.0, b_y=4.0))) == set()


@pytest.mark.parametrize(
    ("theirs", "outcome"),
    [
        (RETITLED, changed(b_x=6)),
        (side(changed(b=None)), BASE),
        (side(changed(tags=["one", "two"])), BASE),
        (side(changed(filters=[])), BASE),
        (side(changed(children=BASE["children"][::-1])), BASE),
        (side(changed(b_x=6), B), BASE),
        (side(changed(b_h=9)), BASE),
    ],
    ids=["title", "removal", "text added to a set", "filter", "order", "move", "size"],
)
def test_a_lost_edit_is_named(theirs: Side, outcome: Any) -> None:
    """An edit of either side that is not in the outcome is lost."""
    unchanged = side(BASE)
    assert "lost" in kinds(theirs, unchanged, Outcome(outcome))
    assert "lost" in kinds(unchanged, theirs, Outcome(outcome))


def test_what_nobody_touched_is_not_lost() -> None:
    """A value that both sides have must be in the outcome."""
    outcome = changed(a_title="New", b_x=6)
    del outcome["filters"][0]["column"]
    assert kinds(RETITLED, MOVED, Outcome(outcome)) == {"lost"}


def test_an_order_ends_with_its_elements() -> None:
    """Who moved an element past another in an array loses nothing when the other side removes one of the two."""
    three = {"filters": [{"id": "f"}, {"id": "g"}, {"id": "h"}]}
    theirs, mine = {"filters": [{"id": "h"}, {"id": "g"}]}, {"filters": [{"id": "g"}, {"id": "f"}, {"id": "h"}]}
    assert Judge(Pair("charts", three, side(theirs), side(mine))).faults(Outcome(theirs), Outcome(theirs)) == []


def test_a_pushed_place_is_no_edit() -> None:
    """A place to which the grid pushed a tile may yield to the other side's; a dragged tile's may not."""
    moved = side(changed(b_x=6), B)
    assert kinds(side(changed(b_y=9)), moved, Outcome(changed(b_x=6))) == set()
    assert kinds(side(changed(b_y=9), B), moved, Outcome(changed(b_x=6))) == {"lost"}


def test_a_drag_that_looks_like_a_push_is_counted_apart() -> None:
    """Where the same side changed what is above a tile, its grid may have pushed it, and no drag is certain."""
    taller = side(changed(a_h=5, b_y=5), B)
    assert kinds(taller, MOVED, Outcome(changed(a_h=5, b_x=6))) == {"unseen"}


@pytest.mark.parametrize(
    "drag", [{"b_x": 1, "b_y": 5}, {"a_y": 4, "b_y": 0}, {"b_y": 7}], ids=["aside", "past another", "with a gap"]
)
def test_a_drag_that_no_grid_does_is_an_edit(drag: dict[str, int]) -> None:
    """No grid moves a tile aside, past another, or away from what is above it."""
    dragged = side(changed(a_h=5, **drag), B)
    outcome = Outcome(changed(a_h=5, **drag | {"b_x": 6, "b_y": 4}))
    assert kinds(dragged, MOVED, outcome) == {"lost"}


def test_a_drag_without_a_change_above_is_an_edit() -> None:
    """Where nothing above a tile changed, no grid moved it, even if it ends directly below another."""
    loose = Pair("GridStack", changed(b_y=9), side(BASE, B), side(changed(b_y=9, b_x=6), B))
    outcome = Outcome(changed(b_y=9, b_x=6))
    assert {fault.kind for fault in Judge(loose).faults(outcome, outcome)} == {"lost"}


def test_an_edit_in_a_conflict_is_not_lost() -> None:
    """An edit that is absent is not lost if a conflict names it, what it is in or what is in it, and no other."""
    theirs, mine = RETITLED, side(changed(a_title="Other"))
    for pointer in ("/children/0/title", "/children/0", "", *ANYTHING):
        assert kinds(theirs, mine, Outcome(changed(a_title="New"), [pointer])) == set()
    assert kinds(theirs, mine, Outcome(changed(a_title="New"), ["/children/1/title"])) == {"lost"}
    assert kinds(theirs, mine, Outcome(changed(a_title="New"))) == {"lost"}


def test_a_conflict_may_use_the_indices_of_several_documents() -> None:
    """A pointer's first index may be that of theirs and the next that of the base, where theirs removed the element."""
    base = {"tabs": [{"id": "s", "items": []}, {"id": "t", "items": [{"id": "a", "n": 1}]}]}
    theirs = {"tabs": [{"id": "t", "items": []}, {"id": "s", "items": []}]}
    mine = {"tabs": [{"id": "s", "items": []}, {"id": "t", "items": [{"id": "a", "n": 2}]}]}
    judge = Judge(Pair("tabs", base, side(theirs), side(mine)))
    outcome = Outcome(theirs, ["/tabs/0/items/0"])
    assert judge.faults(outcome, outcome) == []


@pytest.mark.parametrize(
    "invented",
    [
        changed(a_title="New", b_x=6, b_note="whence?"),
        changed(a_title="Newer", b_x=6),
        changed(a_title="New", b_x=6, tags=["one", "whence?"]),
        changed(a_title="New", b_x=6, b_y=11),
    ],
    ids=["member", "text", "text of a set", "y"],
)
def test_an_invented_value_is_named(invented: Any) -> None:
    """A value that neither the base nor a side has at that element is invented."""
    assert "invented" in kinds(RETITLED, MOVED, Outcome(invented))


def test_true_is_not_1() -> None:
    """A number in place of a boolean is invented."""
    assert "invented" in kinds(side(changed(a_flag=True)), side(BASE), Outcome(changed(a_flag=1)))


def test_half_a_place_of_each_side_is_invented() -> None:
    """A place is one value: the x of one side with the y of the other is where nobody put the tile."""
    theirs, mine = side(changed(b_x=6), B), side(changed(b_y=9), B)
    assert "invented" in kinds(theirs, mine, Outcome(changed(b_x=6, b_y=9)))


def test_only_what_is_adjusted_may_have_another_y() -> None:
    """A merge may move a tile down, if it says so; neither up nor aside, nor without a word."""
    theirs, mine = side(changed(b_x=6), B), RETITLED
    lower = changed(a_title="New", b_x=6, b_y=7)
    assert kinds(theirs, mine, Outcome(lower, adjusted=["/children/1"])) == set()
    assert kinds(theirs, mine, Outcome(lower, adjusted=["/children/0"])) == {"lost", "invented"}
    for aside_or_higher in (changed(a_title="New", b_x=5, b_y=7), changed(a_title="New", b_x=6, b_y=3)):
        outcome = Outcome(aside_or_higher, adjusted=["/children/1"])
        assert kinds(theirs, mine, outcome) == {"lost", "invented"}


def test_texts_that_each_side_added_stand_together() -> None:
    """A list of texts may hold what both sides added; a list that both rewrote may not be mixed."""
    both = Outcome(changed(tags=["one", "two", "three"]))
    assert kinds(side(changed(tags=["one", "two"])), side(changed(tags=["one", "three"])), both) == set()
    assert "invented" in kinds(
        side(changed(tags=["two"])), side(changed(tags=["three"])), Outcome(changed(tags=["two", "three"]))
    )


def test_an_overlap_is_invalid_where_nothing_overlapped() -> None:
    """Tiles may overlap in the outcome only where they did before; hidden ones and edges that touch do not count."""
    theirs, mine = side(changed(a_y=4, b_y=8), A), side(BASE)
    assert "invalid" in kinds(theirs, mine, Outcome(changed(a_y=4)))
    assert "invalid" not in kinds(theirs, mine, Outcome(changed(a_y=4, b_y=8)))
    hidden = side(changed(b_hidden=True))
    above = side(changed(a_y=4, b_y=8), A)
    assert kinds(above, hidden, Outcome(changed(a_y=4, b_hidden=True))) == set()
    overlapping = side(changed(a_y=3), A)
    assert "invalid" not in kinds(overlapping, mine, Outcome(changed(a_y=3)))


def test_a_tile_beyond_the_right_edge_is_invalid() -> None:
    """No tile reaches further right than any did on either side."""
    moved, widened = side(changed(b_x=6), B), side(changed(b_w=12))
    assert "invalid" in kinds(moved, widened, Outcome(changed(b_x=6, b_w=12)))


def test_an_element_that_stands_twice_is_invalid() -> None:
    """An identity stands once in its array, and once in the document if it did on both sides."""
    doubled = changed(a_title="New", b_x=6)
    doubled["children"].append(copy.deepcopy(doubled["children"][1]))
    assert "invalid" in kinds(RETITLED, MOVED, Outcome(doubled))
    elsewhere = changed(a_title="New", b_x=6)
    elsewhere["more"] = [{"id": "a"}]
    assert "invalid" in kinds(RETITLED, MOVED, Outcome(elsewhere))


def test_a_reference_to_what_is_gone_is_invalid() -> None:
    """A filter names a tile that exists, unless one of the sides already has a reference to nothing."""
    gone = changed(a=None, filters=[])
    added = [*BASE["filters"], {"id": "g", "chart": "a"}]
    outcome = Outcome(changed(a=None, filters=[{"id": "g", "chart": "a"}]))
    assert "invalid" in kinds(side(gone), side(changed(filters=added)), outcome)
    assert "invalid" not in kinds(side(changed(a=None)), side(changed(filters=added)), outcome)


def test_a_torn_element_is_invalid() -> None:
    """An element without the identity that the others in its array have is invalid, and so is what is no JSON."""
    torn = changed(a_title="New", b_x=6)
    del torn["children"][1]["id"]
    assert "invalid" in kinds(RETITLED, MOVED, Outcome(torn))
    assert kinds(RETITLED, MOVED, Outcome(None, is_broken=True)) == {"invalid"}


def test_an_outcome_that_depends_on_the_order_is_named() -> None:
    """Both orders give the same values, or both conflicts."""
    right = changed(a_title="New", b_x=6)
    assert "order" in kinds(RETITLED, MOVED, Outcome(right), Outcome(changed(a_title="New")))
    assert kinds(RETITLED, MOVED, Outcome(None, ANYTHING), Outcome(right)) == {"order"}
    assert "order" in kinds(
        RETITLED, MOVED, Outcome(right), Outcome(changed(a_title="New", b_x=6, children=right["children"][::-1]))
    )


def test_some_differences_between_the_orders_are_right() -> None:
    """Which of two overlapping tiles gives way may differ, the order of what was added, and how numbers are written."""
    theirs, mine = side(changed(tags=["one", "two"])), side(changed(tags=["one", "three"]))
    forward = Outcome(changed(tags=["one", "two", "three"], b_y=5), adjusted=["/children/1"])
    backward = Outcome(changed(tags=["one", "three", "two"], b_y=7.0, a_h=4.0), adjusted=["/children/1"])
    assert kinds(theirs, mine, forward, backward) == set()


@pytest.mark.parametrize("number", range(25))
def test_generated_pairs_are_valid_and_the_same_every_time(number: int) -> None:
    """A base is a valid dashboard, nothing overlaps on a side, and a seed makes the same pair again."""
    made = pair(7, number)
    assert made == pair(7, number)
    assert not dangling(leaves(made.base))
    for document in (made.base, made.theirs.document, made.mine.document):
        found = leaves(document)
        assert not found.torn
        assert not [pair for boxes in grids(found).values() for pair in overlapping(boxes)]
        assert repeated(found) <= repeated(leaves(made.base)) | {
            name for name in found.identities if name.startswith("i=")
        }
    assert made.theirs.edits
    assert made.mine.edits
