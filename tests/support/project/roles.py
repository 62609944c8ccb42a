"""The stack dashkeep-prod as IAM sees it: its ARNs, what its roles may do, and docs/deployment-roles.yaml for it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from samcli.yamlhelper import yaml_parse
from support.project.iam import ACCOUNT, REGION, Request, actions, arn_formats, resolved, statements_of
from support.project.template import ROOT
from support.project.transformed import transformed

STACK = "dashkeep-prod"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/deployment/{STACK}-roles-Boundary-1A2B3C4D5E6F"
BUILDS = f"arn:aws:s3:::{STACK}-roles-builds-1a2b3c4d5e6f"
EXECUTION_ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployment/{STACK}-roles-ExecutionRole-1A2B3C4D5E6F"
ROLES_STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}-roles/2f1d1b7e"
NAMES = {
    "StackName": STACK,
    "Environment": "prod",
    "Repository": "dashkeep/dashkeep",
    "Provider": "",
    "Boundary": BOUNDARY,
    "Builds": BUILDS.rpartition(":")[2],
    "Builds.Arn": BUILDS,
    "ExecutionRole.Arn": EXECUTION_ROLE,
}
RESOURCES: dict[str, Any] = yaml_parse((ROOT / "docs" / "deployment-roles.yaml").read_text())["Resources"]
# With traces, because a deployment may ask for them.
STACK_RESOURCES: dict[str, Any] = transformed(tracing="Active")["Resources"]
KINDS = sorted({each["Type"] for each in STACK_RESOURCES.values()})
LAYER: str = next(
    resolved(each["Properties"]["LayerName"], {"AWS::StackName": STACK})
    for each in STACK_RESOURCES.values()
    if each["Type"] == "AWS::Lambda::LayerVersion"
)
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-PurgeObjectsFunction-1A2B3C4D5E6F"
LOCAL = f"{REGION}:{ACCOUNT}"
# The ARNs on which CloudFormation acts for a resource; `{}` is the name that it gives the resource. A type that is
# missing acts on another resource: an alias on its function.
ARNS = {
    "AWS::ApiGatewayV2::Api": [
        f"arn:aws:apigateway:{REGION}::{path}" for path in ("/apis", "/apis/a1b2c3d4e5", "/tags/arn%3Aaws%3Aapigateway")
    ],
    **{
        f"AWS::ApiGatewayV2::{kind}": [f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/{path}"]
        for kind, path in (
            ("Integration", "integrations/b2c3d4e"),
            ("IntegrationResponse", "integrations/b2c3d4e/integrationresponses/c3d4e5"),
            ("Route", "routes/d4e5f6a"),
            ("RouteResponse", "routes/d4e5f6a/routeresponses/e5f6a7"),
            ("Stage", "stages/$default"),
        )
    },
    "AWS::AppConfig::Application": [f"arn:aws:appconfig:{LOCAL}:application/abc1234"],
    "AWS::AppConfig::ConfigurationProfile": [f"arn:aws:appconfig:{LOCAL}:application/abc1234/configurationprofile/def"],
    "AWS::AppConfig::Environment": [f"arn:aws:appconfig:{LOCAL}:application/abc1234/environment/ghi5678"],
    "AWS::AppConfig::DeploymentStrategy": [f"arn:aws:appconfig:{LOCAL}:deploymentstrategy/jkl9012"],
    "AWS::Budgets::Budget": [
        f"arn:aws:budgets::{ACCOUNT}:budget/{STACK}",
        f"arn:aws:billing::{ACCOUNT}:billingview/primary",
    ],
    "AWS::CloudWatch::Alarm": [f"arn:aws:cloudwatch:{LOCAL}:alarm:{STACK}-saves-fail"],
    # CloudFormation documents no name: with the stack or without.
    "AWS::CloudWatch::Dashboard": [
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{}}",
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/Overview-1A2B3C4D5E6F",
    ],
    "AWS::CodeDeploy::Application": [f"arn:aws:codedeploy:{LOCAL}:application:{{}}"],
    "AWS::CodeDeploy::DeploymentGroup": [
        f"arn:aws:codedeploy:{LOCAL}:deploymentgroup:{STACK}-ServerlessDeploymentApplication-1A2B3C/{{}}",
        f"arn:aws:codedeploy:{LOCAL}:deploymentconfig:CodeDeployDefault.LambdaCanary10Percent5Minutes",
    ],
    "AWS::DynamoDB::Table": [
        f"arn:aws:dynamodb:{LOCAL}:table/{{}}",
        f"arn:aws:dynamodb:{LOCAL}:table/{{}}/stream/2026-11-28T10:01:02.345",
    ],
    "AWS::IAM::Role": [f"arn:aws:iam::{ACCOUNT}:role/{{}}"],
    "AWS::Lambda::EventSourceMapping": [f"arn:aws:lambda:{LOCAL}:event-source-mapping:2f1d1b7e-0a"],
    "AWS::Lambda::Function": [f"arn:aws:lambda:{LOCAL}:function:{{}}", f"{BUILDS}/0123abcd"],
    "AWS::Lambda::LayerVersion": [
        f"arn:aws:lambda:{LOCAL}:layer:{LAYER}",
        f"arn:aws:lambda:{LOCAL}:layer:{LAYER}:7",
        f"{BUILDS}/0123abcd",
    ],
    "AWS::Logs::LogGroup": [f"arn:aws:logs:{LOCAL}:log-group:{{}}", f"arn:aws:logs:{LOCAL}:log-group:{{}}:*"],
    "AWS::S3::Bucket": [f"arn:aws:s3:::{STACK}-bucket-1a2b3c4d5e6f"],
    "AWS::S3::BucketPolicy": [f"arn:aws:s3:::{STACK}-bucket-1a2b3c4d5e6f"],
    "AWS::SNS::Topic": [f"arn:aws:sns:{LOCAL}:{{}}"],
    "AWS::SQS::Queue": [f"arn:aws:sqs:{LOCAL}:{{}}"],
}
# Actions that API Gateway names in its errors, and cfn-lint's list of actions does not have.
UNLISTED = {"apigateway:TagResource", "apigateway:UntagResource"}
BY_FUNCTION = {f"lambda:{verb}EventSourceMapping" for verb in ("Create", "Get", "Update", "Delete")}
# Actions that the template allows on `*` although they know a resource, each with its reason.
BROAD = {
    **dict.fromkeys(BY_FUNCTION, "a condition names the function"),
    "cloudwatch:DescribeAlarms": "AWS asks for it without a name",
    "dynamodb:ListStreams": "the same",
}
# What the managed policies allow and no function uses.
NOT_CALLED = {
    "logs:CreateLogGroup": "the stack has log groups of its own",
    "s3:GetObject": "CodeDeploy reads no revision of a function from a bucket",
    "s3:GetObjectVersion": "the same",
    "lambda:InvokeFunction": "the hook is named by a policy of RolloutRole",
}


@cache
def stack_arns() -> dict[str, list[str]]:
    """Return the ARNs of each resource of the stack, by logical id."""
    return {
        name: [form.format(f"{STACK}-{name}-1A2B3C4D5E6F") for form in ARNS.get(resource["Type"], [])]
        for name, resource in STACK_RESOURCES.items()
    }


def policy(role: str) -> list[dict[str, Any]]:
    return list(statements_of(RESOURCES[role], NAMES))


def boundary() -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = resolved(RESOURCES["Boundary"]["Properties"]["PolicyDocument"], NAMES)[
        "Statement"
    ]
    return statements


def places(name: str, action: str) -> list[str]:
    """Return the ARNs on which an action for a resource takes place: its own, or those of what it belongs to."""
    formats = arn_formats(action)
    if action in UNLISTED:
        return [f"arn:aws:apigateway:{REGION}::/apis/a1b2c3d4e5/stages"]
    if action == "iam:CreateServiceLinkedRole":
        service = "ops.apigateway.amazonaws.com"
        return [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/AWSServiceRoleForAPIGateway"]
    assert formats is not None, f"{action} is not an action"
    if not formats or action in BROAD:
        return ["*"]
    every = [arn for arns in stack_arns().values() for arn in arns]
    fitting = [[arn for arn in arns if fits(arn, formats)] for arns in (stack_arns()[name], every)]
    return fitting[0] or fitting[1]


def fits(arn: str, formats: list[str]) -> bool:
    return any(re.fullmatch(form, arn) for form in formats)


def context(action: str, arn: str) -> dict[str, str]:
    """Return the condition keys of a request as CloudFormation makes it for the stack."""
    services = {arns[0]: trusted(name) for name, arns in stack_arns().items() if is_role(name)}
    return {
        "iam:PermissionsBoundary": BOUNDARY,
        "iam:AWSServiceName": "ops.apigateway.amazonaws.com",
        **({"lambda:FunctionArn": FUNCTION} if action in BY_FUNCTION else {}),
        **({"iam:PassedToService": services[arn]} if action == "iam:PassRole" else {}),
    }


def is_role(name: str) -> bool:
    return bool(STACK_RESOURCES[name]["Type"] == "AWS::IAM::Role")


def _attached(role: str) -> Iterator[dict[str, Any]]:
    """Yield resources that hold a policy by itself for a role, each in the form of a role with that policy."""
    for each in STACK_RESOURCES.values():
        if each["Type"] == "AWS::IAM::Policy" and {"Ref": role} in each["Properties"]["Roles"]:
            yield {"Properties": {"Policies": [each["Properties"]]}}


def trusted(role: str) -> str:
    """Return the service that may act as a role of the stack."""
    (statement,) = STACK_RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    service = statement["Principal"]["Service"]
    return str(service[0] if isinstance(service, list) else service)


def grants(role: str) -> Iterator[Request]:
    """Yield what a role of the stack is allowed: by its own policies, and by AWS's as far as the stack uses them."""
    # What a Ref and an ARN are in the stack; SAM's references to versions and aliases are functions' ARNs.
    names = {name: arns[0].rpartition(":")[2].rpartition("/")[2] for name, arns in stack_arns().items() if arns}
    known = {f"{name}.Arn": arns[0] for name, arns in stack_arns().items() if arns}
    versions = {
        name: f"{known[each['Properties']['FunctionName']['Ref'] + '.Arn']}:7"
        for name, each in STACK_RESOURCES.items()
        if each["Type"] in {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
    }
    conditions = {"CreatesTable": True, "CreatesBucket": True}
    every = {**names, **known, **versions, **conditions, "AWS::StackName": STACK}
    for holder in (STACK_RESOURCES[role], *_attached(role)):
        for statement in statements_of(holder, every):
            for arn in statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]:
                yield from (Request(action, arn) for action in sorted(actions([statement])))
    for managed in resolved(STACK_RESOURCES[role]["Properties"].get("ManagedPolicyArns", []), {}):
        document = json.loads(aws_managed_policies_data)[managed.rpartition("/")[2]]["Document"]
        for action in sorted(actions(document["Statement"]) - NOT_CALLED.keys()):
            yield from (Request(action, arn) for arn in places(role, action))
