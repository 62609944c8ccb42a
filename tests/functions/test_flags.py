"""Flags are what AppConfig says for a user, and keep their values while it cannot be reached."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from support.handlers.appconfig import AppConfig, out_of_reach, refused
from support.handlers.http_api import Client, handler_module
from support.storage.faults import BucketFault

from dashboard_store.gateway.flags import MAX_AGE_SECONDS, share
from dashboard_store.settings import Settings

type Json = dict[str, Any]

USERS = [f"user-{number}" for number in range(400)]
FAULTS: dict[str, BucketFault] = {
    "out of reach": out_of_reach,
    "throttled": refused(429, "ThrottlingException"),
    "a server error": refused(500, "InternalServerException"),
    "an expired session": refused(400, "BadRequestException"),
    "access denied": refused(403, "AccessDeniedException"),
}


def for_share(end: int) -> Json:
    """Return the document in docs/operations.md, which turns a flag on for the shares 0 to `end`."""
    conditions = [{"action": "MODULO_RANGE", "key": "user_share", "value": {"BASE": 100, "START": 0, "END": end}}]
    return {"databaseLoad": {"default": False, "rules": {"a share": {"when_match": True, "conditions": conditions}}}}


class Time:
    """A clock in seconds that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    # Powertools decides by this module's clock how long it keeps a document.
    monkeypatch.setattr("aws_lambda_powertools.utilities.parameters.base.datetime", _Datetime(clock))
    return clock


class _Datetime:
    def __init__(self, clock: Time) -> None:
        self._clock = clock

    def now(self, *_: Any) -> Any:
        from datetime import UTC, datetime  # noqa: PLC0415

        return datetime.fromtimestamp(self._clock.seconds, UTC)


def test_a_flag_is_what_appconfig_says() -> None:
    """A flag without rules has its default, and a flag that the code does not know is passed on."""
    flags = AppConfig({"databaseLoad": {"default": True}, "newEditor": {"default": False}}).flags()
    assert flags.of("user-1") == {"databaseLoad": True, "newEditor": False}


@pytest.mark.parametrize("end", [0, 9, 49, 98])
def test_a_rule_applies_to_its_share_of_the_users(end: int) -> None:
    """A rule of n percent is on for the users of the first n shares, and off for all others."""
    flags = AppConfig(for_share(end)).flags()
    assert {user for user in USERS if flags.of(user)["databaseLoad"]} == {user for user in USERS if share(user) <= end}


STAGES = {
    -1: {"databaseLoad": {"default": False}},
    9: for_share(9),
    49: for_share(49),
    99: {"databaseLoad": {"default": True}},
}


@pytest.mark.parametrize(("before", "after"), list(pairwise(STAGES)))
def test_a_stage_changes_a_flag_only_for_its_new_users(before: int, after: int) -> None:
    """An instance with the old document answers as one with the new, except to users of the shares between the two."""
    old, new = AppConfig(STAGES[before]).flags(), AppConfig(STAGES[after]).flags()
    changed = {user for user in USERS if old.of(user) != new.of(user)}
    assert changed == {user for user in USERS if before < share(user) <= after}


def test_shares_are_even_and_stable() -> None:
    """Users fall evenly into a hundred shares and keep theirs, so a growing rollout takes a flag from no user."""
    assert [share(user) for user in ("user-1", "user-2", "ü")] == [94, 87, 28]
    counts = Counter(share(f"u{number}") for number in range(20_000))
    assert counts.keys() == set(range(100))
    assert min(counts.values()) > 140
    assert max(counts.values()) < 260


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("fallback", [False, True])
def test_without_appconfig_a_new_instance_falls_back(fault: BucketFault, fallback: bool) -> None:  # noqa: FBT001
    """A flag that was never read has the deployment's default."""
    appconfig = AppConfig({"databaseLoad": {"default": not fallback}})
    appconfig.fault = fault
    assert appconfig.flags(fallback=fallback).of("user-1") == {"databaseLoad": fallback}


@pytest.mark.parametrize("document", [[], {"databaseLoad": {}}, {"databaseLoad": {"default": False, "rules": 1}}, "x"])
def test_an_invalid_document_falls_back(document: Any) -> None:
    """A document that cannot be evaluated is treated like one that cannot be read."""
    assert AppConfig(document).flags(fallback=True).of("user-1") == {"databaseLoad": True}


def test_an_outage_changes_no_flag(time: Time) -> None:
    """An instance keeps the flags that it has read, asks again once a minute, and then takes up changes."""
    appconfig = AppConfig({"databaseLoad": {"default": True}})
    flags = appconfig.flags(now=time)
    assert flags.of("user-1") == {"databaseLoad": True}
    appconfig.fault = out_of_reach
    appconfig.document = {"databaseLoad": {"default": False}}
    time.seconds += MAX_AGE_SECONDS + 1
    assert flags.of("user-1") == {"databaseLoad": True}
    appconfig.fault = None
    assert flags.of("user-1") == {"databaseLoad": True}
    time.seconds += MAX_AGE_SECONDS + 1
    assert flags.of("user-1") == {"databaseLoad": False}
    # A new session, because the old one may be what failed.
    assert appconfig.sessions == 2


def test_flags_are_those_of_the_caller(connect: Callable[[Settings], None], settings: Settings) -> None:
    """`GET /api/flags` returns the caller's flags."""
    connect(settings)
    handler_module("GetConfigFunction").app.flags = AppConfig(for_share(49)).flags()
    answers = {user: Client(user).get("/api/flags").json for user in ("user-3", "user-1")}
    assert answers == {"user-3": {"databaseLoad": True}, "user-1": {"databaseLoad": False}}
