"""The roles of docs/deployment-roles.yaml may do what a deployment needs, and nothing else."""

import json
from typing import Any

import pytest
from support.project.iam import ACCOUNT, REGION, Request, actions, arn_formats, permits, resolved
from support.project.resource_actions import UNUSED, named, reasons, required
from support.project.roles import (
    BOUNDARY,
    BROAD,
    BUILDS,
    EXECUTION_ROLE,
    FUNCTION,
    KINDS,
    LOCAL,
    NAMES,
    RESOURCES,
    ROLES_STACK,
    STACK,
    STACK_RESOURCES,
    boundary,
    context,
    grants,
    is_role,
    places,
    policy,
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_execution_role_may_do_what_a_resource_needs(kind: str) -> None:
    """CloudFormation may create, read, update, tag and delete each resource of the type, by its own name."""
    granted = policy("ExecutionRole")
    requests = [
        Request(action, arn, context(action, arn))
        for name, resource in STACK_RESOURCES.items()
        if resource["Type"] == kind
        for action in sorted(required(kind))
        for arn in places(name, action)
    ]
    assert requests
    assert [f"{each.action} {each.resource}" for each in requests if not permits(granted, each)] == []


def test_the_execution_role_may_do_nothing_else() -> None:
    """Every action of the execution role is one that a resource type of the template needs."""
    assert actions(policy("ExecutionRole")) - {action for kind in KINDS for action in required(kind)} == set()


def test_every_reason_excludes_an_action() -> None:
    """Each row of the actions that the stack does not need names an action of the schemas."""
    assert {row for kind in KINDS for action in named(kind) for row in reasons(kind, action)} == set(UNUSED)


@pytest.mark.parametrize("role", ["ExecutionRole", "ChangesRole", "DeployRole", "Boundary"])
def test_rights_have_no_wildcards(role: str) -> None:
    """No action has a wildcard, and only actions that cannot be limited to a resource are allowed on all of them."""
    statements = boundary() if role == "Boundary" else policy(role)
    assert not [action for action in actions(statements) if "*" in action]
    broad = actions(statement for statement in statements if statement["Resource"] == "*")
    assert {action for action in broad if arn_formats(action)} <= BROAD.keys()
    assert all(each["Effect"] == "Allow" for each in statements)


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/{STACK}-HealthFunctionRole-1A2B"),
        ("iam:CreatePolicyVersion", BOUNDARY),
        ("iam:PutRolePolicy", EXECUTION_ROLE),
        ("iam:UpdateAssumeRolePolicy", EXECUTION_ROLE),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("iam:PassRole", EXECUTION_ROLE),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{LOCAL}:function:dashkeep-dev-HealthFunction-1A2B"),
        ("dynamodb:DeleteTable", f"arn:aws:dynamodb:{LOCAL}:table/{STACK}-Table-1A2B"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{LOCAL}:table/{STACK}-Table-1A2B"),
        ("s3:GetObject", f"arn:aws:s3:::{STACK}-bucket-1a2b/tables/t"),
        ("s3:PutBucketPolicy", BUILDS),
        ("s3:PutObject", f"{BUILDS}/0123abcd"),
    ],
)
def test_the_execution_role_does_not_reach(action: str, arn: str) -> None:
    """It changes neither its own limits nor other stacks, reads no user's data and deletes no table."""
    assert not permits(policy("ExecutionRole"), Request(action, arn, {"iam:PermissionsBoundary": BOUNDARY}))


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
)
@pytest.mark.parametrize("limit", [None, f"arn:aws:iam::{ACCOUNT}:policy/wide"])
def test_no_role_escapes_the_boundary(action: str, limit: str | None) -> None:
    """The execution role gives rights only to roles that the boundary limits: by others, it could exceed its own."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-HealthFunctionRole-1A2B"
    given = {"iam:PermissionsBoundary": limit} if limit else {}
    assert not permits(policy("ExecutionRole"), Request(action, role, given))
    assert permits(policy("ExecutionRole"), Request(action, role, {"iam:PermissionsBoundary": BOUNDARY}))


def test_the_roles_of_the_deployment_are_out_of_reach() -> None:
    """Their path and the boundary's, and the name of the builds' bucket, fit no pattern of what may be changed."""
    own = {
        name: each["Properties"].get("Path")
        for name, each in RESOURCES.items()
        if each["Type"].startswith("AWS::IAM::")
    }
    assert own == {
        "GitHub": None,
        **dict.fromkeys(["ChangesRole", "DeployRole", "Boundary", "ExecutionRole"], "/deployment/"),
    }
    for kind, name in (
        ("role", "ChangesRole"),
        ("role", "DeployRole"),
        ("role", "ExecutionRole"),
        ("policy", "Boundary"),
    ):
        arn = f"arn:aws:iam::{ACCOUNT}:{kind}/deployment/{STACK}-roles-{name}-1A2B3C4D5E6F"
        changing = {action for action in actions(policy("ExecutionRole")) if action.startswith("iam:")}
        given = {"iam:PermissionsBoundary": BOUNDARY, "iam:PassedToService": "lambda.amazonaws.com"}
        assert not [each for each in changing if permits(policy("ExecutionRole"), Request(each, arn, given))]


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "cloudformation.amazonaws.com"])
def test_roles_are_passed_only_to_the_services_of_the_stack(service: str) -> None:
    """A role of the stack cannot be handed to a service that the stack does not use."""
    role = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-HealthFunctionRole-1A2B"
    assert not permits(policy("ExecutionRole"), Request("iam:PassRole", role, {"iam:PassedToService": service}))


def test_every_role_of_the_stack_takes_the_boundary() -> None:
    """Each role that the template creates, SAM's too, is limited by the parameter."""
    taken = {
        name: STACK_RESOURCES[name]["Properties"].get("PermissionsBoundary")
        for name in STACK_RESOURCES
        if is_role(name)
    }
    assert {json.dumps(each) for each in taken.values()} == {
        '{"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}'
    }


