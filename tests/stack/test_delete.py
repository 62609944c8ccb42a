"""Deleting a stack, also after its flags were changed, and a first deployment that fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from samcli.yamlhelper import yaml_dump, yaml_parse
from support.running.local_stack import ROOT, LocalStack
from support.running.operator import aws, operate, sam_deploy

from admin import delete, stacks

STACK = ("--stack", "dashkeep")
BUILT = ROOT / ".aws-sam" / "local" / "template.yaml"


def deploy_flags(stack: LocalStack, strategy: str) -> None:
    """Deploy flags as docs/operations.md describes."""
    client = stack.aws("appconfig")
    (application,) = client.list_applications()["Items"]
    (environment,) = client.list_environments(ApplicationId=application["Id"])["Items"]
    (profile,) = client.list_configuration_profiles(ApplicationId=application["Id"])["Items"]
    version = client.create_hosted_configuration_version(
        ApplicationId=application["Id"],
        ConfigurationProfileId=profile["Id"],
        ContentType="application/json",
        Content=b'{"databaseLoad": {"default": true}}',
    )
    strategies = client.list_deployment_strategies()["Items"]
    client.start_deployment(
        ApplicationId=application["Id"],
        EnvironmentId=environment["Id"],
        ConfigurationProfileId=profile["Id"],
        ConfigurationVersion=str(version["VersionNumber"]),
        DeploymentStrategyId=next(each["Id"] for each in strategies if each["Name"].endswith(strategy)),
    )


def statuses(stack: LocalStack) -> dict[str, str]:
    listed = stack.aws("cloudformation").describe_stacks()["Stacks"]
    return {
        each["StackName"]: each["StackStatus"] for each in listed if not each["StackName"].startswith("aws-sam-cli")
    }


@pytest.mark.waits
def test_a_stack_is_deleted_after_its_flags_were_changed(
    make_stack: Callable[..., LocalStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation alone cannot delete such a stack; the command can, also afterwards, and says what it leaves."""
    stack = make_stack(auth=True).start()
    deploy_flags(stack, "-at-once")
    deploy_flags(stack, "-watched")
    (described,) = stack.aws("cloudformation").describe_stacks(StackName="dashkeep")["Stacks"]
    named = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    tried = operate(stack, "delete", *STACK, "--dry-run")
    assert tried.stdout.startswith("Flags: versions to remove: 2; deployments to stop: 1.\n"), tried.stderr
    assert statuses(stack) == {"dashkeep": "CREATE_COMPLETE"}
    for name, value in aws(stack).items():
        monkeypatch.setenv(name, value)
    found = delete.flags(stacks.resources("dashkeep"))
    states = {
        each["DeploymentNumber"]: each["State"]
        for each in stack.aws("appconfig").list_deployments(
            ApplicationId=found.application, EnvironmentId=found.environment
        )["Items"]
    }
    assert {states[number] for number in found.running} == {"BAKING"}
    stack.aws("cloudformation").delete_stack(StackName="dashkeep")
    with pytest.raises(Exception, match="DELETE_FAILED"):
        stack.aws("cloudformation").get_waiter("stack_delete_complete").wait(
            StackName="dashkeep", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    done = operate(stack, "delete", *STACK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert statuses(stack) == {}
    assert stack.aws("appconfig").list_applications()["Items"] == []
    table, bucket = named["TableName"], named["BucketName"]
    assert f"  the table {table}, not protected against deletion: " in done.stdout
    assert f"  the bucket {bucket}: 0 objects, 0 bytes, and 0 removed ones" in done.stdout
    assert f'"ExistingBucket={bucket}"' in done.stdout
    assert stack.aws("dynamodb").list_tables()["TableNames"] == [table]


def test_a_stack_that_does_not_exist_is_named(stack: LocalStack) -> None:
    """A command on a stack that does not exist fails and names it."""
    for command in (("delete",), ("pause",), ("resume",), ("restore", "--moment", "2026-11-29T12:00:00Z")):
        failed = operate(stack, *command, "--stack", "no-such-stack")
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr.startswith("The stack no-such-stack cannot be described: ")


@pytest.mark.usefixtures("stack")
def test_the_deployed_template_has_no_alias() -> None:
    """CloudFormation knows no YAML aliases: the build replaces those of template.yaml."""
    assert any(isinstance(token, yaml.AliasToken) for token in yaml.scan((ROOT / "template.yaml").read_text()))
    assert not any(isinstance(token, yaml.AliasToken) for token in yaml.scan(BUILT.read_text()))


def with_failure(folder: Path) -> Path:
    """Write the built template with a resource that cannot be created, after everything else that could stay."""
    document: dict[str, Any] = yaml_parse(BUILT.read_text())
    for resource in document["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][name] = str(BUILT.parent / resource["Properties"][name])
    document["Resources"]["Fails"] = {
        "Type": "AWS::Logs::LogStream",
        "DependsOn": ["Table", "Bucket", "FlagsDeployed", "PurgeObjectsFunction", "LoadsSlowAlarm"],
        "Properties": {"LogGroupName": "no-such-group"},
    }
    path = folder / "template.yaml"
    path.write_text(yaml_dump(document))
    return path


@pytest.mark.waits
def test_a_first_deployment_that_fails_blocks_no_second(make_stack: Callable[..., LocalStack], tmp_path: Path) -> None:
    """It leaves a table and nothing else, no stack either, so the next deployment creates the stack.

    A deployment that names a table without its stream is refused, and changes nothing.
    """
    stack = make_stack(auth=True).start()
    # The emulator's API has a fixed id, which the other stack would not get.
    assert operate(stack, "delete", *STACK).returncode == 0
    before = {each["Name"] for each in stack.aws("s3").list_buckets()["Buckets"]}
    given = {"JwtIssuer": stack.url, "JwtAudience": "dashboards", "Deployment": "1795910400", "Architecture": "x86_64"}
    failed = sam_deploy(stack, "dev", with_failure(tmp_path), given)
    assert failed.returncode == 1
    assert "CREATE_FAILED" in failed.stdout
    assert statuses(stack) == {}
    assert {each["Name"] for each in stack.aws("s3").list_buckets()["Buckets"]} == before
    assert stack.aws("appconfig").list_applications()["Items"] == []
    assert stack.aws("cloudwatch").describe_alarms()["MetricAlarms"] == []
    left = [name for name in stack.aws("dynamodb").list_tables()["TableNames"] if name.startswith("dashkeep-dev-")]
    assert len(left) == 1
    # Its name is random on AWS, and the same each time in the emulator.
    stack.aws("dynamodb").update_table(TableName=left[0], DeletionProtectionEnabled=False)
    stack.aws("dynamodb").delete_table(TableName=left[0])
    repaired = sam_deploy(stack, "dev", BUILT, given)
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    alone = sam_deploy(stack, "dev", BUILT, given | {"ExistingTable": left[0]})
    assert (alone.returncode, statuses(stack)) == (1, {"dashkeep-dev": "CREATE_COMPLETE"})
    assert "ExistingTable and ExistingTableStream belong together" in alone.stderr
    assert statuses(stack) == {"dashkeep-dev": "CREATE_COMPLETE"}
