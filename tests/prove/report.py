"""The last results of `make prove` as docs/testing.md shows them, made from the result file of each part."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from prove.parts import Part

BEGIN: Final = "<!-- made by make prove: begin -->"
END: Final = "<!-- made by make prove: end -->"


@dataclass(frozen=True)
class Result:
    """The result of a part: whether it passed, its date, duration in minutes, machine, and measurements."""

    passed: bool
    date: str
    minutes: float
    machine: str
    figures: dict[str, str | int]

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n")

    @classmethod
    def read(cls, file: Path) -> Self:
        return cls(**json.loads(file.read_text()))


def result_file(folder: Path, part: Part) -> Path:
    return folder / f"{part.name}.json"


def section(parts: Sequence[Part], folder: Path, document: str = "") -> str:
    """Render the last results as Markdown; a part that has not run in this checkout keeps its row of the document."""
    results = {part: Result.read(result_file(folder, part)) for part in parts if result_file(folder, part).exists()}
    shown = document.partition(BEGIN)[2].partition(END)[0]
    known = re.search(r"^On (.*)\.$", shown, re.MULTILINE)
    machines = {result.machine for result in results.values()} | set(known[1].split("; ") if known else ())
    head = [
        f"On {'; '.join(sorted(machines))}." if machines else "Not run yet.",
        "",
        "| Part | Result | Figures |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *(_row(part, results.get(part), shown) for part in parts)])


def _row(part: Part, result: Result | None, shown: str) -> str:
    if result is None:
        known = re.search(rf"^\| `{part.name}` \|.*$", shown, re.MULTILINE)
        return known[0] if known else f"| `{part.name}` | not run | |"
    outcome = "passed" if result.passed else "**failed**"
    figures = " · ".join(f"{name}: {_shown(value)}" for name, value in result.figures.items())
    return f"| `{part.name}` | {outcome}, {result.date}, {result.minutes:.1f} minutes | {figures} |"


def _shown(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value


def renewed(document: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """Replace what is between two marks in the document."""
    before, _, rest = document.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
