"""Rules of safe infrastructure, in the manner of cfn-nag and checkov, over the template as SAM transforms it.

Each rule looks at every resource that it is about, also at those that SAM makes. What breaks one stands in EXCEPTIONS
with the reason why that is right; an exception that nothing needs is a finding itself.
"""

import copy
import os
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
from support.project.template import template

type Json = dict[str, Any]

GIVEN = {"JwtIssuer": "https://issuer.example.com", "JwtAudience": "dashboards", "Deployment": "1"}
MANAGED = {
    "AWSXRayDaemonWriteAccess": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    "AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
}

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("may do named things to named resources", "FlagsMonitorRole"): (
        "cloudwatch:DescribeAlarms is about all alarms or none, and reads only."
    ),
    ("is reached with a verified token", "GET /api/health"): "It is for load balancers, and tells nothing.",
    ("is reached with a verified token", "$default"): "It reads nothing: 404 and 405 in the API's own form.",
    ("is encrypted with a key", "Table"): (
        "DynamoDB encrypts every table with a key of AWS; one of the account costs requests to KMS and keeps nobody "
        "out: the same roles would hold both rights."
    ),
    ("is encrypted with a key", "Bucket"): "The same: SSE-S3.",
    ("is encrypted with a key", "Logs"): "The same; the lines hold no content.",
    ("is encrypted with a key", "AccessLogs"): "The same.",
    (
        "is encrypted with a key",
        "PageTopic",
    ): "CloudWatch may not publish to a topic under AWS's own key; it says a name.",
    ("is encrypted with a key", "WarnTopic"): "The same.",
}


@cache
def resources() -> dict[str, Json]:
    """The resources that CloudFormation is given."""
    policies = SimpleNamespace(load=lambda: MANAGED)
    values = {name: parameter.get("Default") for name, parameter in template()["Parameters"].items()} | GIVEN
    with mock.patch.dict(os.environ, AWS_DEFAULT_REGION="eu-central-1"):
        made: Json = transform(_packed(), values, policies)
    found: dict[str, Json] = made["Resources"]
    return found


def _packed() -> Json:
    """Name archives in the place of folders, as `sam deploy` does."""
    document = copy.deepcopy(template())
    for resource in document["Resources"].values():
        properties = resource["Properties"]
        properties |= {name: "s3://bucket/archive" for name in ("CodeUri", "ContentUri") if name in properties}
    return document


