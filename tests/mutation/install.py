"""Install a mutant into the loaded modules, and find the lines of its statement."""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

from mutation.mutant import Mutant, tree


def install(mutant: Mutant) -> None:
    """Apply the change for everything that holds one of the module's functions, classes or constants."""
    module = sys.modules[imported_name(mutant.module)]
    whole = ast.parse(mutant.source).body
    # A change does not alter the number of statements.
    place = next(index for index, each in enumerate(tree(mutant.module).body) if mutant.line <= (each.end_lineno or 0))
    changed = whole[place]
    if not isinstance(changed, ast.FunctionDef | ast.ClassDef):
        _assign(module.__name__, whole[place:])
        return
    made = dict(vars(module))
    _execute([changed], made)
    _graft(vars(module)[changed.name], made[changed.name])


def imported_name(path: str) -> str:
    return path.removeprefix("shared/").removesuffix(".py").replace("/", ".")


def _execute(statements: list[ast.stmt], namespace: dict[str, Any]) -> None:
    exec(compile(ast.Module(statements, []), namespace["__file__"], "exec"), namespace)  # noqa: S102 - our own code


def _assign(module: str, statements: Iterable[ast.stmt]) -> None:
    """Recompute a module's constants from the changed one on, also where other modules imported them."""
    namespace = vars(sys.modules[module])
    before = dict(namespace)
    _execute([each for each in statements if isinstance(each, ast.Assign | ast.AnnAssign)], namespace)
    recomputed = {name: value for name, value in before.items() if namespace[name] is not value}
    for other in list(sys.modules.values()):
        for name, value in recomputed.items():
            if vars(other).get(name) is value:
                setattr(other, name, namespace[name])


def _graft(old: Any, new: Any) -> None:
    """Give a function, or each function of a class, the code of another; every reference to it sees the change."""
    if not isinstance(old, type):
        if hasattr(old, "cache_clear"):
            # Results that were cached before the change are stale.
            old.cache_clear()
        for part in ("fget", "__func__", "__wrapped__"):
            if hasattr(old, part):
                _graft(getattr(old, part), getattr(new, part))
                return
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
        for name, kept, made in zip(
            new.__code__.co_freevars, old.__closure__ or (), new.__closure__ or (), strict=True
        ):
            # Cells that a dataclass fills, such as default factories. The class itself has to stay the one in use.
            if name != "__class__":
                kept.cell_contents = made.cell_contents
        return
    for name, value in vars(new).items():
        if isinstance(value, FunctionType | property | classmethod | staticmethod):
            _graft(vars(old)[name], value)


@cache
def statement(module: str, line: int) -> range | None:
    """Return the lines of the innermost statement in a function; None outside of all function bodies."""
    found = None
    for lines in _statements(module):
        if line in lines and (found is None or len(lines) <= len(found)):
            found = lines
    return found


@cache
def _statements(module: str) -> list[range]:
    functions = [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef)]
    return [range(each.lineno, _end(each) + 1) for function in functions for each in _within(function)]


def _within(function: ast.FunctionDef) -> Iterator[ast.stmt | ast.ExceptHandler]:
    for statement in function.body:
        yield from (node for node in ast.walk(statement) if isinstance(node, ast.stmt | ast.ExceptHandler))


def _end(statement: ast.stmt | ast.ExceptHandler) -> int:
    """Return the last line of a statement, or of its header if it contains other statements."""
    body: list[ast.stmt] = getattr(statement, "body", [])
    return max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno or statement.lineno
