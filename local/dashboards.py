"""Realistic dashboards, generated from a seed: the same seed gives the same dashboards on every machine.

They compress as saved dashboards do, about five times at 20 KB and seven times at 200 KB, because their charts repeat a
structure around what does not repeat: identifiers, times, and numbers of many digits.
"""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

type Json = dict[str, Any]

SIZES = {"small": 3, "medium": 35, "large": 350}
"""Names of sizes, and the number of charts that make about 2, 20 and 200 KB of compact JSON."""

_MEASURES = ("Revenue", "Orders", "Visitors", "Margin (%)", "Umsatz in €", "売上", "Délai moyen", "Conversion")
_GROUPS = ("month", "region", "product line", "Kanal", "customer type", "weekday")
_MARKS = ("bar", "line", "area", "point", "arc", "rect")
_COLOURS = ("#416d9d", "#674028", "#deac58", "#2f4b7c", "#a05195", "#f95d6a")


def dashboard(size: str, seed: int = 1) -> Json:
    """Generate a dashboard config of a named size, with the members that the contract defines."""
    chance = random.Random(f"{seed}-{size}")  # noqa: S311 - it has to be reproducible, not secret
    tables = [UUID(int=chance.getrandbits(128), version=4) for _ in range(60)]
    charts = {f"chart-{number:03}": _chart(chance, number, tables) for number in range(SIZES[size])}
    return {
        "chartCustomizations": charts,
        "currentLayout": {"id": chance.choice(["two-columns", "wide", "kiosk"]), "columns": 12, "rowHeight": 48},
        "filters": [_filter(chance, number) for number in range(3)],
        "theme": {"id": chance.choice(["light", "dark"]), "palette": chance.sample(_COLOURS, 3)},
        "extensions": {"acme.refresh": {"everySeconds": chance.choice([30, 60, 300])}},
    }


def _chart(chance: random.Random, number: int, tables: list[UUID]) -> Json:
    measure, group = chance.choice(_MEASURES), chance.choice(_GROUPS)
    return {
        "title": f"{measure} by {group}",
        "position": {"x": number % 2 * 6, "y": number // 2 * 4, "w": 6, "h": 4},
        "isVisible": chance.random() < 0.9,  # noqa: PLR2004 - nine in ten
        "dataMapping": {"xAxis": group, "yAxis": measure, "aggregate": chance.choice(["sum", "mean"])},
        "spec": {
            "data": {"url": f"https://example.com/rows/{chance.choice(tables)}"},
            "mark": {"type": chance.choice(_MARKS), "opacity": chance.uniform(0.3, 1)},
            "encoding": {
                "x": {"field": group, "type": "nominal"},
                "y": {"field": measure, "type": "quantitative", "scale": {"domainMax": chance.uniform(10, 10_000)}},
                "color": {"value": f"#{chance.getrandbits(24):06x}"},
            },
            "transform": [{"filter": f"day > '{_day(chance)}'"}],
        },
        "editedAt": datetime.fromtimestamp(chance.uniform(1.6e9, 1.8e9), UTC).isoformat(),
    }


def _day(chance: random.Random) -> str:
    return f"{chance.randint(2020, 2026)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"


def _filter(chance: random.Random, number: int) -> Json:
    values = chance.sample(["EU", "US", "APAC", "LATAM", "MEA"], k=2)
    return {"id": f"f{number}", "column": chance.choice(_GROUPS), "operator": "in", "values": values}
