"""A mutant: one change to one module."""

import ast
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """Replaces the characters `start` to `end` of a module with `text`; `was` and `now` are the lines that differ.

    `module` is its path in the checkout, `scope` the function or class with the change, `line` the first changed line.
    """

    module: str
    scope: str
    line: int
    start: int
    end: int
    text: str
    was: str
    now: str

    @property
    def name(self) -> str:
        """The name in `survivors.toml`, which does not depend on the position within the scope."""
        place = f"{Path(self.module).stem}.{self.scope}".removesuffix(".")
        return f"{place}: {self.was} → {self.now}"

    @property
    def source(self) -> str:
        """The source of the whole module with the change."""
        before = source(self.module)
        return before[: self.start] + self.text + before[self.end :]


@cache
def source(module: str) -> str:
    return Path(module).read_text()


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(source(module))


def written(mutants: Iterable[Mutant]) -> str:
    return "".join(f"{json.dumps(asdict(mutant))}\n" for mutant in mutants)


def read(text: str) -> list[Mutant]:
    return [Mutant(**json.loads(line)) for line in text.splitlines()]
