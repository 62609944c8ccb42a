"""The pytest plugin of a verification: hands the deployment to the checks, and makes a line of the report of each."""

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Final

import httpx
import pytest
from deployment.api import WRITES, Answer, Deployment
from deployment.report import Check, Outcome, Report, claims, user_hash, without_secrets

VERIFICATION: Final = pytest.StashKey["Verification"]()
"""Where the fixtures find the run that they belong to."""

_SECONDS: Final = pytest.StashKey[float]()


@dataclass
class Verification:
    """One run: the deployment, what was given, and what was found.

    `projects_left` could not be deleted, `left` is what else stays, and `said` is what checks add to the facts.
    """

    deployment: Deployment
    environment: Mapping[str, str]
    version: str
    report: Report = field(default_factory=Report)
    projects_left: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    _broken: dict[str, Check] = field(default_factory=dict)

    @property
    def tokens(self) -> tuple[str, str]:
        return self.environment["TOKEN"], self.environment["OTHER_TOKEN"]

    def given(self, name: str, what: str) -> str:
        """Return a variable of the environment; without it, the check that needs it is not made."""
        if not self.environment.get(name):
            pytest.skip(f"it needs {name}={what}")
        return self.environment[name]

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[VERIFICATION] = self

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function, call: pytest.CallInfo[None]) -> Iterator[None]:
        made = yield
        if call.excinfo is not None:
            self._broken.setdefault(item.nodeid, _broken(item, call.excinfo.value))
        if call.when == "call":
            item.stash[_SECONDS] = call.duration
        if call.when == "teardown":
            broken = item.nodeid in self._broken
            self._add(self._broken.pop(item.nodeid) if broken else _check(item, "passed"))
        return made

    def _add(self, check: Check) -> None:
        self.report.checks.append(check)
        why = f": {check.why}" if check.why else f", {check.seconds:.1f} s"
        say(without_secrets(f"{check.outcome:11}  {check.sentence}{why}", self.tokens))

    def facts(self, began: float) -> dict[str, str]:
        answers, moment = self.deployment.answers, datetime.now(UTC)
        writes = sum(answer.request.startswith(WRITES) for answer in answers)
        return (
            {
                "Deployment": f"`{httpx.URL(self.deployment.root).netloc.decode()}`{self._region()}",
                "Date": f"{moment:%Y-%m-%d %H:%M} UTC, {time.monotonic() - began:.0f} s",
                "Dashkeep": f"{self.version}: the version of this checkout, because the API names none",
                "Users": " and ".join(f"`{user_hash(str(claims(token).get('sub')))}`" for token in self.tokens)
                + ": SHA-256 of `sub`, the first 12 digits",
                "Requests": f"{len(answers)}, {writes} of them POST, PUT, PATCH or DELETE",
                "Loads and saves": f"p50 {_p50(answers, 'GET')} and {_p50(answers, 'PUT')} from here, for information",
                "Left behind": "; ".join(
                    ["no project" if not self.projects_left else ", ".join(self.projects_left), *self.left]
                ),
            }
            | self._connection()
            | self.said
        )

    def _region(self) -> str:
        found = re.search(r"execute-api\.([a-z0-9-]+)\.", self.deployment.root)
        return f" in {found[1]}" if found else ""

    def _connection(self) -> dict[str, str]:
        with self.deployment.http.stream("GET", f"{self.deployment.root}/api/health") as answer:
            secure = answer.extensions["network_stream"].get_extra_info("ssl_object")
            told = [
                name for name in ("server", "via", "x-cache", "strict-transport-security") if name in answer.headers
            ]
            headers = "".join(f", `{name}: {answer.headers[name]}`" for name in told)
            tls = secure.version() if isinstance(secure, ssl.SSLObject | ssl.SSLSocket) else "not encrypted"
            return {"Connection": f"{answer.http_version}, {tls}{headers}"}


def _broken(item: pytest.Function, error: BaseException) -> Check:
    if isinstance(error, pytest.skip.Exception):
        return _check(item, "not checked", str(error))
    what = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    return _check(item, "FAILED", what)


def _check(item: pytest.Function, outcome: Outcome, why: str = "") -> Check:
    chapter = (item.module.__doc__ or "").strip().splitlines()[0].rstrip(".")
    sentence = " ".join((item.function.__doc__ or item.name).split())
    return Check(chapter, sentence, outcome, why, item.stash.get(_SECONDS, 0))


def _p50(answers: list[Answer], method: str) -> str:
    shown = re.compile(rf"{method} /api/projects/[^/]+/config$")
    seconds = [answer.seconds for answer in answers if answer.status == httpx.codes.OK and shown.match(answer.request)]
    return f"{median(seconds) * 1_000:.0f} ms" if seconds else "not measured"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command prints its progress
