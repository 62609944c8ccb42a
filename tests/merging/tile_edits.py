"""What people do to the tiles of grids, and what the grids do in consequence. `edits` says what edits return."""

from merging.grids import Json, bottom, height, width
from merging.hand import Edit, Hand
from merging.styles import Tabs


def move(document: Json, hand: Hand) -> Edit | None:
    grid = hand.grid(document)
    if not grid:
        return None
    tile, place = hand.chance.choice(list(grid.places.items()))
    rows = bottom(grid.places.values())
    old = (place["x"], place["y"])
    place["x"] = hand.chance.randint(0, int(grid.columns - width(place)))
    place["y"] = hand.chance.randint(0, rows)
    hand.settle(grid, [place])
    if (place["x"], place["y"]) == old:
        return None
    return Edit(f"moved {tile}", frozenset({tile}), frozenset({grid.path(tile)}))


def swap(document: Json, hand: Hand) -> Edit | None:
    """Drag a tile onto one of the same size, which takes its place."""
    grid = hand.grid(document, 2)
    if not grid:
        return None
    tile, place = hand.chance.choice(list(grid.places.items()))
    alike = [
        (name, other)
        for name, other in grid.places.items()
        if name != tile and (width(other), height(other)) == (width(place), height(place))
    ]
    if not alike:
        return None
    name, other = hand.chance.choice(alike)
    place["x"], place["y"], other["x"], other["y"] = other["x"], other["y"], place["x"], place["y"]
    return Edit(f"swapped {tile} and {name}", frozenset({tile, name}), frozenset({grid.path(tile), grid.path(name)}))


def resize(document: Json, hand: Hand) -> Edit | None:
    grid = hand.grid(document)
    if not grid:
        return None
    tile, place = hand.chance.choice(list(grid.places.items()))
    if hand.chance.random() < 0.7:
        place["h"] = max(1, int(height(place)) + hand.chance.choice([-2, -1, 1, 2, 4]))
    if hand.chance.random() < 0.5:
        place["w"] = hand.chance.randint(1, int(grid.columns - place["x"]))
    hand.settle(grid, [place])
    return Edit(f"resized {tile}", frozenset({tile}))


def add(document: Json, hand: Hand) -> Edit | None:
    grid = hand.grid(document, 0)
    if not grid:
        return None
    y = hand.chance.choice([0, bottom(grid.places.values())])
    place = {"x": 0, "y": y, "w": grid.columns // 2, "h": hand.chance.randint(1, 5)}
    added = hand.style.add(document, grid, hand.chance, place)
    for old, tile in added:
        new = next(each for each in hand.style.grids(document) if each.before == old.before)
        place = new.places[tile]
        place["y"] = min(place["y"], bottom(other for name, other in new.places.items() if name != tile))
        hand.settle(new, [place])
    tile = added[0][1]
    return Edit(f"added {tile}", frozenset({tile}))


def remove(document: Json, hand: Hand) -> Edit | None:
    tile = hand.tile(document)
    if not tile:
        return None
    hand.style.remove(document, tile)
    said, gone = f"removed {tile}", set[str]()
    if hand.chance.random() < 0.8:
        left = hand.style.tiles(document)
        gone = {each["id"] for each in document["filters"] if "chart" in each and each["chart"] not in left}
        document["filters"] = [each for each in document["filters"] if each["id"] not in gone]
        said += " and its filters"
    for grid in hand.style.grids(document):
        hand.settle(grid)
    return Edit(said, frozenset({tile, *gone}))


def toggle(document: Json, hand: Hand) -> Edit | None:
    """Hide a chart, which leaves its place free for others, or show it, which pushes them away."""
    tile = hand.tile(document)
    chart = hand.style.tiles(document)[tile] if tile else {}
    if not tile or "isVisible" not in chart:
        return None
    chart["isVisible"] = not chart["isVisible"]
    for grid in hand.style.grids(document):
        hand.settle(grid, [chart["position"]] if chart["isVisible"] else [])
    return Edit(f"{'showed' if chart['isVisible'] else 'hid'} {tile}", frozenset({tile}))


def change_tab(document: Json, hand: Hand) -> Edit | None:
    """Move a tile to the bottom of another tab."""
    if not isinstance(hand.style, Tabs):
        return None
    tabs = [tab for tab in document["tabs"] if tab["items"]]
    if not tabs:
        return None
    start = hand.chance.choice(tabs)
    end = hand.chance.choice([tab for tab in document["tabs"] if tab is not start])
    item = start["items"].pop(hand.chance.randrange(len(start["items"])))
    item |= {"x": 0, "y": bottom(end["items"])}
    end["items"].append(item)
    before, after = (
        next(g for g in hand.style.grids(document) if f"id={tab['id']}" in g.before) for tab in (start, end)
    )
    hand.settle(before)
    hand.settle(after)
    return Edit(f"moved {item['id']} to {end['id']}", frozenset({item["id"]}))
