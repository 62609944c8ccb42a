"""The parts of `make prove`, in order."""

import sys
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Part:
    """One long check: its name, what it shows, its approximate duration in minutes, and its command."""

    name: str
    shows: str
    minutes: int
    command: tuple[str, ...]


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", "-q", *arguments)


PARTS: Final = (
    Part("engines", "The repository's promises on every engine", 1, _pytest("tests/contract", "--engine", "all")),
    Part(
        "crash",
        "Every answered save survives twenty SIGKILLs under load",
        2,
        _pytest("tests/prove/test_crash.py"),
    ),
    Part("load", "Loads, patches and saves from 1, 8 and 32 clients", 4, (sys.executable, "-m", "prove.load")),
    Part("soak", "One process answers 100,000 requests without growing", 4, _pytest("tests/prove/test_soak.py")),
    Part(
        "hostile",
        "No request of any form takes too much, and every answer fits",
        10,
        _pytest("tests/prove/test_hostile.py", "-s"),
    ),
    Part(
        "flood",
        "A refused request costs next to nothing, and a flood slows nobody else in its instance",
        2,
        # pytest would keep each of the log lines, which takes longer than to write them.
        _pytest("tests/prove/test_flood.py", "-p", "no:logging", "--show-capture=no"),
    ),
    Part(
        "quotas",
        "Many writers of several functions stop at the quota, and deletes free it",
        2,
        _pytest("tests/prove/test_quotas.py"),
    ),
    Part(
        "tables",
        "Tables of 100 MB are read in bounded memory, once and whole, and every cell comes back",
        6,
        _pytest("tests/prove/test_tables.py"),
    ),
    Part(
        "properties",
        "Every property holds for a thousand random examples",
        10,
        _pytest(
            "tests/unit",
            "tests/functions",
            "tests/contract",
            "tests/web/test_unsafe_text.py",
            "tests/prove/test_linear_time.py",
            "--hypothesis-profile=thorough",
        ),
    ),
    Part(
        "promises",
        "No order of edits, answers, faults and tabs breaks a promise of the client",
        4,
        _pytest("tests/prove/test_promises.py"),
    ),
    Part(
        "browser",
        "No fault, reload or kill of real browsers breaks a promise of the client",
        15,
        _pytest("tests/prove/test_browser.py"),
    ),
    Part(
        "browsers",
        "The page keeps its edits in Chromium, Firefox and WebKit",
        12,
        (sys.executable, "-m", "prove.browsers"),
    ),
    Part(
        "live",
        "A save appears on another page within a second, and two hundred followers ask spread out",
        9,
        _pytest("tests/prove/test_live.py", "-s"),
    ),
    Part(
        "page",
        "The page is light: a slow phone waits seconds, a large table blocks nothing, Lighthouse finds nothing",
        4,
        _pytest("tests/prove/test_page_speed.py", "-s"),
    ),
    Part(
        "applications",
        "A React and a Next.js application build with the packed client and keep their edits",
        3,
        _pytest("tests/prove/test_applications.py"),
    ),
    Part(
        "moving",
        "Databases move in while their users write, through five kills, and no row differs; there is a way back",
        12,
        _pytest("tests/prove/test_import_sql.py", "tests/prove/test_moving.py"),
    ),
    Part(
        "document",
        "Requests generated from the OpenAPI document are answered as documented",
        4,
        _pytest("tests/prove/test_schemathesis.py"),
    ),
    Part(
        "deployment",
        "A deployment is verified from outside, and each fault put into it is found",
        9,
        _pytest("tests/prove/test_deployment.py", "-s"),
    ),
    Part(
        "sam-local",
        "Every event is answered as its file is named in AWS's own runtime, through sam local invoke",
        6,
        _pytest("tests/prove/test_sam_local.py", "-s"),
    ),
    Part("coverage", "The tests cover the branches of the code", 5, (sys.executable, "-m", "prove.branches")),
    Part(
        "mutation",
        "The tests detect changes of merge, preconditions and repository",
        15,
        ("make", "--no-print-directory", "mutate", "ONLY="),
    ),
)
