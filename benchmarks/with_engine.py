"""CPU time of a load and a save with a real engine, compared with the bare call that each one makes."""

import copy
import importlib
import json
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from support.storage import engines
from support.storage.clients import Boto3DynamoDB, Tapped

from benchmarks import workload
from benchmarks.database import engine, quiet
from benchmarks.function import CONTEXT, decoded
from benchmarks.report import Claim, Section, Table
from benchmarks.workload import NAMES, PROJECT, SETTINGS, TABLE, USER
from dashboard_store.dynamodb.protocol import Transport
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

ROUNDS: Final = 7
TIMES: Final = 12
TARGETS: Final = {"GET": 1.25, "PUT": 1.6}

HANDLER: Final = "handler, own client"
HANDLER_BOTO3: Final = "handler, boto3"
BARE: Final = "bare call, boto3"
BARE_OWN: Final = "bare call, own client"
COLUMNS: Final = (HANDLER, HANDLER_BOTO3, BARE, BARE_OWN)

type Json = dict[str, Any]


def connected(*handlers: str, client: Transport) -> list[Any]:
    """Import handlers and connect them to a client, as benchmarks.function.connect does in a separate process."""
    modules = [importlib.import_module(name) for name in handlers]
    for module in modules:
        module.app.connect(Store(SETTINGS, Items(client, TABLE)))
    return modules


def answered(module: Any, event: Json) -> Json:  # noqa: ANN401 - a handler's module
    """Answer an event. Raises SystemExit for a refusal, which is fast and would distort the figures."""
    answer: Json = module.handler(event, CONTEXT)
    if answer["statusCode"] >= 300:  # noqa: PLR2004 - not a success
        raise SystemExit(f"{event['routeKey']} was answered with {answer['statusCode']}: {answer['body']}")
    return answer


@dataclass
class Run:
    """A call of one method, size and column, and the microseconds that each round took."""

    method: str
    size: str
    column: str
    call: Callable[[], object]
    prepare: Callable[[], object] = lambda: None
    took: list[float] = field(default_factory=list)

    def round(self) -> None:
        self.prepare()
        began = time.process_time()
        for _ in range(TIMES):
            self.call()
        self.took.append((time.process_time() - began) / TIMES * 1e6)


def measure() -> dict[tuple[str, str], dict[str, float]]:
    """Measure the median microseconds by method and size, then by column."""
    with engine() as environment, closing(engines.through_transport(environment)) as own, quiet():
        runs = [run for size in NAMES for make in (_loads, _saves) for run in make(size, own, environment)]
        for _ in range(ROUNDS):
            for run in runs:
                run.round()
    found: dict[tuple[str, str], dict[str, float]] = {}
    for run in runs:
        found.setdefault((run.method, run.size), {})[run.column] = statistics.median(run.took)
    return found


def _loads(size: str, own: Transport, environment: Mapping[str, str]) -> list[Run]:
    user = f"{USER}-{size}"
    Saves(user, size, own)
    event = json.dumps(_of(user, workload.load_event()))
    handler = importlib.import_module("get_config")

    def load() -> None:
        json.dumps(answered(handler, json.loads(event)))

    tapped = Tapped(own)
    connected("get_config", client=tapped)
    with tapped.recorded() as asked:
        load()
    ((_, request),) = asked
    behind, raw = engines.through_boto3(environment), raw_boto3(environment)
    calls = [
        (HANDLER, load, lambda: connected("get_config", client=own)),
        (HANDLER_BOTO3, load, lambda: connected("get_config", client=behind)),
        (BARE, lambda: raw.get_item(**request), lambda: None),
        (BARE_OWN, lambda: own.call("GetItem", request), lambda: None),
    ]
    return [Run("GET", size, *call) for call in calls]


def _saves(size: str, own: Transport, environment: Mapping[str, str]) -> list[Run]:
    behind, raw = engines.through_boto3(environment), raw_boto3(environment)
    mine, boto3s = Saves(f"{USER}-{size}-own", size, own), Saves(f"{USER}-{size}-boto3", size, behind)
    bare_own = BareSaves(mine.asked, f"{USER}-{size}-bare-own", own)
    bare = BareSaves(mine.asked, f"{USER}-{size}-bare", own)
    # boto3 takes bytes rather than base64.
    request: Json = json.loads(json.dumps(bare.request), object_hook=decoded)
    calls = [
        (HANDLER, mine.next, mine.connect),
        (HANDLER_BOTO3, boto3s.next, boto3s.connect),
        (BARE, lambda: raw.transact_write_items(**bare.moved(request)), lambda: None),
        (BARE_OWN, lambda: own.call("TransactWriteItems", bare_own.moved(bare_own.request)), lambda: None),
    ]
    return [Run("PUT", size, *call) for call in calls]


