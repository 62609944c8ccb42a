"""The check before traffic shifts, on the functions themselves: what it finds, what it leaves, and when it waits."""

import io
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import Stubber
from conftest import TABLE, Clock
from new_versions import CALL_ATTEMPTS, NewVersions, Timer
from rollout_check import LEFT_AFTER, Check, CodeDeployClient, answer, reserved_user
from support.handlers.http_api import CONTEXT, Client, find_route, handler_module
from support.handlers.invocations import read
from support.project.template import functions, template
from support.storage.clients import Tapped, items_of
from support.storage.stream import Stream

from dashboard_store.gateway.socket_event import is_socket_event
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from dashboard_store.store import Store

KEY = "arn:aws:cloudformation:eu-central-1:123456789012:stack/dashkeep/5f0d1f60"
CODEDEPLOY = {"DeploymentId": "d-ABC", "LifecycleEventHookExecutionId": "hook-1"}
TIMEOUT: int = functions()["RolloutCheckFunction"]["Timeout"]
GROUPS = len(functions()) - 1
STEPS = [
    "health",
    "projects: leftovers",
    "projects: create",
    "put_config: save",
    "put_config: stale save",
    "get_config: load",
    "project_data: store",
    "project_data: read",
    "read_upload: start",
    "sharing: link",
    "public_links: read",
    "live: no ticket",
    "live: connect",
    "live: follow",
    "live: disconnect",
    "projects: list",
    "projects: delete",
]

type Json = dict[str, Any]
type Invoke = Callable[[Json], Json]
type Fault = Callable[[Json, Invoke], Json]


class Versions:
    """Lambda, with the functions themselves as its new versions. A fault takes the place of a version."""

    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.events: list[tuple[str, Json]] = []
        self.before: Callable[[], None] = lambda: None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        self.before()
        function, event = FunctionName.removesuffix(".Version"), json.loads(Payload)
        self.events.append((function, event))

        def respond(event: Json) -> Any:
            if function == "ReadUploadFunction":
                return read(event, handler_module("ProjectDataFunction").app.store)
            return handler_module(function).handler(event, CONTEXT)

        try:
            answered = self.faults.get(function, _sound)(event, respond)
        except (ClientError, ReadTimeoutError):
            raise
        except Exception as exc:  # noqa: BLE001 - Lambda reports whatever a function raises
            error = {"errorType": type(exc).__name__, "errorMessage": str(exc)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(error).encode())}
        return {"Payload": io.BytesIO(json.dumps(answered).encode())}


class World:
    """The deployed functions, and checks of them; time passes only while a check waits."""

    def __init__(self, clock: Clock, database: Tapped) -> None:
        self.clock = clock
        self.versions = Versions()
        self.environment = environment()
        self.waits: list[float] = []
        self.owner = Client(reserved_user(KEY))
        self._database = database

    def check(self, sleep: Callable[[float], None] | None = None) -> Check:
        began = self.clock()

        def remaining() -> float:
            return TIMEOUT - (self.clock() - began).total_seconds()

        timer = Timer(remaining, sleep or self.sleep, lambda: self.clock().timestamp())
        versions = NewVersions(self.versions, self.environment, self.owner.user, timer)
        return Check(versions, self.clock)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds=seconds)

    def projects(self) -> list[str]:
        return [project["id"] for project in self.owner.get("/api/projects").json["projects"]]

    def items(self) -> list[Json]:
        return items_of(self._database, TABLE, f"USER#{self.owner.user}")


