"""What `make prove` runs, part after part."""

import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Part:
    """One long check: its name, what it shows, about how many minutes it takes, and its command."""

    name: str
    shows: str
    minutes: int
    command: tuple[str, ...]


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", "-q", *arguments)


PARTS: Final = (
    Part("engines", "What the repository promises, on every engine", 1, _pytest("tests/contract", "--engine", "all")),
    Part(
        "crash",
        "Twenty times SIGKILL under load, and every answered save is there",
        2,
        _pytest("tests/prove/test_crash.py"),
    ),
    Part("load", "Loads, patches and saves from 1, 8 and 32 clients", 4, (sys.executable, "-m", "benchmarks.load")),
    Part("soak", "100,000 requests in one process", 4, _pytest("tests/prove/test_soak.py")),
    Part(
        "properties",
        "Every property with a thousand other examples",
        10,
        _pytest(
            "tests/unit",
            "tests/functions",
            "tests/contract",
            "tests/web/test_unsafe_text.py",
            "--hypothesis-profile=thorough",
        ),
    ),
    Part(
        "document",
        "What the OpenAPI document allows to be sent, and where its links lead",
        4,
        _pytest("tests/prove/test_schemathesis.py"),
    ),
    Part("coverage", "Branches that the tests run", 5, (sys.executable, "-m", "prove.branches")),
    Part(
        "mutation",
        "A test fails wherever merge, preconditions or repository are changed",
        15,
        ("make", "--no-print-directory", "mutate", "ONLY="),
    ),
)
