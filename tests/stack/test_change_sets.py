"""A deployment in two steps on the emulator's CloudFormation: a change set is shown, then executed."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse
from support.project.template import ROOT, template
from support.running.local_stack import LocalStack

from local import changes, deploy

BUILD = ROOT / ".aws-sam" / "local"
REAL = "JwtIssuer=https://issuer.acme.test"


@pytest.fixture
def cloudformation(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The emulator's CloudFormation, which sam and boto3 reach; what a test leaves there is removed."""
    for name, value in {
        "AWS_ENDPOINT_URL": json.loads((stack.state / "ready.json").read_text())["aws"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_POLL_DELAY": "0.1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    client, storage = stack.aws("cloudformation"), stack.aws("s3")
    stacks, buckets = stack_names(client), bucket_names(storage)
    yield client
    for left in stack_names(client) - stacks:
        client.delete_stack(StackName=left)
    # The bucket for builds outlives its stack.
    for left in bucket_names(storage) - buckets:
        for stored in storage.list_objects_v2(Bucket=left).get("Contents", []):
            storage.delete_object(Bucket=left, Key=stored["Key"])
        storage.delete_bucket(Bucket=left)


def stack_names(client: Any) -> set[str]:
    return {each["StackName"] for each in client.describe_stacks()["Stacks"]}


def bucket_names(client: Any) -> set[str]:
    return {each["Name"] for each in client.list_buckets()["Buckets"]}


def names(resources: list[str]) -> set[str]:
    """Return logical ids without what differs between deployments: hashes and the name of the deployment."""
    return {re.sub(r"(?<=Layer)\w+$|(?<=Version)\w+$", "", name) for name in resources}


def test_the_change_set_shows_every_resource(cloudformation: Any) -> None:
    """The change set of a new stage with its roles lists each resource that the template made for the running stack."""
    create_roles(cloudformation, "dashkeep-dev-roles")
    own = cloudformation.describe_stack_resources(StackName="dashkeep")["StackResources"]
    given = deploy.parameters("dev", "x86_64", datetime.now(UTC), REAL)
    roles = deploy.roles("dashkeep-dev")
    shown = deploy.shown(deploy.command("dev", given, roles, BUILD))
    rows = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| Add")]
    found, wanted = names([row[1] for row in rows]), names([each["LogicalResourceId"] for each in own])
    # The emulator lists what the stage's conditions leave out, too.
    optional = {name for name, resource in template()["Resources"].items() if "Condition" in resource}
    assert wanted <= found <= wanted | optional
    assert len(rows) > 80
    assert deploy.CHANGE_SET.read_text() in shown
    described = cloudformation.describe_change_set(ChangeSetName=deploy.CHANGE_SET.read_text())
    assert {"ParameterKey": "PermissionsBoundary", "ParameterValue": roles["Boundary"]} in described["Parameters"]


def create_roles(client: Any, stack: str) -> None:
    """Create the roles of a stage, for an identity provider that the account has: the emulator cannot create one."""
    document = yaml_parse((ROOT / "docs" / "deployment-roles.yaml").read_text())
    del document["Resources"]["GitHub"]
    provider = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com"
    values = {"Provider": provider, "Repository": "dashkeep/dashkeep"}
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    client.create_stack(
        StackName=stack, TemplateBody=json.dumps(document), Parameters=given, Capabilities=["CAPABILITY_IAM"]
    )
    client.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def prepared(client: Any, stack: str, kind: str, resources: dict[str, Any]) -> str:
    """Create the change set of a small stack; return its ARN."""
    body = {"Resources": resources, "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}}}
    made = client.create_change_set(
        StackName=stack, ChangeSetName=f"c-{kind}", ChangeSetType=kind, TemplateBody=json.dumps(body)
    )
    client.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
    return str(made["Id"])


def test_a_change_set_is_executed_or_says_why_not(cloudformation: Any) -> None:
    """The stack's outputs are returned after its change; a change that is rolled back ends with the reasons."""
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}}
    first = prepared(cloudformation, "small", "CREATE", queue)
    with pytest.raises(SystemExit, match="belongs to the stack small, not to dashkeep-dev"):
        changes.execute(first, "dashkeep-dev", 1)
    assert changes.execute(first, "small", 1)["Queue"].startswith("small-Queue-")

    # The emulator makes no alarm of an expression.
    expression = {"Metrics": [{"Id": "a", "Expression": "1"}], "ComparisonOperator": "GreaterThanThreshold"}
    failing = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": expression}}
    second = prepared(cloudformation, "small", "UPDATE", queue | failing)
    assert [each.name for each in changes.changes(second)] == ["Alarm"]
    with pytest.raises(SystemExit, match=r"small was not deployed: [^\n]*\n +Alarm \(AWS::CloudWatch::Alarm\): "):
        changes.execute(second, "small", 1)
