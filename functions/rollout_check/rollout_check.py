"""Saves and loads once through the new versions of the functions, before any user reaches them.

CodeDeploy calls this function for each deployment group before it shifts traffic, so several checks run at a time, and
waits until it hears whether the check succeeded. An event without a `DeploymentId` is an operator's, to whom the
function only returns its report.

All checks act as one reserved user, each in a project of its own, which it deletes permanently. If a check is stopped
half-way, a later one deletes what it left.
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-lambda
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from new_versions import NO_TICKET, SPARE_SECONDS, LambdaClient, NewVersions, Sent, Timer, UnexpectedError

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.gateway.log_hash import user_hash

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LEFT_AFTER: Final = timedelta(hours=1)
"""The age at which a project was left behind: no check takes longer than Lambda's 15 minutes."""

# More than the longest time-out of a function that answers requests. What was sent is not sent again, because it may
# have been done.
CLIENT_CONFIG: Final = ClientConfig(connect_timeout=5, read_timeout=35, retries={"total_max_attempts": 1})

# Small enough for the lowest limits that the template allows. Read as floats, the large numbers would change.
CONFIG: Final[JsonObject] = {"chartCustomizations": {"check": {"title": "Check", "order": 2**60 + 1}}}
STALE: Final[JsonObject] = {"chartCustomizations": {}}
TABLE: Final[JsonObject] = {"fileName": "check.csv", "rawData": [{"n": 1}, {"n": 2.5}, {"n": 2**60 + 1}]}

_PROJECT: Final = "/api/projects/{projectId}"
_GONE: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)

_logger = Logger()


class CodeDeployClient(Protocol):
    def put_lifecycle_event_hook_execution_status(
        self,
        *,
        deploymentId: str,  # noqa: N803 - boto3's names
        lifecycleEventHookExecutionId: str,  # noqa: N803 - the same
        status: str,
    ) -> object: ...


class StepError(Exception):
    """A step failed; the report has the reason."""


def handler(event: Mapping[str, Any], context: "LambdaContext") -> JsonObject:
    versions = NewVersions(
        _lambda(),
        os.environ,
        reserved_user(os.environ["LOG_KEY"]),
        Timer(lambda: context.get_remaining_time_in_millis() / 1_000),
    )
    return answer(event, Check(versions), _codedeploy)


def answer(event: Mapping[str, Any], check: "Check", codedeploy: Callable[[], CodeDeployClient]) -> JsonObject:
    """Run the check, log and return its report, and send the outcome to CodeDeploy if the event is from there."""
    report = check.run()
    (_logger.error if report["failures"] else _logger.info)("rollout-check", extra=report)
    if "DeploymentId" in event:
        _send(event, report["outcome"], codedeploy())
    return report


def reserved_user(key: str) -> str:
    """Return the user that checks act as: one, because alarms count what fails for several.

    The name depends on the key of the log's hashes, which nobody outside of the account knows. So no token has it.
    """
    return f"rollout-check-{user_hash(key, 'rollout-check')}"


