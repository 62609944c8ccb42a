"""Names are unique: searching for a name under `shared/` finds one definition."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from support.project.template import ROOT

STORE = ROOT / "shared" / "dashboard_store"
FUNCTIONS = ROOT / "functions"
MODULES = sorted(STORE.rglob("*.py"))
MAX_LINES = 300


def classes() -> Iterator[tuple[str, str]]:
    """Yield each class and type alias with its location, including those within functions."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield node.name, f"{path.relative_to(STORE)}:{node.lineno}"
            elif isinstance(node, ast.TypeAlias):
                yield node.name.id, f"{path.relative_to(STORE)}:{node.lineno}"


def modules() -> Iterator[tuple[str, str]]:
    """Yield each module and package with its location; for a package that is its `__init__`."""
    for path in MODULES:
        named = path.parent if path.stem == "__init__" else path
        yield named.stem, str(path.relative_to(STORE))


def repeated(found: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    places = defaultdict(list)
    for name, place in found:
        places[name].append(place)
    return {name: each for name, each in places.items() if len(each) > 1}


def test_no_two_classes_share_a_name() -> None:
    """The names of classes and type aliases are unique across all modules."""
    assert repeated(classes()) == {}


def test_no_two_modules_share_a_name() -> None:
    """The names of modules and packages are unique across all folders."""
    assert repeated(modules()) == {}


def test_modules_are_short() -> None:
    """No module of the layer or of a function is longer than 300 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in (*MODULES, *FUNCTIONS.rglob("*.py"))}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > MAX_LINES} == {}
