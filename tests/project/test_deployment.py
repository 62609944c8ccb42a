"""Every deployment publishes every function, and passes every parameter to sam as it is meant."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from samcli.cli.types import CfnParameterOverridesType
from samcli.commands.deploy.command import cli
from samcli.commands.deploy.deploy_context import DeployContext
from samcli.yamlhelper import yaml_parse
from support.project.template import ROOT, functions, template
from support.project.transformed import transformed

from local.deploy import (
    ADOPTED,
    LASTING,
    command,
    deployed,
    deployment_name,
    parameters,
    quoted,
    require_same_data,
    roles,
)

NOW = datetime(2026, 11, 28, 10, 1, 2, tzinfo=UTC)
PARAMETERS = template()["Parameters"]
PARSE_TOML = tomllib.loads


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let samconfig.toml name a real issuer."""
    text = (ROOT / "samconfig.toml").read_text().replace("example.com", "acme.test")
    monkeypatch.setattr(tomllib, "loads", lambda _: PARSE_TOML(text))


def versions(deployment: str) -> dict[str, str]:
    """Return the name of each function's published version in the template that CloudFormation receives."""
    resources = transformed(deployment)["Resources"]
    return {
        resource["Properties"]["FunctionName"]["Ref"]: name
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def options(run: list[str]) -> dict[str, Any]:
    """Return the options that sam reads from a command line and its configuration file, without a build."""
    built = run.index("--template-file") + 1
    read: dict[str, Any] = cli.make_context(
        "deploy", [*run[2:built], str(ROOT / "template.yaml"), *run[built + 1 :]]
    ).params
    return read


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(hours=1), timedelta(days=365)])
def test_every_deployment_publishes_every_function(later: timedelta) -> None:
    """A deployment publishes a version of each function, even if another one was a second ago and nothing changed."""
    before, after = versions(deployment_name(NOW)), versions(deployment_name(NOW + later))
    assert before.keys() == after.keys() == functions().keys()
    assert template()["Globals"]["Function"]["AutoPublishAlias"] == "live"
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize("name", ["20261128T100102Z", "1.2.3", "1", "", "1795910400\n", "1795910400a"])
def test_only_names_that_sam_uses_whole_are_accepted(name: str) -> None:
    """The pattern accepts what SAM puts whole into a valid logical id, and `make deploy` gives such a name."""
    pattern = PARAMETERS["Deployment"]["AllowedPattern"]
    assert not re.fullmatch(pattern, name)
    assert re.fullmatch(pattern, deployment_name(NOW))
    assert all(
        version.endswith(f"Version{deployment_name(NOW)}") for version in versions(deployment_name(NOW)).values()
    )
    assert "Default" not in PARAMETERS["Deployment"]


@pytest.mark.parametrize("stage", ["dev", "prod", "staging"])
def test_the_example_issuer_is_not_deployed(stage: str) -> None:
    """The stages of samconfig.toml are examples: `make deploy` refuses to run until they name a real issuer."""
    with pytest.raises(SystemExit, match=r"issuer\.example\.com|no stage"):
        parameters(stage, "arm64", NOW)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_no_parameter_keeps_its_previous_value(stage: str) -> None:
    """A value of every parameter is sent, empty ones too: for this deployment, else the stage's, else the default."""
    run = command(stage, parameters(stage, "x86_64", NOW, "MaxCharts=7 WarnEmail="))
    sent = DeployContext.merge_parameters(template(), options(run)["parameter_overrides"])
    assert not [each["ParameterKey"] for each in sent if each.get("UsePreviousValue")]
    overrides = PARSE_TOML((ROOT / "samconfig.toml").read_text())[stage]["deploy"]["parameters"]["parameter_overrides"]
    of_stage = dict(each.replace("example.com", "acme.test").split("=", 1) for each in overrides)
    defaults = {name: str(parameter.get("Default")) for name, parameter in PARAMETERS.items()}
    own = {"Architecture": "x86_64", "Deployment": "1795860062", "MaxCharts": "7", "WarnEmail": ""}
    assert {each["ParameterKey"]: each["ParameterValue"] for each in sent} == defaults | of_stage | own


@pytest.mark.usefixtures("named")
def test_sam_runs_with_the_stages_configuration() -> None:
    """The stage's other options are read from samconfig.toml, such as the stack's name."""
    read = options(command("prod", parameters("prod", "arm64", NOW)))
    assert (read["stack_name"], read["confirm_changeset"]) == ("dashkeep-prod", True)


