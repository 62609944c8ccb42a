"""Files of about 100 MB: tables of six shapes, and files that each exceed one limit.

A block of random rows is repeated: gzip sees 32 KB at once, so it compresses a repeated block like another one.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

SIZE: Final = 98_000_000
LARGEST: Final = 100_000_000
_BLOCK: Final = 2_000_000
_WORDS: Final = (
    "revenue",
    "Straße",
    "north",
    "a, b",
    "forecast",
    "Q3; Q4",
    "net",
    "überfällig",
    "shipment",
    "in stock",
)


@dataclass(frozen=True)
class Shape:
    """A table's header, and a row of it, as lines of a CSV file without their end."""

    header: str
    row: Callable[[Random], str]

    def write(self, path: Path, size: int = SIZE) -> int:
        """Write a file of at least `size` bytes; return the number of its rows."""
        chance = random.Random(22)  # noqa: S311 - reproducible, not secret
        block, rows = bytearray(), 0
        while len(block) < min(_BLOCK, size):
            block += f"{self.row(chance)}\n".encode()
            rows += 1
        repeated = -(-size // len(block))
        write(path, f"{self.header}\n".encode(), bytes(block), repeated)
        return rows * repeated


def write(path: Path, head: bytes, block: bytes, count: int) -> None:
    with path.open("wb") as file:
        file.write(head)
        for _ in range(count):
            file.write(block)
    assert path.stat().st_size <= LARGEST


def _number(chance: Random) -> str:
    return str(chance.randint(100_000, 999_999))


def _day(chance: Random) -> date:
    return date(2020, 1, 1) + timedelta(days=chance.randrange(2_000))


def _joined(cells: Sequence[str]) -> str:
    return ",".join(cells)


def _wide_row(chance: Random) -> str:
    kinds: tuple[Callable[[], str], ...] = (
        lambda: _number(chance),
        lambda: f"{chance.uniform(0, 900):.2f}",
        lambda: _day(chance).isoformat(),
        lambda: chance.choice(("true", "false")),
        lambda: f"C{_number(chance)}",
    )
    return _joined([kinds[index % len(kinds)]() for index in range(500)])


def _text_row(chance: Random) -> str:
    return f'{_number(chance)},"{" ".join(chance.choices(_WORDS, k=6_000))}"'


def _quoted_row(chance: Random) -> str:
    lines = [" ".join(chance.choices(_WORDS, k=4)) for _ in range(3)]
    return f'{_number(chance)},"{lines[0]}\n""{lines[1]}""\n{lines[2]}",{_number(chance)}'


def _sparse_row(chance: Random) -> str:
    return _joined([_number(chance) if chance.randrange(5) == 0 else "" for _ in range(100)])


def _german_row(chance: Random) -> str:
    amount = f"{chance.randint(1, 999)}.{chance.randint(0, 999):03},{chance.randint(0, 99):02}"
    return f"{amount};{_day(chance):%d.%m.%Y};{_number(chance)}"


SHAPES: Final = {
    "narrow": Shape("a,b", lambda chance: f"{_number(chance)},{_number(chance)}"),
    "wide": Shape(_joined([f"c{index}" for index in range(500)]), _wide_row),
    "long texts": Shape("id,text", _text_row),
    "quoted newlines": Shape("id,note,n", _quoted_row),
    "sparse": Shape(_joined([f"c{index}" for index in range(100)]), _sparse_row),
    "one column": Shape("value", lambda chance: _number(chance) if chance.randrange(10) else ""),
}
GERMAN: Final = Shape("Umsatz;Tag;id", _german_row)


@dataclass(frozen=True)
class Oversized:
    """A file that exceeds a limit, and what its refusal says."""

    media_type: str
    write: Callable[[Path], None]
    message: str


def _many_columns(path: Path) -> None:
    header = _joined([f"c{index}" for index in range(10_000)]) + "\n"
    row = _joined(["1"] * 10_000) + "\n"
    write(path, header.encode(), row.encode(), SIZE // len(row))


def _long_line(path: Path) -> None:
    write(path, b"a,b\n1,", b"x" * 1_000_000, SIZE // 1_000_000)


def _many_cells(path: Path) -> None:
    write(path, _joined([f"c{index}" for index in range(1_000)]).encode(), b"\n" + b"," * 999, 70_000)


def _empty_rows(path: Path) -> None:
    members = _joined([f'"c{index}":1' for index in range(1_000)])
    write(path, f"{{{members}}}\n".encode(), b"{}\n" * 1_000, SIZE // 3_000)


OVERSIZED: Final = {
    "10,000 columns": Oversized("text/csv", _many_columns, "the limit is 1000"),
    "a line of 98 MB": Oversized("text/csv", _long_line, "longer than"),
    "70 million cells": Oversized("text/csv", _many_cells, "cells"),
    "32 million empty rows below 1,000 columns": Oversized("application/x-ndjson", _empty_rows, "cells"),
}
