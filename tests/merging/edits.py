"""What people do to dashboards, and what their grids do in consequence.

An edit changes a document in place and returns what it was; None if it comes to nothing, because the dashboard has
nothing to do it to, or the grid takes a tile back to where it was. `Edit.chosen` names the placements of the tiles that
a person dragged: what the grid pushed or pulled along is a consequence, not an edit.
"""

from collections.abc import Callable, Sequence
from typing import Final

from merging.contents import COLOURS, GROUPS, TAGS, new_name, one_filter, options, query, title
from merging.grids import Json
from merging.hand import Edit, Hand
from merging.tile_edits import add, change_tab, move, remove, resize, swap, toggle

type Act = Callable[[Json, Hand], Edit | None]


def retitle(document: Json, hand: Hand) -> Edit | None:
    tile = hand.tile(document)
    if not tile:
        return None
    hand.style.tiles(document)[tile]["title"] = title(hand.chance)
    return Edit(f"retitled {tile}", frozenset({tile}))


def change_option(document: Json, hand: Hand) -> Edit | None:
    tile = hand.tile(document)
    if not tile:
        return None
    name, value = hand.chance.choice(list(options(hand.chance).items()))
    hand.style.tiles(document)[tile]["options"][name] = value
    return Edit(f"changed {name} of {tile}", frozenset({tile}))


def reorder(document: Json, hand: Hand) -> Edit | None:
    name, array = hand.chance.choice(hand.style.arrays(document))
    if len(array) < 2:
        return None
    array.insert(hand.chance.randrange(len(array)), array.pop(hand.chance.randrange(len(array))))
    return Edit(f"reordered {name}", frozenset({name}))


def edit_filter(document: Json, hand: Hand) -> Edit | None:
    kept = document["filters"]
    what = hand.chance.choice(["add", "change", "remove"] if kept else ["add"])
    if what == "add":
        made = one_filter(f"f-{new_name(hand.chance)}", hand.style.named(document), hand.chance)
        kept.append(made)
        chart = made.get("chart", "all")
        return Edit(f"added filter {made['id']} for {chart}", frozenset({made["id"], chart}))
    chosen = hand.chance.choice(kept)
    if what == "remove":
        kept.remove(chosen)
        return Edit(f"removed filter {chosen['id']}", frozenset({chosen["id"]}))
    member = hand.chance.choice(["column", "values"])
    chosen[member] = one_filter("", [], hand.chance)[member]
    return Edit(f"changed {member} of filter {chosen['id']}", frozenset({chosen["id"]}))


def retheme(document: Json, hand: Hand) -> Edit | None:
    member = hand.chance.choice(["id", "palette", "radius"])
    theme = document["theme"]
    theme[member] = {
        "id": hand.chance.choice(["light", "dark", "contrast"]),
        "palette": hand.chance.sample(COLOURS, 3),
        "radius": hand.chance.choice([0, 2, 4]),
    }[member]
    return Edit(f"changed the theme's {member}", frozenset({"theme"}))


def tag(document: Json, hand: Hand) -> Edit | None:
    """Add or remove a tag; tags are a set."""
    tags = document.get("tags", document.get("extensions", {}).get("acme.tags"))
    if tags is None:
        return None
    chosen = hand.chance.choice(TAGS)
    if chosen in tags:
        tags.remove(chosen)
        return Edit(f"removed tag {chosen}", frozenset({f"tag {chosen}"}))
    tags.append(chosen)
    return Edit(f"added tag {chosen}", frozenset({f"tag {chosen}"}))


def rename_variable(document: Json, hand: Hand) -> Edit | None:
    """Rename a variable, and what repeats by it."""
    variables = document.get("templating", {}).get("list", [])
    free = [name for name in GROUPS if name not in {each["name"] for each in variables}]
    if not variables or not free:
        return None
    variable, new = hand.chance.choice(variables), hand.chance.choice(free)
    old = variable["name"]
    variable["name"] = new
    for panel in document["panels"]:
        if panel.get("repeat") == old:
            panel["repeat"] = new
    return Edit(f"renamed variable {old} to {new}", frozenset({f"variable {old}"}))


def edit_query(document: Json, hand: Hand) -> Edit | None:
    """Change a query of a panel, or add the next letter's."""
    if not document.get("panels"):
        return None
    panel = hand.chance.choice(document["panels"])
    queries = panel["targets"]
    letters = [letter for letter in "ABCDEF" if letter not in {each["refId"] for each in queries}]
    if hand.chance.random() < 0.5 and letters:
        queries.append(query(letters[0], hand.chance))
        return Edit(f"added query {letters[0]} to {panel['id']}", frozenset({str(panel["id"])}))
    chosen = hand.chance.choice(queries)
    chosen["expr"] = query("", hand.chance)["expr"]
    return Edit(f"changed query {chosen['refId']} of {panel['id']}", frozenset({str(panel["id"])}))


ACTS: Final[Sequence[tuple[Act, int]]] = (
    (move, 22),
    (swap, 4),
    (resize, 16),
    (add, 10),
    (remove, 8),
    (retitle, 12),
    (change_option, 12),
    (toggle, 4),
    (reorder, 3),
    (edit_filter, 9),
    (retheme, 4),
    (tag, 3),
    (rename_variable, 2),
    (edit_query, 4),
    (change_tab, 3),
)
"""Edits and how often each is made, relative to the others."""


def edit(document: Json, hand: Hand) -> Edit:
    """Make one edit."""
    while True:
        (act,) = hand.chance.choices([act for act, _ in ACTS], [weight for _, weight in ACTS])
        done = act(document, hand)
        if done:
            return done