ROLES = {
    "ExecutionRole": "arn:aws:iam::123456789012:role/deployment/e",
    "Builds": "builds",
    "Boundary": "arn:aws:iam::123456789012:policy/deployment/b",
}


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_with_roles_is_deployed_through_them(stage: str) -> None:
    """CloudFormation acts as the stage's role, every role of the stack is limited, and the build is uploaded apart."""
    read = options(command(stage, parameters(stage, "arm64", NOW), ROLES))
    assert (read["role_arn"], read["s3_bucket"], read["resolve_s3"]) == (ROLES["ExecutionRole"], "builds", False)
    assert read["parameter_overrides"]["PermissionsBoundary"] == ROLES["Boundary"]
    plain = options(command(stage, parameters(stage, "arm64", NOW)))
    assert (plain["role_arn"], plain["s3_bucket"], plain["resolve_s3"]) == (None, None, True)
    assert plain["parameter_overrides"]["PermissionsBoundary"] == ""


def test_the_roles_are_those_of_the_stage() -> None:
    """They are the outputs of the stack beside the stage's, which the account may lack."""
    named = yaml_parse((ROOT / "docs" / "deployment-roles.yaml").read_text())["Outputs"]
    assert named.keys() >= ROLES.keys()
    outputs = {name: {"Value": value} for name, value in ROLES.items()}
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    with mock_aws():
        client = boto3.client("cloudformation", region_name="eu-west-1")
        client.create_stack(StackName="dashkeep-dev-roles", TemplateBody=json.dumps(body))
        assert roles("dashkeep-dev", "eu-west-1") == ROLES
        assert roles("dashkeep-prod", "eu-west-1") == roles("dashkeep-dev", "us-east-1") == {}


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("once", "problem"),
    [
        ("MaxChart=7", "template.yaml has no parameter MaxChart"),
        ("MaxCharts", "Write Name=value, not: MaxCharts"),
        ("Deployment=1", "cannot set Deployment"),
        ("Architecture=arm64", "cannot set Architecture"),
        ("UserClaim=uid ExistingTable=t", "Set ExistingTable, UserClaim in samconfig.toml"),
        ("JwtIssuer=https://issuer.example.com", "Replace these placeholders"),
        (r"PageEmail='\"'", "cannot pass a quotation mark or a backslash, as in PageEmail"),
    ],
)
def test_parameters_that_are_not_meant_are_refused(once: str, problem: str) -> None:
    """A name that is unknown, not the operator's or not for once, a placeholder, or what sam misreads stops it."""
    with pytest.raises(SystemExit, match=re.escape(problem)):
        command("dev", parameters("dev", "arm64", NOW, once))


def test_a_parameter_without_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage has to give each parameter that has no default."""
    bare: dict[str, Any] = {"dev": {"deploy": {"parameters": {"parameter_overrides": ["JwtAudience=a"]}}}}
    monkeypatch.setattr(tomllib, "loads", lambda _: bare)
    with pytest.raises(SystemExit, match=r"no value for JwtIssuer\.$"):
        parameters("dev", "arm64", NOW)


def test_a_placeholder_may_be_replaced_for_one_deployment() -> None:
    """What is deployed counts, so a value for this deployment replaces a placeholder of the stage."""
    read = options(command("dev", parameters("dev", "arm64", NOW, "JwtIssuer='https://issuer.acme.test/a b'")))
    assert read["parameter_overrides"]["JwtIssuer"] == "https://issuer.acme.test/a b"


VALUES = st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs", "Cc"]), max_size=20)


@given(VALUES)
def test_sam_reads_what_was_given(value: str) -> None:
    """Spaces, commas, equals signs and single quotes arrive at sam as they were given, and empty values, too."""
    values = {"PageEmail": value, "WarnEmail": ""}
    assert CfnParameterOverridesType().convert(tuple(quoted(values)), None, None) == values


def test_what_lasts_is_a_parameter() -> None:
    """The parameters that `make deploy` refuses for one deployment exist, so a renamed one is still refused."""
    assert PARAMETERS.keys() >= LASTING


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A stack that adopted a table, in a region of its own."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    body = {
        "Parameters": {"ExistingTable": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    }
    with mock_aws():
        boto3.client("cloudformation", region_name="eu-west-1").create_stack(
            StackName="adopting",
            TemplateBody=json.dumps(body),
            Parameters=[{"ParameterKey": "ExistingTable", "ParameterValue": "restored"}],
        )
        yield "adopting"


def test_the_parameters_of_the_stack_are_known(stack: str) -> None:
    """They are read in the stage's region; a stack that does not exist yet has none."""
    assert deployed(stack, "eu-west-1") == {"ExistingTable": "restored"}
    assert deployed(stack) == deployed("another", "eu-west-1") == {}


@pytest.mark.parametrize("name", ADOPTED)
def test_no_deployment_leaves_adopted_data(name: str) -> None:
    """A stack that serves an adopted table or bucket is not deployed without it: it would serve an empty one."""
    nothing = dict.fromkeys(ADOPTED, "")
    with pytest.raises(SystemExit, match=f"{name}=restored"):
        require_same_data({name: "restored"}, nothing)
    require_same_data({name: "restored"}, nothing | {name: "restored again"})
    require_same_data({name: ""}, nothing | {name: "restored"})
    require_same_data({}, nothing)
