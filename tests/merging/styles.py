"""Dashboards in the styles of real front ends; each style knows where its tiles and their placements are."""

import itertools
import random
from collections.abc import Sequence
from typing import Final

from merging.contents import GROUPS, TAGS, filters, flow, new_name, options, query, theme, title
from merging.grids import Grid, Json
from merging.style import Style


class Charts(Style):
    """The config of the contract: an object of charts with positions."""

    name = "charts"

    def new(self, count: int, chance: random.Random) -> Json:
        charts = {f"chart-{number}": _chart(place, chance) for number, place in enumerate(flow(count, 12, chance))}
        return {
            "chartCustomizations": charts,
            "currentLayout": {"id": "grid", "columns": 12},
            "filters": filters(list(charts), chance),
            "theme": theme(chance),
            "extensions": {"acme.tags": chance.sample(TAGS, 2)},
        }

    def tiles(self, document: Json) -> dict[str, Json]:
        return dict(document["chartCustomizations"])

    def grids(self, document: Json) -> list[Grid]:
        charts = document["chartCustomizations"]
        shown = {name: chart["position"] for name, chart in charts.items() if chart["isVisible"]}
        return [Grid(12, shown, ("chartCustomizations",), ("position",))]

    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        tile = f"chart-{new_name(chance)}"
        document["chartCustomizations"][tile] = _chart(place, chance)
        return [(grid, tile)]

    def remove(self, document: Json, tile: str) -> None:
        del document["chartCustomizations"][tile]


def _chart(place: Json, chance: random.Random) -> Json:
    return {"title": title(chance), "position": place, "isVisible": True, "options": options(chance)}


class ReactGridLayout(Style):
    """Widgets, and a layout for each width of the page; the layouts share the widgets' names."""

    name = "react-grid-layout"
    compacts = (True,)
    breakpoints: Final = {"lg": 12, "md": 8, "sm": 4}

    def new(self, count: int, chance: random.Random) -> Json:
        names = [f"w{number}" for number in range(count)]
        layouts = {
            width: [{"i": name, **place} for name, place in zip(names, flow(count, columns, chance), strict=True)]
            for width, columns in self.breakpoints.items()
        }
        widgets = {name: {"title": title(chance), "options": options(chance)} for name in names}
        return {"layouts": layouts, "widgets": widgets, "filters": filters(names, chance), "theme": theme(chance)}

    def tiles(self, document: Json) -> dict[str, Json]:
        return dict(document["widgets"])

    def grids(self, document: Json) -> list[Grid]:
        return [
            Grid(columns, {each["i"]: each for each in document["layouts"][width]}, ("layouts", width), identity="i=")
            for width, columns in self.breakpoints.items()
        ]

    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        tile = f"w-{new_name(chance)}"
        document["widgets"][tile] = {"title": title(chance), "options": options(chance)}
        for each, layout in zip(self.grids(document), document["layouts"].values(), strict=True):
            below = {"x": 0, "y": 1000, "w": min(place["w"], each.columns), "h": place["h"]}
            layout.append({"i": tile, **(place if each.before == grid.before else below)})
        return [(each, tile) for each in self.grids(document)]

    def remove(self, document: Json, tile: str) -> None:
        del document["widgets"][tile]
        for layout in document["layouts"].values():
            layout[:] = [each for each in layout if each["i"] != tile]


class GridStack(Style):
    """A grid that may hold grids. GridStack saves tiles by their place, and leaves out a height of 1."""

    name = "GridStack"

    def new(self, count: int, chance: random.Random) -> Json:
        nested = count // 3 if count > 5 else 0
        outer = [_stacked(f"g{number}", place, chance) for number, place in enumerate(flow(count - nested, 12, chance))]
        if nested:
            inner = [_stacked(f"n{number}", place, chance) for number, place in enumerate(flow(nested, 6, chance))]
            outer[0]["subGridOpts"] = {"column": 6, "children": inner}
        names = [each["id"] for each in outer]
        return {"children": outer, "filters": filters(names, chance), "theme": theme(chance)}

    def tiles(self, document: Json) -> dict[str, Json]:
        return {each["id"]: each for children in self._children(document) for each in children}

    def grids(self, document: Json) -> list[Grid]:
        outer = document["children"]
        inner = [each for each in outer if "subGridOpts" in each]
        return [
            Grid(12, {each["id"]: each for each in outer}, ("children",), identity="id="),
            *(
                Grid(
                    6,
                    {tile["id"]: tile for tile in each["subGridOpts"]["children"]},
                    ("children", f"id={each['id']}", "subGridOpts", "children"),
                    identity="id=",
                )
                for each in inner
            ),
        ]

    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        tile = f"g-{new_name(chance)}"
        children = document["children"]
        if len(grid.before) > 1:
            children = next(each for each in children if "subGridOpts" in each)["subGridOpts"]["children"]
        children.append(_stacked(tile, place, chance))
        return [(grid, tile)]

    def remove(self, document: Json, tile: str) -> None:
        for children in self._children(document):
            children[:] = [each for each in children if each["id"] != tile]

    def sorted_arrays(self, document: Json) -> list[list[Json]]:
        return self._children(document)

    @staticmethod
    def _children(document: Json) -> list[list[Json]]:
        outer = document["children"]
        return [outer, *(each["subGridOpts"]["children"] for each in outer if "subGridOpts" in each)]


