"""Makes a large CSV file like a shop's export; equal sizes give equal files on every machine."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

_HEADER = "time,region,product,quantity,price,discount,returned,customer,postcode,note\n"
_REGIONS = ("EU", "US", "APAC")
_PRODUCTS = ('"Widget, large"', "Widget", '"Gear ""B"""', "Nut")
_NOTES = ("", "ok", "Straße 5")
_START = datetime(2020, 1, 1, tzinfo=UTC)


def write_table(path: Path, size: int) -> int:
    """Write a file of at most `size` bytes, and return the number of its rows."""
    draw = random.Random(20)  # noqa: S311 - a seed, not a secret
    written, rows = len(_HEADER), 0
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        while True:
            line = _line(draw, rows)
            written += len(line.encode())
            if written > size:
                return rows
            file.write(line)
            rows += 1


def _line(draw: random.Random, row: int) -> str:
    moment = (_START + timedelta(minutes=row)).isoformat().replace("+00:00", "Z")
    cells = (
        moment,
        draw.choice(_REGIONS),
        draw.choice(_PRODUCTS),
        draw.randint(1, 500),
        f"{draw.uniform(1, 900):.2f}",
        draw.choice(("", "0.1", "0.25")),
        draw.choice(("true", "false")),
        f"C{draw.randint(1, 99_999):05}",
        f"{draw.randint(0, 99_999):05}",
        draw.choice(_NOTES),
    )
    return ",".join(map(str, cells)) + "\n"
