"""Mutation testing: change the code in one place, and check that a test fails.

`python -m mutation.run FILE` reads mutants as `mutation.make` prints them. The tests are collected once, and run once
without a mutant to measure how long each takes and which lines it runs. Then a forked process for each mutant runs the
tests that reach the changed statement, the fastest first, until one fails. A mutant that fails no test has survived:
the tests miss a rule, the code does more than it has to, or the change makes no difference. `survivors.toml` lists the
accepted survivors with a reason for each. Any other survivor fails the run, and so does an entry that is not needed.

Mutants do not affect code that ran while the test modules were imported, so tests have to call what they test.
"""

import argparse
import gc
import multiprocessing
import os
import resource
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Final

import pytest
from mutation.install import install, statement
from mutation.mutant import Mutant, read
from support.project.figures import keep

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

STORE: Final = "shared/dashboard_store/"
SURVIVORS: Final = Path(__file__).with_name("survivors.toml")


def _tests(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/test_{name}.py" for name in names)


# The tests that have to detect mutants of each module. Tests that are slow or drive processes are left out: the others
# have to detect the same.
_CONTRACT: Final = _tests("contract", "repository", "faults", "outcomes", "repeats", "datasets", "refusals", "deletes")
_DATA: Final = _tests("functions", "data", "data_versions", "uploads")
_CONFIGS: Final = (*_CONTRACT, *_tests("functions", "configs", "patches", "history", "round_trips", "rate_limit"))
_DATASETS: Final = (*_CONTRACT, *_DATA, *_tests("functions", "round_trips"))
_PROJECTS: Final = (*_CONTRACT, *_tests("unit", "uuid7"), *_tests("functions", "projects", "deleted_projects"))
_COUNTED: Final = _tests("contract", "units", "rate_limit")
_TRANSPORT: Final = _tests("unit", "http_response", "credentials", "dynamodb_client", "sigv4", "protocol")
_ITEMS: Final = (
    *_tests("unit", "items"),
    *_tests("contract", "formats"),
    *_CONTRACT,
    *_COUNTED,
    *_tests("functions", "round_trips"),
)
_MERGES: Final = _tests("unit", "merge", "merge_dashboards")
_RULES: Final = ("columns", "elements", "grids", "identity", "layout", "order", "overlaps", "placements", "shifts")
TESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "documents/merge.py": _MERGES,
    **{f"documents/merging/{module}.py": _MERGES for module in _RULES},
    "dynamodb/client.py": _TRANSPORT,
    "dynamodb/connection_pool.py": _TRANSPORT,
    "dynamodb/credentials.py": _TRANSPORT,
    "dynamodb/http_response.py": _TRANSPORT,
    "dynamodb/protocol.py": _TRANSPORT,
    "dynamodb/sigv4.py": _TRANSPORT,
    "identifiers.py": (*_tests("unit", "identifiers", "keys"), *_tests("functions", "history", "uploads")),
    "preconditions.py": (*_tests("unit", "preconditions"), *_tests("functions", "preconditions_matrix")),
    "repository/branches.py": _CONFIGS,
    "repository/bucket.py": (*_tests("unit", "bucket"), *_CONTRACT, *_DATA),
    "repository/config_items.py": _CONFIGS,
    "repository/config_saves.py": _CONFIGS,
    "repository/configs.py": _CONFIGS,
    "repository/dataset_writes.py": _DATASETS,
    "repository/datasets.py": _DATASETS,
    "repository/downloads.py": _DATA,
    "repository/expressions.py": _ITEMS,
    "repository/formats.py": _tests("contract", "formats"),
    "repository/items.py": _ITEMS,
    "repository/keys.py": _tests("unit", "keys"),
    "repository/project_deletion.py": _PROJECTS,
    "repository/project_items.py": _PROJECTS,
    "repository/projects.py": _PROJECTS,
    "repository/rate_limit.py": (*_tests("contract", "rate_limit"), *_tests("functions", "rate_limit")),
    "repository/retention.py": (*_CONFIGS, *_PROJECTS, *_DATA),
    "repository/uploads.py": (*_CONTRACT, *_DATA),
    "retry.py": (*_tests("unit", "retry", "deadlines", "items"), *_TRANSPORT),
}

