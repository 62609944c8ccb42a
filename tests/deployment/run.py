"""Verify a deployment: `make verify-deployment URL=https://….amazonaws.com/api TOKEN=… OTHER_TOKEN=…`.

URL, TOKEN, OTHER_TOKEN, and ORIGIN and TABLE if given, come from the environment, because everyone on a machine can see
the arguments of a command. The checks are modules of this folder, run by pytest in this process; `python -m
deployment.run walk cors` runs some. Exits with code 1 if a check failed, and 2 if nothing could be checked.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from deployment.api import TIMEOUT_SECONDS, Answer, Deployment, UnexpectedError
from deployment.plugin import Verification, say
from deployment.report import claims

ROOT: Final = Path(__file__).parents[2]
REPORT: Final = ROOT / ".verify" / "report.md"
CHECKS: Final = ("walk", "tables", "isolation", "tokens", "refusals", "cors", "hostile", "headers", "contract")
"""The modules of checks, in order: hostile ones use up limits; `headers` looks at all answers before it."""

CONTRACT: Final = CHECKS[-1]
NOT_STARTED: Final = 2
_RUN_SECONDS: Final = 600


class CannotVerifyError(Exception):
    """Nothing can be checked; the message says what to give."""


def root_of(environment: Mapping[str, str]) -> str:
    """Return the deployment's URL without `/api`; raise CannotVerifyError if something given cannot be used."""
    if missing := [name for name in ("URL", "TOKEN", "OTHER_TOKEN") if not environment.get(name)]:
        raise CannotVerifyError(f"Give {', '.join(missing)}: make verify-deployment URL=… TOKEN=… OTHER_TOKEN=…")
    users = {name: _user(name, environment[name]) for name in ("TOKEN", "OTHER_TOKEN")}
    if users["TOKEN"] == users["OTHER_TOKEN"]:
        raise CannotVerifyError("TOKEN and OTHER_TOKEN are of the same user. Give the tokens of two users.")
    root = re.fullmatch(r"(https?://.+?)(/api)?/?", environment["URL"])
    if root is None:
        raise CannotVerifyError("URL is not an address of the web. It is the stack's output ApiUrl.")
    return root[1]


def _user(name: str, token: str) -> tuple[Any, Any]:
    """Return issuer and subject of a token that is valid for the whole run."""
    try:
        found = claims(token)
    except ValueError:
        raise CannotVerifyError(f"{name} is not a JWT.") from None
    left = float(found.get("exp", 0)) - time.time()
    if left < _RUN_SECONDS:
        raise CannotVerifyError(f"{name} expires in {max(left, 0):.0f} s, before the checks end. Take a new one.")
    return found.get("iss"), found.get("sub")


def _reach(deployment: Deployment, environment: Mapping[str, str]) -> None:
    """Raise CannotVerifyError unless the API answers and accepts both tokens."""
    try:
        deployment.send("GET", "/api/health").expect(200)
        answers = {name: _limits(deployment, environment[name]) for name in ("TOKEN", "OTHER_TOKEN")}
    except UnexpectedError as error:
        raise CannotVerifyError(f"No deployment answers at URL. {error}.") from None
    for name, answer in answers.items():
        if answer.status != httpx.codes.OK:
            raise CannotVerifyError(f"{name} is not accepted: {answer}. `make check-issuer` says which tokens are.")


def _limits(deployment: Deployment, token: str) -> Answer:
    return deployment.send("GET", "/api/limits", headers={"authorization": f"Bearer {token}"})


def verify(environment: Mapping[str, str], checks: tuple[str, ...], file: Path) -> int:
    """Run the checks, print and write the report, and return the exit code."""
    began = time.monotonic()
    root = root_of(environment)
    with httpx.Client(timeout=TIMEOUT_SECONDS, headers={"User-Agent": "dashkeep-verify"}) as client:
        deployment = Deployment(root, client)
        _reach(deployment, environment)
        verification = Verification(deployment, environment, _version())
        ended = _run(verification, [each for each in checks if each != CONTRACT])
        if CONTRACT in checks and ended != pytest.ExitCode.INTERRUPTED:
            # Apart, because it takes so long that tokens may expire before the others' projects are deleted.
            ended = max(ended, _run(verification, [CONTRACT]))
        report = verification.report
        report.facts = verification.facts(began)
    if ended > pytest.ExitCode.TESTS_FAILED:
        report.early = pytest.ExitCode(ended).name.lower().replace("_", " ")
    shown = report.markdown(verification.tokens)
    file.parent.mkdir(exist_ok=True)
    file.write_text(shown)
    say(f"\n{shown}")
    return report.exit_code


def _run(verification: Verification, checks: list[str]) -> int:
    return int(pytest.main(_options(checks), plugins=[verification])) if checks else 0


def _options(checks: list[str]) -> list[str]:
    folder = Path(__file__).parent
    # No other conftest, plugin, terminal or cache: what is printed is this module's. Asserts show no values.
    options = ["-c", str(ROOT / "pyproject.toml"), "--confcutdir", str(folder), "-o", "addopts=--import-mode=importlib"]
    options += ["-p", "no:terminal", "-p", "no:cacheprovider", "--disable-plugin-autoload", "--assert=plain"]
    return [*options, *(str(folder / f"check_{each}.py") for each in checks)]


def _version() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checks", nargs="*", choices=CHECKS, help="what to check; by default all")
    parser.add_argument("--report", type=Path, default=REPORT, help="the file for the report")
    options = parser.parse_args()
    try:
        return verify(os.environ, tuple(options.checks) or CHECKS, options.report)
    except CannotVerifyError as error:
        say(str(error))
        return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