def _stacked(name: str, place: Json, chance: random.Random) -> Json:
    kept = {member: value for member, value in place.items() if (member, value) != ("h", 1)}
    return {"id": name, **kept, "title": title(chance), "options": options(chance)}


class Grafana(Style):
    """Numbered panels, queries and variables that have names; the next panel has the next number."""

    name = "Grafana"
    compacts = (True,)

    def new(self, count: int, chance: random.Random) -> Json:
        variables = chance.sample(GROUPS, 3)
        panels = [_panel(number + 1, place, chance) for number, place in enumerate(flow(count, 24, chance))]
        for panel in chance.sample(panels, len(panels) // 4):
            panel["repeat"] = chance.choice(variables)
        return {
            "title": title(chance),
            "tags": chance.sample(TAGS, 2),
            "panels": panels,
            "templating": {"list": [{"name": each, "type": "query", "current": "All"} for each in variables]},
            "filters": filters([], chance),
            "theme": theme(chance),
        }

    def tiles(self, document: Json) -> dict[str, Json]:
        return {str(panel["id"]): panel for panel in document["panels"]}

    def grids(self, document: Json) -> list[Grid]:
        places = {str(panel["id"]): panel["gridPos"] for panel in document["panels"]}
        return [Grid(24, places, ("panels",), ("gridPos",), "id=")]

    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        number = max((panel["id"] for panel in document["panels"]), default=0) + 1
        document["panels"].append(_panel(number, place, chance))
        return [(grid, str(number))]

    def remove(self, document: Json, tile: str) -> None:
        document["panels"] = [panel for panel in document["panels"] if str(panel["id"]) != tile]

    def arrays(self, document: Json) -> list[tuple[str, list[Json]]]:
        return [("variables", document["templating"]["list"]), ("panels", document["panels"])]

    def named(self, _document: Json) -> list[str]:
        """Grafana's filters are for all panels."""
        return []


def _panel(number: int, place: Json, chance: random.Random) -> Json:
    return {
        "id": number,
        "type": "timeseries",
        "title": title(chance),
        "gridPos": place,
        "targets": [query(letter, chance) for letter in "AB"[: chance.randint(1, 2)]],
        "options": options(chance),
    }


class Tabs(Style):
    """Tabs, each with a grid of its own."""

    name = "tabs"

    def new(self, count: int, chance: random.Random) -> Json:
        tabs: list[Json] = []
        numbers = itertools.count()
        for number in range(3):
            share = count // 3 + (number < count % 3)
            items = [
                {"id": f"t{next(numbers)}", **place, "title": title(chance), "options": options(chance)}
                for place in flow(share, 12, chance)
            ]
            tabs.append({"id": f"tab{number}", "title": title(chance), "items": items})
        names = [item["id"] for tab in tabs for item in tab["items"]]
        return {"tabs": tabs, "filters": filters(names, chance), "theme": theme(chance)}

    def tiles(self, document: Json) -> dict[str, Json]:
        return {item["id"]: item for tab in document["tabs"] for item in tab["items"]}

    def grids(self, document: Json) -> list[Grid]:
        return [
            Grid(12, {item["id"]: item for item in tab["items"]}, ("tabs", f"id={tab['id']}", "items"), identity="id=")
            for tab in document["tabs"]
        ]

    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        tile = f"t-{new_name(chance)}"
        tab = next(tab for tab in document["tabs"] if f"id={tab['id']}" == grid.before[1])
        tab["items"].append({"id": tile, **place, "title": title(chance), "options": options(chance)})
        return [(grid, tile)]

    def remove(self, document: Json, tile: str) -> None:
        for tab in document["tabs"]:
            tab["items"] = [item for item in tab["items"] if item["id"] != tile]

    def arrays(self, document: Json) -> list[tuple[str, list[Json]]]:
        return [*super().arrays(document), ("tabs", document["tabs"])]


STYLES: Final[Sequence[Style]] = (Charts(), ReactGridLayout(), GridStack(), Grafana(), Tabs())