ARGUMENTS: Final = (
    *("-qq", "--no-summary", "--capture=no", "-p", "no:cacheprovider", "--hypothesis-profile=mutation"),
    # In the process itself: its forks, in which mutants are tested, cannot share another engine.
    *("--engine", "moto"),
)

# Limits beyond what the tests take without a mutant; they catch mutants that loop, wait or allocate forever.
SPARE_CPU_SECONDS: Final = 10
SPARE_SECONDS: Final = 60
MEMORY_BYTES: Final = 4 * 1024**3

_FORK: Final = multiprocessing.get_context("fork")
_TOOL: Final = 4


@dataclass(frozen=True, slots=True)
class Ran:
    """A test's run without a mutant: its duration in seconds, and the lines that it ran, by module."""

    seconds: float
    lines: Mapping[str, frozenset[int]]


@dataclass(eq=False)
class Mutation:
    """A pytest plugin that runs the collected tests against each mutant."""

    mutants: Sequence[Mutant]
    jobs: int
    survivors: list[Mutant] = field(default_factory=list)
    has_failed: bool = False
    # The index of the test that failed for the latest detected mutant; written by its process, read by this one.
    finder: "Synchronized[int]" = field(default_factory=lambda: _FORK.Value("i", 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.has_failed |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        began = time.monotonic()
        _warm_up(session.items)
        ran = self._as_they_are(session.items)
        running: dict[ForkProcess, Mutant] = {}
        for number, mutant in enumerate(self.mutants):
            if number % 100 == 0:
                say(f"{number} of {len(self.mutants)} mutants tested in {time.monotonic() - began:.0f} s")
            while len(running) >= self.jobs:
                self._end_some(running)
            # One test often detects neighbouring mutants, so the last finder runs first, then the fastest tests.
            finder = session.items[self.finder.value]
            reaching = sorted(_reaching(mutant, session.items, ran), key=lambda item: item is not finder)
            process = _FORK.Process(target=self._test, args=(mutant, reaching, session.items, ran))
            process.start()
            running[process] = mutant
        while running:
            self._end_some(running)
        say(f"{len(self.mutants)} mutants tested in {time.monotonic() - began:.0f} s")
        return True

    def _as_they_are(self, items: Sequence[pytest.Item]) -> Mapping[str, Ran]:
        """Run every test without a mutant in a forked process, which leaves this one unchanged."""
        receiver, sender = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=lambda: sender.send(self._measured(items)))
        process.start()
        sender.close()
        try:
            ran: Mapping[str, Ran] = receiver.recv()
        except EOFError:
            raise pytest.UsageError("The tests fail without a mutant, so testing mutants would show nothing.") from None
        process.join()
        return ran

    def _measured(self, items: Sequence[pytest.Item]) -> Mapping[str, Ran]:
        modules = {str(Path(mutant.module).resolve()): mutant.module for mutant in self.mutants}
        seen: set[tuple[str, int]] = set()

        def on_line(code: CodeType, line: int) -> object:
            if code.co_filename in modules:
                seen.add((modules[code.co_filename], line))
            return sys.monitoring.DISABLE

        sys.monitoring.use_tool_id(_TOOL, "mutation")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, on_line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)
        ran = {}
        for item, following in zip(items, [*items[1:], None], strict=True):
            seen.clear()
            sys.monitoring.restart_events()
            began = time.monotonic()
            self._run(item, following)
            lines = {module: frozenset(line for where, line in seen if where == module) for module, _ in seen}
            ran[item.nodeid] = Ran(time.monotonic() - began, lines)
        return ran

    def _test(
        self, mutant: Mutant, reaching: Sequence[pytest.Item], items: Sequence[pytest.Item], ran: Mapping[str, Ran]
    ) -> None:
        """Test a mutant in this forked process. Any exit status but 0 means that the mutant was detected."""
        _confine(sum(ran[item.nodeid].seconds for item in reaching))
        install(mutant)
        for item, following in zip(reaching, [*reaching[1:], None], strict=True):
            try:
                self._run(item, following)
            except SystemExit:
                self.finder.value = items.index(item)
                raise

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if self.has_failed:
            raise SystemExit(f"{item.nodeid} failed")

    def _end_some(self, running: dict[ForkProcess, Mutant]) -> None:
        """Wait until the test of a mutant ends."""
        wait([process.sentinel for process in running])
        for process in [each for each in running if not each.is_alive()]:
            mutant = running.pop(process)
            # Ends what its tests started, such as an engine.
            with suppress(ProcessLookupError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            if process.exitcode == 0:
                self.survivors.append(mutant)
                say(f"survived: {mutant.name}")


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201 - the program's output


def _warm_up(items: Sequence[pytest.Item]) -> None:
    """Create the in-process fixtures that all tests share, such as moto, so that each fork inherits them.

    The next item passed to pytest is from another folder, so fixtures of narrower scope are torn down.
    """
    first = next((item for item in items if item.name.endswith("[moto]")), None)
    if first:
        other = next(item for item in items if item.path.parent != first.path.parent)
        first.config.hook.pytest_runtest_protocol(item=first, nextitem=other)
    gc.collect()
    # Frozen objects are not touched by garbage collection, so forks share their pages.
    gc.freeze()


def _confine(seconds: float) -> None:
    """Silence this process, and limit its time and memory."""
    os.setpgid(0, 0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    limit = SPARE_CPU_SECONDS + int(seconds * 3)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.alarm(SPARE_SECONDS + int(seconds * 10))


def _reaching(mutant: Mutant, items: Iterable[pytest.Item], ran: Mapping[str, Ran]) -> list[pytest.Item]:
    """Choose the tests that run the mutant's statement, the fastest first."""
    files = tuple(f"tests/{name}" for name in TESTS[mutant.module.removeprefix(STORE)])
    lines = statement(mutant.module, mutant.line)

    def reaches(item: pytest.Item) -> bool:
        # Code outside functions ran at import, so it affects every test of the module.
        return lines is None or bool(ran[item.nodeid].lines.get(mutant.module, frozenset()).intersection(lines))

    chosen = [item for item in items if item.nodeid.startswith(files) and reaches(item)]
    return sorted(chosen, key=lambda item: ran[item.nodeid].seconds)


def accepted(beginning: str) -> Mapping[str, Counter[str]]:
    """Read the accepted survivors by kind; mutants with the same name are listed once for each place."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for group in tomllib.loads(SURVIVORS.read_text())["accepted"]:
        kinds[group["kind"]].update(name for name in group["mutants"] if name.startswith(beginning))
    return kinds


def verdict(survived: Counter[str], kinds: Mapping[str, Counter[str]], tested: int) -> bool:
    """Report unexpected survivors and unneeded entries; return whether there are neither."""
    allowed = sum(kinds.values(), Counter[str]())
    new, gone = survived - allowed, allowed - survived
    for name in sorted(new.elements()):
        say(f"New survivor: {name}")
    for name in sorted(gone.elements()):
        say(f"Listed in {SURVIVORS.name}, but not a survivor: {name}")
    found = f"{tested - survived.total():,} of {tested:,} ({1 - survived.total() / tested:.1%})"
    survivors = ", ".join(f"{(survived & each).total()} {kind}" for kind, each in sorted(kinds.items()))
    say(f"The tests detect {found} mutants. Survivors: {survivors}, {new.total()} not accepted.")
    keep({"changes detected": found, "accepted survivors": survivors})
    return not new and not gone


def main() -> int:
    parser = argparse.ArgumentParser(description="Test mutants, and compare the survivors with survivors.toml.")
    parser.add_argument("mutants", type=Path, help="the output of mutation.make")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many mutants to test in parallel")
    parser.add_argument("--only", default="", help="test only mutants whose name begins with this")
    options = parser.parse_args()
    mutants = [mutant for mutant in read(options.mutants.read_text()) if mutant.name.startswith(options.only)]
    if not mutants:
        parser.error(f"no mutant's name begins with {options.only}")
    plugin = Mutation(mutants, options.jobs)
    modules = {mutant.module.removeprefix(STORE) for mutant in mutants}
    files = sorted({f"tests/{name}" for module in modules for name in TESTS[module]})
    if pytest.main([*ARGUMENTS, *files], plugins=[plugin]):
        return 1
    survived = Counter(mutant.name for mutant in plugin.survivors)
    return 0 if verdict(survived, accepted(options.only), len(mutants)) else 1


if __name__ == "__main__":
    sys.exit(main())
