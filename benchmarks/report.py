"""The results of a benchmark, and their form in docs/performance.md.

Each part of the benchmarks is a function that measures and returns sections; `benchmarks.__main__` calls them in turn,
prints each section when it is done, and writes all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest


@dataclass(frozen=True)
class Table:
    """Cells as displayed. The first column holds names, the others figures; each row is as long as the header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"A row has {len(row)} cells for {len(self.header)} columns: {row}")

    def markdown(self) -> str:
        """Render the table with aligned columns, which are readable in a terminal, too."""
        widths = [max(map(len, column)) for column in zip_longest(self.header, *self.rows, fillvalue="")]
        rule = ["-" * max(widths[0], 3), *("-" * max(width - 1, 2) + ":" for width in widths[1:])]
        lines = [self.header, rule, *self.rows]
        return "\n".join(_line(cells, widths) for cells in lines)


@dataclass(frozen=True)
class Claim:
    """A row of the summary: a target and the measured value; `holds` says whether the target is met."""

    figure: str
    floor: str
    peers: str
    target: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Section:
    """One question and its answer: what was measured and how (Markdown), the tables, and notes on them."""

    title: str
    measured: str
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    claims: Sequence[Claim] = field(default=())

    def markdown(self) -> str:
        notes = "\n".join(f"- {note}" for note in self.notes)
        parts = [f"## {self.title}", self.measured, *(table.markdown() for table in self.tables), notes]
        return "\n\n".join(part for part in parts if part)

    def renewed(self, page: str) -> str:
        """Return a page with this section in the place of the one of its title."""
        before, _, rest = page.partition(f"## {self.title}\n")
        _, mark, after = rest.partition("\n## ")
        return f"{before}{self.markdown()}\n{mark}{after}"


def numbers(title: str, header: Sequence[str], rows: Mapping[str, Sequence[float]]) -> Table:
    """Make a table of numbers, which `read_numbers` reads back from a page; `title` heads its first column."""
    return Table([title, *header], [[name, *(f"{each:,.10g}" for each in row)] for name, row in rows.items()])


def read_numbers(page: str, title: str) -> dict[str, list[float]]:
    table = page.partition(f"| {title} ")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {name: [float(each.replace(",", "")) for each in numbers] for name, *numbers in rows}


def summary(sections: Sequence[Section]) -> Table:
    """Collect the targets, and whether they are met."""
    header = ["Figure", "Floor", "Peers", "Target", "Measured", "Met"]
    claims = [claim for section in sections for claim in section.claims]
    return Table(header, [_row(claim) for claim in claims])


def _row(claim: Claim) -> list[str]:
    met = "yes" if claim.holds else "**no**"
    return [claim.figure, claim.floor, claim.peers, claim.target, claim.measured, met]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = cells
    padded = [first.ljust(max(widths[0], 3))]
    padded += [cell.rjust(max(width, 3)) for cell, width in zip(rest, widths[1:], strict=True)]
    return f"| {' | '.join(padded)} |"