def raw_boto3(environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3's client, which takes recorded requests
    return boto3.client(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL_DYNAMODB"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


class Saves:
    """A user's project and its saves, each of which replaces the last one with different content."""

    def __init__(self, user: str, size: str, client: Transport | Boto3DynamoDB) -> None:
        self._client = client
        self._events = [_of(user, workload.save_event(size, seed=seed)) for seed in (1, 2)]
        self._version = 0
        create = _of(user, workload.event("create_project/201-with-its-own-id"))
        create["body"] = json.dumps({"id": PROJECT, "name": "Sales"})
        (projects,) = connected("projects", client=client)
        answered(projects, create)
        self._put_config = importlib.import_module("put_config")
        tapped = Tapped(client)
        connected("put_config", client=tapped)
        with tapped.recorded() as asked:
            self.next()
        ((_, self.asked),) = asked
        """The request that a save makes."""

    def connect(self) -> None:
        connected("put_config", client=self._client)

    def next(self) -> None:
        event = self._events[self._version % 2]
        event["headers"]["if-match"] = f'"{self._version}"'
        json.dumps(answered(self._put_config, json.loads(json.dumps(event))))
        self._version += 1


class BareSaves:
    """The transaction of a save, repeated on another user's items: the same writes without a handler."""

    def __init__(self, asked: Mapping[str, Any], user: str, client: Transport) -> None:
        self.request = copy.deepcopy(dict(asked))
        self._version = 1
        parts = [part for write in self.request["TransactItems"] for part in write.values()]
        for part in parts:
            (part.get("Item") or part["Key"])["pk"] = {"S": f"USER#{user}"}
        newest, _, project, *_ = parts
        # The conditions require a project and the previous version.
        summary = {"M": {"updatedAt": {"S": "2000"}, "dashboardConfig": {"NULL": True}}}
        client.call("PutItem", {"TableName": TABLE, "Item": {**project["Key"], "summary": summary}})
        client.call("PutItem", {"TableName": TABLE, "Item": {**newest["Item"], "version": {"N": "1"}}})

    def moved(self, request: Json) -> Json:
        """Update the request to replace the version that it made last with different content."""
        newest, history, *_ = (part for write in request["TransactItems"] for part in write.values())
        kind = type(newest["Item"]["digest"]["B"])
        digest = {"B": b"%032d" % self._version if kind is bytes else f"{self._version:032}"}
        expected, following = {"N": str(self._version)}, {"N": str(self._version + 1)}
        values = newest["ExpressionAttributeValues"]
        values |= {name: expected if name == ":expected" else digest for name in (":expected", ":digest")}
        for part in (newest, history):
            part["Item"] |= {"version": following, "digest": digest}
        self._version += 1
        return request


def _of(user: str, event: Json) -> Json:
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = user
    return event


def report() -> list[Section]:
    medians = measure()
    rows = [
        [f"{method} {NAMES[size]}", *(f"{medians[method, size][column]:,.0f}" for column in COLUMNS), *ratios]
        for method in TARGETS
        for size in NAMES
        if (ratios := [f"{medians[method, size][column] / medians[method, size][BARE]:.2f}" for column in COLUMNS[:2]])
    ]
    measured = (
        "Microseconds of CPU time of the handler's process; the engine runs in a separate process. A bare call is the "
        "request that the handler makes, sent without a handler: `GetItem` for a load, `TransactWriteItems` for a "
        "save. The own client is the one that is deployed. With boto3, the same handler runs on an adapter that "
        f"converts the bytes. Medians of {ROUNDS} rounds in turns."
    )
    table = Table(["µs", *COLUMNS, f"own ÷ {BARE}", f"boto3 ÷ {BARE}"], rows)
    claims = [_claim(method, medians[method, "medium"]) for method in TARGETS]
    return [Section("CPU with a real engine", measured, [table], claims=claims)]


def _claim(method: str, each: Mapping[str, float]) -> Claim:
    limit, ratio = TARGETS[method], each[HANDLER] / each[BARE]
    peers = f"with boto3 {each[HANDLER_BOTO3] / each[BARE]:.2f} ×"
    figure = f"{method} with a real engine, 20 KB"
    return Claim(figure, f"{each[BARE]:,.0f} µs", peers, f"≤ {limit} × the floor", f"{ratio:.2f} ×", ratio <= limit)