def of(kind: str) -> Iterator[tuple[str, Json]]:
    for name, resource in resources().items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _statements(document: Json) -> list[Json]:
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wide_rights() -> Iterator[str]:
    for name, role in of("AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in _statements(policy["PolicyDocument"]):
                if any("*" in str(each) for each in _listed(statement["Action"])) or "*" in _listed(
                    statement["Resource"]
                ):
                    yield name


def policies_of_others() -> Iterator[str]:
    """SAM gives these itself: to write the log and the traces, to deploy, and to read the table's stream."""
    known = (
        "AWSLambdaBasicExecutionRole",
        "AWSXrayWriteOnlyAccess",
        "AWSXRayDaemonWriteAccess",
        "DynamoDBExecutionRole",
        "AWSCodeDeployRoleForLambda",
        "AWSCodeDeployRoleForLambdaLimited",
    )
    for name, role in of("AWS::IAM::Role"):
        if not all(str(each).rstrip("'}").endswith(known) for each in role.get("ManagedPolicyArns", [])):
            yield name


def foreign_principals() -> Iterator[str]:
    for name, role in of("AWS::IAM::Role"):
        for statement in _statements(role["AssumeRolePolicyDocument"]):
            if set(statement["Principal"]) != {"Service"}:
                yield name


def routes_without_token() -> Iterator[str]:
    for _, api in of("AWS::ApiGatewayV2::Api"):
        for path, methods in api["Body"]["paths"].items():
            for method, operation in methods.items():
                if not any("Issuer" in each for each in operation.get("security", [])):
                    yield path if path == "$default" else f"{method.upper()} {path}"


def open_origins() -> Iterator[str]:
    for name, api in of("AWS::ApiGatewayV2::Api"):
        if "*" in str(api["Body"]["x-amazon-apigateway-cors"]["allowOrigins"]):
            yield name


def stages_without_limits_or_log() -> Iterator[str]:
    for name, stage in of("AWS::ApiGatewayV2::Stage"):
        settings = stage.get("DefaultRouteSettings", {})
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(settings) or "AccessLogSettings" not in stage:
            yield name


def logs_without_end() -> Iterator[str]:
    yield from (name for name, group in of("AWS::Logs::LogGroup") if "RetentionInDays" not in group)


def functions_without_traces_log_or_alias() -> Iterator[str]:
    aliased = {alias["FunctionName"]["Ref"] for _, alias in of("AWS::Lambda::Alias")}
    for name, function in of("AWS::Lambda::Function"):
        if function["TracingConfig"]["Mode"] != "Active" or "LoggingConfig" not in function or name not in aliased:
            yield name


def functions_on_old_runtimes() -> Iterator[str]:
    yield from (name for name, function in of("AWS::Lambda::Function") if function["Runtime"] != "python3.13")


def secrets_in_environments() -> Iterator[str]:
    for name, function in of("AWS::Lambda::Function"):
        variables = function.get("Environment", {}).get("Variables", {})
        if any(word in variable for variable in variables for word in ("SECRET", "PASSWORD", "TOKEN", "KEY")):
            yield name


def tables_that_can_be_lost() -> Iterator[str]:
    for name, table in of("AWS::DynamoDB::Table"):
        kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        is_kept = kept.items() <= resources()[name].items()
        recovery = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        if not (is_kept and recovery is True and "DeletionProtectionEnabled" in table):
            yield name


def open_buckets() -> Iterator[str]:
    closed = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    for name, bucket in of("AWS::S3::Bucket"):
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        if {each for each in closed if blocked.get(each) is True} != closed or "LifecycleConfiguration" not in bucket:
            yield name


def buckets_without_tls() -> Iterator[str]:
    denying = {
        policy["Bucket"]["Ref"]
        for _, policy in of("AWS::S3::BucketPolicy")
        for statement in _statements(policy["PolicyDocument"])
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    yield from (name for name, _ in of("AWS::S3::Bucket") if name not in denying)


def without_own_key() -> Iterator[str]:
    keys = {
        "AWS::DynamoDB::Table": "SSESpecification",
        "AWS::Logs::LogGroup": "KmsKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
    }
    for kind, property_ in keys.items():
        yield from (name for name, properties in of(kind) if property_ not in properties)
    for name, bucket in of("AWS::S3::Bucket"):
        if "aws:kms" not in str(bucket.get("BucketEncryption")):
            yield name


def wide_invocations() -> Iterator[str]:
    for name, permission in of("AWS::Lambda::Permission"):
        if permission["Principal"] != "apigateway.amazonaws.com" or "SourceArn" not in permission:
            yield name


RULES: dict[str, Callable[[], Iterator[str]]] = {
    "may do named things to named resources": wide_rights,
    "has no policy that says more than it needs": policies_of_others,
    "is assumed by a service of AWS alone": foreign_principals,
    "is reached with a verified token": routes_without_token,
    "is called from named origins": open_origins,
    "is throttled and logs who was let through": stages_without_limits_or_log,
    "forgets its lines in time": logs_without_end,
    "is traced, logged and versioned": functions_without_traces_log_or_alias,
    "runs on the runtime that is tested": functions_on_old_runtimes,
    "has no secret in its environment": secrets_in_environments,
    "survives a mistake": tables_that_can_be_lost,
    "is private": open_buckets,
    "is reached over TLS": buckets_without_tls,
    "is encrypted with a key": without_own_key,
    "is invoked by this API alone": wide_invocations,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_resource_keeps_the_rule(rule: str) -> None:
    """No resource breaks the rule but those that stand in the list of exceptions, and each of those does."""
    assert set(RULES[rule]()) == {name for of_rule, name in EXCEPTIONS if of_rule == rule}


def test_every_exception_is_of_a_rule() -> None:
    """An exception names a rule that there is, and says why."""
    assert {rule for rule, _ in EXCEPTIONS} <= set(RULES)
    assert all(len(reason) > 8 for reason in EXCEPTIONS.values())
