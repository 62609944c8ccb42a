"""A backup is a restore: the drill of docs/operations.md, on a stack whose data is in the emulator's own database.

The emulator restores a table as it is, whatever the moment, so the drill's restore begins before the damage is done. It
restores the items and the index and no setting, as DynamoDB does, keeps versions and delete markers, and enforces the
functions' permissions. It does not throttle, so a pause is only seen in the API's settings.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support.running.local_stack import LocalStack
from support.running.operator import operate, printed_parameters

CONFIG, DATA = "/api/projects/p/config", "/api/projects/p/data"
# A table that does not compress, so it is too large for its item.
ROWS = [{"text": secrets.token_hex(500)} for _ in range(200)]
STACK = ("--stack", "dashkeep")
SMALL = [{"n": 1}]


def titled(title: str) -> dict[str, Any]:
    return {"chartCustomizations": {"a": {"title": title}}}


@pytest.fixture
def stack(make_stack: Callable[..., LocalStack]) -> LocalStack:
    """A stack with a dashboard, and its table in the bucket."""
    made = make_stack(auth=True).start()
    with made.client("user-1") as client:
        client.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
        client.put(CONFIG, json=titled("restored"), headers={"If-None-Match": "*"}).raise_for_status()
        client.post(DATA, json={"fileName": "t.json", "rawData": ROWS}).raise_for_status()
    return made


@pytest.fixture
def redeploy() -> Iterator[Callable[[LocalStack, dict[str, str]], LocalStack]]:
    """Stop a stack and start it with other parameters, which deploys it."""
    made: list[LocalStack] = []

    def start(stack: LocalStack, parameters: dict[str, str]) -> LocalStack:
        assert stack.stop() == 0
        made.append(LocalStack(stack.state, auth=True, port=stack.port, parameters=parameters))
        return made[-1].start()

    yield start
    for each in made:
        each.kill()


def storage(stack: LocalStack) -> tuple[str, str]:
    """Return the names of the table and the bucket that a stack serves."""
    (described,) = stack.aws("cloudformation").describe_stacks(StackName="dashkeep")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    return outputs["TableName"], outputs["BucketName"]


def until(reached: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def objects(stack: LocalStack, bucket: str) -> list[str]:
    return [
        each["Key"] for each in stack.aws("s3").list_objects_v2(Bucket=bucket, Prefix="tables/").get("Contents", [])
    ]


def is_open(stack: LocalStack) -> tuple[bool, bool]:
    """Return whether both APIs let requests through, and both mappings of the stream records, which do so together."""
    api = stack.aws("apigatewayv2")
    limits = set()
    for found in api.get_apis()["Items"]:
        name = "live" if found["ProtocolType"] == "WEBSOCKET" else "$default"
        settings = api.get_stage(ApiId=found["ApiId"], StageName=name)["DefaultRouteSettings"]
        limits.add((settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]))
    (limit,) = limits
    assert limit in {(0, 0), (2000, 4000)}
    mappings = stack.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert len(mappings) == 2
    (state,) = {mapping["State"] for mapping in mappings}
    return limit != (0, 0), state == "Enabled"


def settings_of(stack: LocalStack, table: str) -> dict[str, Any]:
    """Return the settings of a table that DynamoDB does not restore."""
    dynamodb = stack.aws("dynamodb")
    described = dynamodb.describe_table(TableName=table)["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return {
        "stream": described.get("StreamSpecification", {}).get("StreamViewType"),
        "expiry": dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName"),
        "recovery": recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        "protected": described["DeletionProtectionEnabled"],
    }


def use_another_view(stack: LocalStack, table: str) -> None:
    """Give a table a stream of keys only, which another one has to replace."""
    client = stack.aws("dynamodb")
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})


def damage(stack: LocalStack, bucket: str) -> None:
    """Overwrite the dashboard and its table, and remove the object of the table before, twice as the purge may do."""
    (before,) = objects(stack, bucket)
    with stack.client("user-1") as client:
        client.put(CONFIG, json=titled("damage"), headers={"If-Match": '"1"'}).raise_for_status()
        client.post(DATA, json={"fileName": "t.json", "rawData": SMALL}).raise_for_status()
    for _ in range(2):
        stack.aws("s3").delete_object(Bucket=bucket, Key=before)


@pytest.mark.waits
def test_a_stack_serves_what_was_restored(
    stack: LocalStack, redeploy: Callable[[LocalStack, dict[str, str]], LocalStack]
) -> None:
    """After the drill, the stack serves every document and table of the moment, saves to it and follows its stream."""
    damaged, bucket = storage(stack)
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    restore = ("restore", *STACK, "--moment", moment)
    assert operate(stack, *restore, "--dry-run").stdout.startswith(f"Would restore {damaged} as dashkeep-2")
    assert stack.aws("dynamodb").list_tables()["TableNames"] == [damaged]
    begun = operate(stack, *restore)
    assert begun.returncode == 0, begun.stderr
    use_another_view(stack, printed_parameters(begun.stdout)["ExistingTable"])
    damage(stack, bucket)
    assert operate(stack, "pause", *STACK).returncode == 0
    assert is_open(stack) == (False, False)
    restored = operate(stack, *restore)
    assert restored.returncode == 0, restored.stderr
    assert "1 objects that the table names were removed and can be brought back." in restored.stdout
    parameters = printed_parameters(restored.stdout)
    assert parameters.keys() == {"ExistingTable", "ExistingTableStream"}
    table = parameters["ExistingTable"]
    assert settings_of(stack, table) == {
        "stream": "NEW_AND_OLD_IMAGES",
        "expiry": "expiresAt",
        "recovery": "ENABLED",
        "protected": True,
    }
    stack = redeploy(stack, parameters)
    assert storage(stack) == (table, bucket)
    assert operate(stack, "resume", *STACK).returncode == 0
    assert is_open(stack) == (True, True)
    with stack.client("user-1") as client:
        assert client.get(CONFIG).json()["config"] == titled("restored")
        assert client.get(DATA).json()["rawData"] == ROWS
        assert [each["id"] for each in client.get("/api/projects").json()["projects"]] == ["p"]
        saved = client.put(CONFIG, json=titled("later"), headers={"If-Match": '"1"'})
        assert saved.json()["version"] == 2
        client.delete("/api/projects/p", params={"permanently": "true"}).raise_for_status()
    # Only the stream of the restored table leads to that object.
    until(lambda: objects(stack, bucket) == [])
    assert operate(stack, "sweep", *STACK, "--dry-run").returncode == 0
    # What is retained can be looked at: the damage is there.
    key = {"pk": {"S": "USER#user-1"}, "sk": {"S": "ANALYSIS#p"}}
    assert stack.aws("dynamodb").get_item(TableName=damaged, Key=key)["Item"]["version"] == {"N": "2"}


@pytest.mark.waits
def test_a_new_stack_adopts_what_a_deleted_one_left(
    stack: LocalStack, redeploy: Callable[[LocalStack, dict[str, str]], LocalStack]
) -> None:
    """A stack deployed with the parameters that `delete` prints serves the data of the deleted one, and purges it."""
    left = storage(stack)
    deleted = operate(stack, "delete", *STACK)
    assert deleted.returncode == 0, deleted.stderr
    parameters = printed_parameters(deleted.stdout)
    assert (parameters["ExistingTable"], parameters["ExistingBucket"]) == left
    adopted = operate(stack, "adopt", "--table", left[0], "--bucket", left[1])
    assert adopted.returncode == 0, adopted.stderr
    assert printed_parameters(adopted.stdout) == parameters
    stack = redeploy(stack, parameters)
    assert storage(stack) == left
    with stack.client("user-1") as client:
        assert client.get(CONFIG).json()["config"] == titled("restored")
        assert client.get(DATA).json()["rawData"] == ROWS
        client.post(DATA, json={"fileName": "t.json", "rawData": ROWS[:150]}).raise_for_status()
        client.delete("/api/projects/p", params={"permanently": "true"}).raise_for_status()
    until(lambda: objects(stack, left[1]) == [])