@pytest.mark.parametrize("role", [name for name in STACK_RESOURCES if is_role(name)])
def test_the_boundary_takes_no_right_that_is_used(role: str) -> None:
    """What the template allows a function, CodeDeploy or AppConfig, the boundary leaves to it."""
    wanted = list(grants(role))
    assert wanted
    assert [f"{each.action} {each.resource}" for each in wanted if not permits(boundary(), each)] == []


def test_the_boundary_allows_nothing_else() -> None:
    """Every action of the boundary is one that a role of the stack has."""
    assert actions(boundary()) == {each.action for name in STACK_RESOURCES if is_role(name) for each in grants(name)}


CHANGE_SET_STACK = f"arn:aws:cloudformation:{LOCAL}:stack/{STACK}/2f1d1b7e"
TRANSFORM = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
AS_EXECUTION = {"cloudformation:RoleArn": EXECUTION_ROLE}


@pytest.mark.parametrize(
    ("action", "arn", "given", "changes", "deploy"),
    [
        ("cloudformation:CreateChangeSet", CHANGE_SET_STACK, AS_EXECUTION, True, False),
        ("cloudformation:CreateChangeSet", CHANGE_SET_STACK, {}, False, False),
        ("cloudformation:CreateChangeSet", f"{CHANGE_SET_STACK}".replace("prod", "dev"), AS_EXECUTION, False, False),
        ("cloudformation:CreateChangeSet", TRANSFORM, AS_EXECUTION, True, False),
        ("cloudformation:DescribeChangeSet", CHANGE_SET_STACK, {}, True, True),
        ("cloudformation:DescribeStacks", CHANGE_SET_STACK, {}, True, True),
        ("cloudformation:DescribeStacks", ROLES_STACK, {}, True, False),
        ("cloudformation:GetTemplateSummary", CHANGE_SET_STACK, {}, True, False),
        ("cloudformation:DescribeStackEvents", CHANGE_SET_STACK, {}, False, True),
        ("cloudformation:ExecuteChangeSet", CHANGE_SET_STACK, {}, False, True),
        ("cloudformation:UpdateStack", CHANGE_SET_STACK, AS_EXECUTION, False, False),
        ("cloudformation:DeleteStack", CHANGE_SET_STACK, {}, False, False),
        ("cloudformation:ExecuteChangeSet", ROLES_STACK, {}, False, False),
        ("iam:PassRole", EXECUTION_ROLE, {"iam:PassedToService": "cloudformation.amazonaws.com"}, True, False),
        ("iam:PassRole", EXECUTION_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}, False, False),
        ("sts:AssumeRole", EXECUTION_ROLE, {}, False, False),
        ("s3:PutObject", f"{BUILDS}/0123abcd", {}, True, False),
        ("s3:GetObject", f"{BUILDS}/0123abcd", {}, True, False),
        ("s3:ListBucket", BUILDS, {}, True, False),
        ("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a/0123abcd", {}, False, False),
        ("lambda:UpdateFunctionCode", FUNCTION, {}, False, False),
    ],
)
def test_one_role_prepares_and_another_deploys(
    action: str, arn: str, given: dict[str, str], *, changes: bool, deploy: bool
) -> None:
    """The role that creates change sets cannot execute one, the role that executes them cannot create one."""
    request = Request(action, arn, given)
    assert (permits(policy("ChangesRole"), request), permits(policy("DeployRole"), request)) == (changes, deploy)


@pytest.mark.parametrize(("role", "environment"), [("ChangesRole", "prod-changes"), ("DeployRole", "prod")])
def test_only_the_environment_of_the_repository_is_trusted(role: str, environment: str) -> None:
    """A workflow may act as the role only in one environment of one repository, whatever branch or tag it runs for."""
    trust = resolved(RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"], NAMES)
    (statement,) = trust["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:dashkeep/dashkeep:environment:{environment}",
        }
    }


def test_policies_fit_into_a_role() -> None:
    """The execution role's policies have at most 10,240 characters and the boundary 6,144, under long names, too."""
    names = {**NAMES, "StackName": "s" * 31}
    documents = [
        resolved(each["PolicyDocument"], names) for each in RESOURCES["ExecutionRole"]["Properties"]["Policies"]
    ]
    assert sum(map(compact, documents)) <= 10_240
    assert compact(resolved(RESOURCES["Boundary"]["Properties"]["PolicyDocument"], names)) <= 6_144


def compact(document: dict[str, Any]) -> int:
    return len(json.dumps(document, separators=(",", ":")))
