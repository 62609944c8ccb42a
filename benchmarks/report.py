"""What a benchmark hands over, and how docs/performance.md is written of it.

Each part of the benchmarks is a function that measures and returns its sections; `benchmarks.__main__` calls them one
after another, prints each section when it is done, and writes all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest


@dataclass(frozen=True)
class Table:
    """Cells as they are shown. The first column holds names, the others figures; each row is as long as the header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"{len(row)} cells stand under {len(self.header)} headings: {row}")

    def markdown(self) -> str:
        """Write the table with its columns aligned, which the terminal shows as well as a page does."""
        widths = [max(map(len, column)) for column in zip_longest(self.header, *self.rows, fillvalue="")]
        rule = ["-" * max(widths[0], 3), *("-" * max(width - 1, 2) + ":" for width in widths[1:])]
        lines = [self.header, rule, *self.rows]
        return "\n".join(_line(cells, widths) for cells in lines)


@dataclass(frozen=True)
class Claim:
    """A row of the summary: what was to be reached beside what was measured; `holds` is the comparison of the two."""

    figure: str
    floor: str
    peers: str
    to_reach: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Section:
    """One question and its answer: what was measured and how (Markdown), the tables, and what is to be said of them."""

    title: str
    measured: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    claims: Sequence[Claim] = field(default=())

    def markdown(self) -> str:
        notes = "\n".join(f"- {note}" for note in self.notes)
        parts = [f"## {self.title}", self.measured, *(table.markdown() for table in self.tables), notes]
        return "\n\n".join(part for part in parts if part)


def summary(sections: Sequence[Section]) -> Table:
    """Collect what was to be reached, and whether it was."""
    header = ["Figure", "Floor", "Peers", "To reach", "Measured", "Reached"]
    claims = [claim for section in sections for claim in section.claims]
    return Table(header, [_row(claim) for claim in claims])


def _row(claim: Claim) -> list[str]:
    reached = "yes" if claim.holds else "**no**"
    return [claim.figure, claim.floor, claim.peers, claim.to_reach, claim.measured, reached]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = cells
    padded = [first.ljust(max(widths[0], 3))]
    padded += [cell.rjust(max(width, 3)) for cell, width in zip(rest, widths[1:], strict=True)]
    return f"| {' | '.join(padded)} |"
