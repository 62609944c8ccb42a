"""What stands in generated dashboards: titles, options, filters, themes, and rows of tiles."""

import random
from collections.abc import Sequence
from typing import Any, Final

from merging.grids import Json

TITLES: Final = (
    "Revenue",
    "Orders",
    "Visitors",
    "Margin",
    "Umsatz",
    "売上",
    "Délai moyen",
    "Conversion",
    "Churn",
    "Stock",
)
GROUPS: Final = ("month", "region", "product", "Kanal", "customer", "weekday", "team", "store")
COLOURS: Final = ("#416d9d", "#674028", "#deac58", "#2f4b7c", "#a05195", "#f95d6a")
TAGS: Final = ("finance", "weekly", "board", "draft", "sales", "ops")
KINDS: Final = ("bar", "line", "area", "point", "table")


def title(chance: random.Random) -> str:
    return f"{chance.choice(TITLES)} by {chance.choice(GROUPS)} {chance.randint(1, 999)}"


def options(chance: random.Random) -> Json:
    return {
        "kind": chance.choice(KINDS),
        "xAxis": chance.choice(GROUPS),
        "color": chance.choice(COLOURS),
        "stacked": chance.random() < 0.5,
        "limit": chance.choice([10, 20, 50, 0.5]),
    }


def flow(count: int, columns: int, chance: random.Random) -> list[Json]:
    """Place tiles in rows from the left to the right, with nothing overlapping and no gap."""
    places: list[Json] = []
    x = y = 0
    tall = chance.randint(2, 5)
    while len(places) < count:
        wide = min(chance.choice([columns // 4, columns // 3, columns // 2, columns]) or 1, columns)
        if x + wide > columns:
            x, y, tall = 0, y + tall, chance.randint(2, 5)
        places.append({"x": x, "y": y, "w": wide, "h": tall})
        x += wide
    return places


def query(letter: str, chance: random.Random) -> Json:
    return {"refId": letter, "expr": f"sum(rate({chance.choice(GROUPS)}[{chance.randint(1, 30)}m]))"}


def filters(tiles: Sequence[str], chance: random.Random) -> list[Json]:
    return [one_filter(f"f{number}", tiles, chance) for number in range(chance.randint(0, 4))]


def one_filter(name: str, tiles: Sequence[str], chance: random.Random) -> Json:
    """Make a filter for one tile, or for all of them if no tile can be chosen."""
    made: dict[str, Any] = {"id": name, "column": chance.choice(GROUPS), "operator": "in"}
    made["values"] = chance.sample(["EU", "US", "APAC", "LATAM", "MEA"], k=2)
    return {**made, "chart": chance.choice(tiles)} if tiles else made


def theme(chance: random.Random) -> Json:
    return {
        "id": chance.choice(["light", "dark"]),
        "palette": chance.sample(COLOURS, 3),
        "radius": chance.choice([0, 4, 8]),
    }


def new_name(chance: random.Random) -> str:
    """Make a name as front ends do, which no other tile has."""
    return f"{chance.getrandbits(32):08x}"