class Turns:
    """Runs checks at once in simulated time: one continues whenever all others wait, at the moment when it wakes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Condition()
        self._wakes: dict[str, datetime] = {}
        self._next: str | None = None

    def run(self, checks: list[Check]) -> list[Json]:
        with ThreadPoolExecutor(len(checks)) as pool:
            running = [pool.submit(self._run, str(number), check) for number, check in enumerate(checks)]
            with self._turn:
                assert self._turn.wait_for(lambda: len(self._wakes) == len(checks), timeout=60)
                self._wake_next()
            return [each.result() for each in running]

    def sleep(self, seconds: float) -> None:
        name = threading.current_thread().name
        with self._turn:
            self._wakes[name] = self._clock() + timedelta(seconds=seconds)
            self._wake_next()
            assert self._turn.wait_for(lambda: self._next == name, timeout=60)

    def _run(self, number: str, check: Check) -> Json:
        name = threading.current_thread().name = f"check-{number}"
        with self._turn:
            self._wakes[name] = self._clock()
            self._turn.notify_all()
            assert self._turn.wait_for(lambda: self._next == name, timeout=60)
        try:
            return check.run()
        finally:
            with self._turn:
                self._wake_next()

    def _wake_next(self) -> None:
        if self._wakes:
            self._next = min(self._wakes, key=lambda name: self._wakes[name])
            self._clock.moment = max(self._clock(), self._wakes.pop(self._next))
            self._turn.notify_all()


def environment() -> dict[str, str]:
    """The variables by which the template names the new versions."""
    variables = functions()["RolloutCheckFunction"]["Environment"]["Variables"]
    return {name: reference["Ref"] for name, reference in variables.items()}


@pytest.fixture
def world(client: Client, clock: Clock, database: Tapped) -> World:
    assert client
    return World(clock, database)


@pytest.fixture
def codedeploy() -> Any:
    return boto3.client("codedeploy", "eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")


def failed(event: Json, _: Invoke) -> Json:
    body = json.dumps({"type": "urn:problem:internal-error"})
    return {"statusCode": 500, "headers": {}, "body": body, "isBase64Encoded": False, "event": event}


def raised(_event: Json, _respond: Invoke) -> Json:
    raise RuntimeError("secret content")


def nonsense(_event: Json, _respond: Invoke) -> Json:
    return {"message": "Internal Server Error"}


def refused(code: str, times: float = float("inf")) -> Fault:
    """Lambda itself refuses a call."""
    left = times

    def refuse(event: Json, respond: Invoke) -> Json:
        nonlocal left
        left -= 1
        if left >= 0:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "Invoke")
        return respond(event)

    return refuse


def timed_out(_event: Json, _respond: Invoke) -> Json:
    raise ReadTimeoutError(endpoint_url="https://lambda")


def on(route: str, fault: Fault) -> Fault:
    """Break only one route of a function, of the HTTP API or of the WebSocket API."""
    return lambda event, respond: (fault if event["requestContext"]["routeKey"] == route else _sound)(event, respond)


def _sound(event: Json, respond: Invoke) -> Json:
    return respond(event)


def edited(change: Callable[[Json], None]) -> Fault:
    """Answer with another body."""

    def answered(event: Json, respond: Invoke) -> Json:
        response = respond(event)
        if response["body"]:
            body = json.loads(response["body"])
            change(body)
            response = {**response, "body": json.dumps(body)}
        return response

    return answered


def lenient(event: Json, respond: Invoke) -> Json:
    """Accept a save that names an outdated version."""
    if "if-match" in event["headers"]:
        event = {**event, "headers": {**event["headers"], "if-match": "*"}}
    return respond(event)


def deaf(event: Json, respond: Invoke) -> Json:
    """Take every ticket for a spent one."""
    return respond({**event, "queryStringParameters": None})


def welcoming(event: Json, _: Invoke) -> Json:
    """Let anyone connect."""
    assert event
    return {"statusCode": 200, "body": ""}


def untagged(event: Json, respond: Invoke) -> Json:
    response = respond(event)
    return {**response, "headers": {name: value for name, value in response["headers"].items() if name != "ETag"}}


def as_floats(body: Json) -> None:
    chart = body["config"]["chartCustomizations"]["check"]
    chart["order"] = float(chart["order"])


def reordered(body: Json) -> None:
    chart = body["config"]["chartCustomizations"]["check"]
    body["config"]["chartCustomizations"]["check"] = dict(reversed(chart.items()))


PROJECT = "/api/projects/{projectId}"
OTHER = "what was read is not what was written"
FAULTS: dict[str, tuple[str, Fault, str, str]] = {
    "health fails": ("HealthFunction", failed, "health", "status 500 internal-error"),
    "health dies": ("HealthFunction", raised, "health", "Lambda: RuntimeError"),
    "the reader dies": ("ReadUploadFunction", raised, "read_upload: start", "Lambda: RuntimeError"),
    "lists fail": ("ProjectsFunction", failed, "projects: leftovers", "status 500 internal-error"),
    "creating fails": (
        "ProjectsFunction",
        on("POST /api/projects", failed),
        "projects: create",
        "status 500 internal-error",
    ),
    "a project is not listed": (
        "ProjectsFunction",
        edited(lambda body: body.update(projects=[])),
        "projects: list",
        "the new project is not in the list",
    ),
    "saving fails": ("PutConfigFunction", failed, "put_config: save", "status 500 internal-error"),
    "saving dies": ("PutConfigFunction", raised, "put_config: save", "Lambda: RuntimeError"),
    "saving answers nonsense": ("PutConfigFunction", nonsense, "put_config: save", "KeyError"),
    "a save has another version": (
        "PutConfigFunction",
        edited(lambda body: body.update(version=2)),
        "put_config: save",
        "the first version is not 1",
    ),
    "a save has no ETag": (
        "PutConfigFunction",
        untagged,
        "put_config: save",
        "the ETag is not that of version 1",
    ),
    "a stale save is accepted": ("PutConfigFunction", lenient, "put_config: stale save", "status 200"),
    "loading fails": ("GetConfigFunction", failed, "get_config: load", "status 500 internal-error"),
    "loading dies": ("GetConfigFunction", raised, "get_config: load", "Lambda: RuntimeError"),
    "a load lacks the config": (
        "GetConfigFunction",
        edited(lambda body: body.pop("config")),
        "get_config: load",
        "KeyError",
    ),
    "a load has another config": (
        "GetConfigFunction",
        edited(lambda body: body["config"].clear()),
        "get_config: load",
        OTHER,
    ),
    "a load has floats": ("GetConfigFunction", edited(as_floats), "get_config: load", OTHER),
    "a load has another order": ("GetConfigFunction", edited(reordered), "get_config: load", OTHER),
    "a load has no ETag": ("GetConfigFunction", untagged, "get_config: load", "the ETag is not that of version 1"),
    "storing a table fails": ("ProjectDataFunction", failed, "project_data: store", "status 500 internal-error"),
    "reading a table dies": (
        "ProjectDataFunction",
        on(f"GET {PROJECT}/data", raised),
        "project_data: read",
        "Lambda: RuntimeError",
    ),
    "a table lacks a row": (
        "ProjectDataFunction",
        on(f"GET {PROJECT}/data", edited(lambda body: body["rawData"].pop())),
        "project_data: read",
        OTHER,
    ),
    "following dies": ("LiveFunction", raised, "live: no ticket", "Lambda: RuntimeError"),
    "no ticket is needed": ("LiveFunction", on("$connect", welcoming), "live: no ticket", "status 200"),
    "no ticket is issued": ("LiveFunction", on("POST /api/live", failed), "live: connect", "status 500 internal-error"),
    "a ticket opens nothing": ("LiveFunction", on("$connect", deaf), "live: connect", "status 401 unauthorized"),
    "nothing is followed": (
        "LiveFunction",
        on("follow", edited(lambda body: body.update(projects=[]))),
        "live: follow",
        "ValueError",
    ),
    "another version is followed": (
        "LiveFunction",
        on("follow", edited(lambda body: body["projects"][0].update(dataVersion="0.0"))),
        "live: follow",
        "the versions are not those that were saved",
    ),
    "a connection cannot close": (
        "LiveFunction",
        on("$disconnect", failed),
        "live: disconnect",
        "status 500 internal-error",
    ),
    "a version does not exist": (
        "GetConfigFunction",
        refused("ResourceNotFoundException"),
        "get_config: load",
        "Lambda: ResourceNotFoundException",
    ),
    "a version does not answer": ("PutConfigFunction", timed_out, "put_config: save", "Lambda: ReadTimeoutError"),
}


def test_a_sound_deployment_succeeds(world: World) -> None:
    """Every version is called, by every step in turn, and nothing is left that a user could still see."""
    report = world.check().run()
    assert report["outcome"] == "Succeeded"
    assert report["failures"] == {}
    assert list(report["milliseconds"]) == STEPS
    assert {function for function, _ in world.versions.events} == {
        reference.removesuffix(".Version") for reference in environment().values()
    }
    assert world.projects() == []
    assert world.waits == []


def test_every_request_goes_where_the_template_routes_it(world: World) -> None:
    """A version receives the requests that API Gateway would send to its function, with the same path and route."""
    world.check().run()
    requests = [(function, event) for function, event in world.versions.events if "requestContext" in event]
    connections = [event for function, event in requests if is_socket_event(event) and function == "LiveFunction"]
    assert [event["requestContext"]["routeKey"] for event in connections] == [
        "$connect",
        "$connect",
        "follow",
        "$disconnect",
    ]
    for function, event in requests:
        if event in connections:
            continue
        http = event["requestContext"]["http"]
        route = find_route(http["method"], event["rawPath"])
        assert (route.function, route.key) == (function, event["routeKey"])
        assert event["requestContext"]["routeKey"] == event["routeKey"]
        assert http["path"] == event["rawPath"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_version_fails_and_is_named(world: World, fault: str) -> None:
    """Whatever a version does wrong, the check fails in its step, says why without content, and leaves no project."""
    function, broken, step, reason = FAULTS[fault]
    world.versions.faults[function] = broken
    report = world.check().run()
    assert report["outcome"] == "Failed"
    assert report["failures"] == {step: reason}
    world.versions.faults.clear()
    assert world.projects() == []


def test_a_version_that_cannot_delete_fails(world: World) -> None:
    """The project has to go, too; a check that cannot delete it fails with what it found before."""
    world.versions.faults["ProjectsFunction"] = on(f"DELETE {PROJECT}", failed)
    assert world.check().run()["failures"] == {"projects: delete": "status 500 internal-error"}
    world.versions.faults["GetConfigFunction"] = raised
    assert list(world.check().run()["failures"]) == ["get_config: load", "projects: delete"]
    assert len(world.projects()) == 2


def test_what_an_earlier_check_left_is_deleted(world: World) -> None:
    """A project of the reserved user is deleted once no check can still use it, and not before."""
    world.owner.post("/api/projects", {"id": "left", "name": "Left"})
    world.clock.advance(seconds=LEFT_AFTER.total_seconds() - 1)
    assert world.check().run()["outcome"] == "Succeeded"
    assert world.projects() == ["left"]
    world.clock.advance(seconds=2)
    assert world.check().run()["outcome"] == "Succeeded"
    assert world.projects() == []
    assert world.owner.post("/api/projects/left/restore", {}).status == 404


def test_what_remains_expires(world: World) -> None:
    """After a check, all that the reserved user stores expires; the purge removes what a link left."""
    world.check().run()
    kept = {item["sk"]["S"].partition("#")[0] for item in world.items() if "expiresAt" not in item}
    assert kept == {"USAGE", "SHARE"}


def test_the_purge_leaves_only_counters(world: World, database: Tapped) -> None:
    """When the stream has been read, the reserved user has counters and nothing else, after any number of checks."""
    store: Store = handler_module("ProjectsFunction").app.store
    for _ in range(2):
        with Stream(database, world.clock).following() as stream:
            assert world.check().run()["outcome"] == "Succeeded"
            stream.deliver(store)
    assert {item["sk"]["S"] for item in world.items()} == {"USAGE", "FENCE"}


def least(settings: Settings) -> Settings:
    """Return the lowest limits that the template allows."""
    parameters = template()["Parameters"]
    names = {field.name: "".join(map(str.capitalize, field.name.split("_"))) for field in fields(Settings)}
    lowest = {
        field: parameters[name]["MinValue"] for field, name in names.items() if "MinValue" in parameters.get(name, {})
    }
    assert {"writes_per_minute", "requests_per_minute", "max_projects", "max_config_bytes"} <= lowest.keys()
    return replace(settings, **lowest)


def unchanged(settings: Settings) -> Settings:
    return settings


@pytest.mark.parametrize("limits", [unchanged, least])
def test_the_checks_of_all_groups_succeed_at_once(
    world: World,
    connect: Callable[[Settings], None],
    settings: Settings,
    database: Tapped,
    limits: Callable[[Settings], Settings],
) -> None:
    """The checks of all deployment groups succeed at once, in time also if their user may do as little as possible."""
    connect(limits(settings))
    store: Store = handler_module("ProjectsFunction").app.store
    turns = Turns(world.clock)
    with Stream(database, world.clock).following() as stream:

        def take_turns() -> None:
            stream.deliver(store)
            turns.sleep(0.05)

        world.versions.before = take_turns
        reports = turns.run([world.check(turns.sleep) for _ in range(GROUPS)])
    assert [report["failures"] for report in reports] == [{}] * GROUPS
    world.versions.before = lambda: None
    world.clock.advance(minutes=1)
    assert world.projects() == []


def test_a_check_waits_for_room(
    world: World, connect: Callable[[Settings], None], settings: Settings, database: Tapped
) -> None:
    """With room for a single project, a check waits until that of another one is gone."""
    connect(replace(settings, max_projects=1))
    store: Store = handler_module("ProjectsFunction").app.store
    with Stream(database, world.clock).following() as stream:
        world.owner.post("/api/projects", {"id": "other", "name": "Other"})

        def end_other() -> None:
            if world.waits:
                world.owner.delete("/api/projects/other?permanently=true")
                stream.deliver(store)

        world.versions.before = end_other
        assert world.check().run()["outcome"] == "Succeeded"
    assert len(world.waits) == 1


def test_a_check_ends_in_time(world: World, connect: Callable[[Settings], None], settings: Settings) -> None:
    """A check that cannot go on reports before Lambda stops it: otherwise, CodeDeploy would wait for an hour."""
    connect(replace(settings, max_projects=1))
    world.owner.post("/api/projects", {"id": "other", "name": "Other"})
    report = world.check().run()
    assert report["failures"] == {"projects: create": "status 403 quota-exceeded"}
    assert sum(world.waits) < TIMEOUT - 60


def test_slow_versions_leave_time_for_the_report(world: World) -> None:
    """Before there is no time left for deleting the project, the check ends, and the project is deleted."""

    def slow(event: Json, respond: Invoke) -> Json:
        world.clock.advance(seconds=TIMEOUT - 80)
        return respond(event)

    world.versions.faults["PutConfigFunction"] = slow
    assert world.check().run()["failures"] == {"put_config: stale save": "no time left"}
    assert world.projects() == []


def test_new_permissions_take_effect_late(world: World) -> None:
    """Lambda may refuse to call a version for some seconds, and the check asks again; not when that cannot help."""
    world.versions.faults["HealthFunction"] = refused("AccessDeniedException", times=3)
    assert world.check().run()["outcome"] == "Succeeded"
    assert len(world.waits) == 3
    world.versions.faults["HealthFunction"] = refused("TooManyRequestsException")
    world.waits.clear()
    assert world.check().run()["failures"] == {"health": "Lambda: TooManyRequestsException"}
    assert len(world.waits) == CALL_ATTEMPTS - 1


def test_another_claim_may_name_the_user(world: World, connect: Callable[[Settings], None], settings: Settings) -> None:
    """The check's requests name its user in the claim by which the deployment's functions know users."""
    connect(replace(settings, user_claim="email"))
    assert world.check().run()["failures"] == {"projects: leftovers": "status 401 unauthorized"}
    world.environment["USER_CLAIM"] = "email"
    assert world.check().run()["outcome"] == "Succeeded"


@pytest.mark.parametrize(("fault", "outcome"), [(None, "Succeeded"), (raised, "Failed")])
def test_codedeploy_hears_the_outcome(world: World, codedeploy: Any, fault: Fault | None, outcome: str) -> None:
    """CodeDeploy is sent the outcome of the check that it asked for, whatever it is."""
    if fault:
        world.versions.faults["GetConfigFunction"] = fault
    with Stubber(codedeploy) as stub:
        sent = {"deploymentId": "d-ABC", "lifecycleEventHookExecutionId": "hook-1", "status": outcome}
        stub.add_response("put_lifecycle_event_hook_execution_status", {}, sent)
        assert answer(CODEDEPLOY, world.check(), lambda: codedeploy)["outcome"] == outcome
        stub.assert_no_pending_responses()


def test_an_event_that_comes_twice_is_no_error(world: World, codedeploy: Any) -> None:
    """An outcome that CodeDeploy already has is fine; if it cannot be sent for another reason, the function fails."""
    operation = "put_lifecycle_event_hook_execution_status"
    with Stubber(codedeploy) as stub:
        stub.add_client_error(operation, "LifecycleEventAlreadyCompletedException")
        assert answer(CODEDEPLOY, world.check(), lambda: codedeploy)["outcome"] == "Succeeded"
        stub.add_client_error(operation, "AccessDeniedException")
        with pytest.raises(ClientError):
            answer(CODEDEPLOY, world.check(), lambda: codedeploy)


def test_an_operator_gets_the_report_only(world: World) -> None:
    """Without a DeploymentId, the report is returned and CodeDeploy is not called."""

    def none() -> CodeDeployClient:
        raise AssertionError("CodeDeploy was called")

    assert answer({}, world.check(), none)["outcome"] == "Succeeded"


@pytest.mark.parametrize("fault", [None, raised])
def test_the_log_has_one_line_and_no_content(
    world: World, caplog: pytest.LogCaptureFixture, fault: Fault | None
) -> None:
    """A check logs one line with its outcome, its failures and the times of its steps, and neither ids nor content."""
    if fault:
        world.versions.faults["GetConfigFunction"] = fault
    report = answer({}, world.check(), lambda: pytest.fail("CodeDeploy was called"))
    (line,) = [vars(record) for record in caplog.records if record.getMessage() == "rollout-check"]
    assert report.items() <= line.items()
    assert line["levelname"] == ("ERROR" if fault else "INFO")
    shown = json.dumps(report)
    assert "secret content" not in shown
    assert world.owner.user not in shown
    assert "check-" not in shown


def test_the_reserved_user_cannot_be_guessed() -> None:
    """The user's name depends on the stack's id, and does not show it."""
    assert reserved_user(KEY) == reserved_user(KEY) != reserved_user(f"{KEY}0")
    assert KEY not in reserved_user(KEY)
    assert len(reserved_user(KEY)) == 16 + len("rollout-check-")


def test_the_handler_works_with_what_lambda_gives_it(world: World) -> None:
    """The deployed entry point takes versions, key and time from its environment and context."""
    module = handler_module("RolloutCheckFunction")
    variables = {**environment(), "LOG_KEY": KEY}
    with mock.patch.dict("os.environ", variables), mock.patch.object(module, "_lambda", return_value=world.versions):
        context = mock.Mock(get_remaining_time_in_millis=lambda: 900_000)
        assert module.handler({}, context)["outcome"] == "Succeeded"
        context.get_remaining_time_in_millis = lambda: 30_000
        assert module.handler({}, context)["failures"] == {"health": "no time left"}