class Check:
    """One check; `now` tells which projects were left behind."""

    def __init__(self, versions: NewVersions, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._versions = versions
        self._now = now
        self._project = f"check-{secrets.token_hex(8)}"
        self._milliseconds: dict[str, int] = {}
        self._failures: dict[str, str] = {}

    def run(self) -> JsonObject:
        """Go through the steps up to the first that fails, delete the project, and return the report.

        It has the `outcome` in CodeDeploy's words and, by the names of steps, the `milliseconds` that they took and the
        `failures` with their reasons.
        """
        with suppress(StepError):
            self._look()
            self._use_a_project()
        outcome = "Failed" if self._failures else "Succeeded"
        return {"outcome": outcome, "failures": self._failures, "milliseconds": self._milliseconds}

    def _look(self) -> None:
        with self._step("health"):
            self._versions.request("HEALTH", Sent("GET /api/health", has_token=False)).require(HTTPStatus.OK)
        with self._step("projects: leftovers"):
            listed = self._versions.request("PROJECTS", Sent("GET /api/projects", query={"limit": "100"}))
            for project in listed.require(HTTPStatus.OK)["projects"]:
                if datetime.fromisoformat(project["createdAt"]) < self._now() - LEFT_AFTER:
                    # Another check of the same user may be faster.
                    self._delete(project["id"], *_GONE)

    def _use_a_project(self) -> None:
        expected: tuple[int, ...] = _GONE
        try:
            with self._step("projects: create"):
                new = {"id": self._project, "name": "Rollout check"}
                self._versions.request("PROJECTS", Sent("POST /api/projects", body=new)).require(HTTPStatus.CREATED)
            expected = (HTTPStatus.NO_CONTENT,)
            self._save_and_load()
            self._store_and_read()
            self._share()
            self._follow()
            with self._step("projects: list"):
                listed = self._versions.request("PROJECTS", Sent("GET /api/projects")).require(HTTPStatus.OK)
                found = [project["id"] for project in listed["projects"]]
                _require(self._project in found, otherwise="the new project is not in the list")
        finally:
            with self._step("projects: delete"):
                self._delete(self._project, *expected, spare=SPARE_SECONDS / 2)

    def _save_and_load(self) -> None:
        save, load = f"PUT {_PROJECT}/config", f"GET {_PROJECT}/config"
        with self._step("put_config: save"):
            saved = self._versions.request("PUT_CONFIG", Sent(save, self._project, CONFIG, {"if-none-match": "*"}))
            _require(saved.require(HTTPStatus.OK)["version"] == 1, otherwise="the first version is not 1")
            _require(saved.headers.get("etag") == '"1"', otherwise="the ETag is not that of version 1")
        # A precondition that is named holds, also where the deployment requires none.
        with self._step("put_config: stale save"):
            stale = self._versions.request("PUT_CONFIG", Sent(save, self._project, STALE, {"if-match": '"0"'}))
            stale.require(HTTPStatus.PRECONDITION_FAILED)
        with self._step("get_config: load"):
            loaded = self._versions.request("GET_CONFIG", Sent(load, self._project))
            _require_equal(loaded.require(HTTPStatus.OK)["config"], CONFIG)
            _require(loaded.headers.get("etag") == '"1"', otherwise="the ETag is not that of version 1")

    def _store_and_read(self) -> None:
        store, read = f"POST {_PROJECT}/data", f"GET {_PROJECT}/data"
        with self._step("project_data: store"):
            self._versions.request("PROJECT_DATA", Sent(store, self._project, TABLE)).require(HTTPStatus.CREATED)
        with self._step("project_data: read"):
            found = self._versions.request("PROJECT_DATA", Sent(read, self._project))
            _require_equal(found.require(HTTPStatus.OK)["rawData"], TABLE["rawData"])
        with self._step("read_upload: start"):
            self._versions.read_upload(self._project)

    def _share(self) -> None:
        with self._step("sharing: link"):
            made = self._versions.request("SHARING", Sent(f"POST {_PROJECT}/links", self._project, {}))
            token = made.require(HTTPStatus.CREATED)["token"]
        with self._step("public_links: read"):
            sent = Sent("GET /api/links/{token}/config", has_token=False, token=token)
            found = self._versions.request("PUBLIC_LINKS", sent).require(HTTPStatus.OK)
            _require_equal(found["config"], CONFIG)

    def _follow(self) -> None:
        """Follow the project through a connection, without a WebSocket: its function does not know the difference."""
        with self._step("live: no ticket"):
            self._versions.handshake("rollout-check", NO_TICKET).require(HTTPStatus.UNAUTHORIZED)
        with self._step("live: connect"):
            connection = self._versions.connect()
        try:
            with self._step("live: follow"):
                (found,) = self._versions.follow(connection, self._project).require(HTTPStatus.OK)["projects"]
                versions = (found["configVersion"], found["dataVersion"])
                _require(versions == (1, "1.0"), otherwise="the versions are not those that were saved")
        finally:
            with self._step("live: disconnect"):
                self._versions.disconnect(connection).require(HTTPStatus.OK)

    def _delete(self, project: str, *expected: int, spare: float = SPARE_SECONDS) -> None:
        sent = Sent(f"DELETE {_PROJECT}", project, query={"permanently": "true"})
        self._versions.request("PROJECTS", sent, spare).require(*expected)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Time a step. Raises StepError if it fails, for whatever reason."""
        began = time.perf_counter()
        try:
            yield
        except UnexpectedError as exc:
            self._failures[name] = str(exc)
            raise StepError from exc
        except Exception as exc:
            # An answer in an unknown form. If the check ended here, CodeDeploy would wait for an hour.
            self._failures[name] = type(exc).__name__
            raise StepError from exc
        finally:
            self._milliseconds[name] = round((time.perf_counter() - began) * 1_000)


def _require(condition: bool, *, otherwise: str) -> None:  # noqa: FBT001 - as with assert
    if not condition:
        raise UnexpectedError(otherwise)


def _require_equal(found: object, written: object) -> None:
    # As texts, because Python takes 1, 1.0 and true for equal, and objects whose members are in another order.
    _require(json.dumps(found) == json.dumps(written), otherwise="what was read is not what was written")


def _send(event: Mapping[str, Any], outcome: str, codedeploy: CodeDeployClient) -> None:
    try:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=outcome,
        )
    except ClientError as exc:
        # Lambda may deliver an event twice.
        if exc.response["Error"]["Code"] != "LifecycleEventAlreadyCompletedException":
            raise


@cache
def _lambda() -> LambdaClient:
    return boto3.client("lambda", config=CLIENT_CONFIG)


@cache
def _codedeploy() -> CodeDeployClient:
    client: CodeDeployClient = boto3.client("codedeploy")
    return client
