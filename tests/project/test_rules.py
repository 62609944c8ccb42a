"""Rules for safe infrastructure, similar to those of cfn-nag and checkov, on the template as SAM transforms it.

Each rule checks every resource of its kind, including those that SAM generates. A violation is listed in EXCEPTIONS
with the reason why it is acceptable; an exception that is not needed fails the test as well.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.project.template import functions
from support.project.transformed import transformed

type Json = dict[str, Any]

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("has no wildcard permissions", "FlagsMonitorRole"): (
        "cloudwatch:DescribeAlarms cannot be restricted to some alarms, and only reads."
    ),
    ("requires a verified token", "GET /api/health"): "It is for load balancers, and reveals nothing.",
    ("requires a verified token", "GET /api/links/{token}/config"): "A public link: its token has 256 random bits.",
    ("requires a verified token", "GET /api/links/{token}/data"): "The same.",
    ("requires a verified token", "$default"): "It reads nothing: it answers 404 and 405 in the API's own format.",
    ("requires a verified token", "$connect"): (
        "A browser sends no token with a handshake. Instead it needs a ticket, which only a request with a token gets: "
        "256 random bits, good once, for a minute."
    ),
    ("allows only named origins", "LiveApi"): "A WebSocket API has no such setting, so the function checks the origin.",
    ("is logged", "LiveStage"): (
        "API Gateway logs a WebSocket API only with a role of the whole account; the function writes a line itself."
    ),
    **{
        ("has no secret in its environment", function): (
            "LOG_KEY keeps ids out of the log; who may read the function's environment may read the table, too."
        )
        for function in functions()
    },
    ("is encrypted with a key of the account", "Table"): (
        "DynamoDB encrypts every table with a key of AWS; a key of the account costs KMS requests and keeps nobody "
        "out, because the same roles would have both permissions."
    ),
    ("is encrypted with a key of the account", "Bucket"): "The same, with SSE-S3.",
    ("is encrypted with a key of the account", "Logs"): "The same; the log holds no content.",
    ("is encrypted with a key of the account", "AccessLogs"): "The same.",
    (
        "is encrypted with a key of the account",
        "PageTopic",
    ): "CloudWatch may not publish to a topic under AWS's own key; a message names an alarm only.",
    ("is encrypted with a key of the account", "WarnTopic"): "The same.",
}


def of(kind: str) -> Iterator[tuple[str, Json]]:
    for name, resource in transformed()["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _statements(document: Json) -> list[Json]:
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def roles_with_wildcards() -> Iterator[str]:
    policies = [(name, role.get("Policies", [])) for name, role in of("AWS::IAM::Role")]
    policies += [(name, [policy]) for name, policy in of("AWS::IAM::Policy")]
    for name, of_role in policies:
        for policy in of_role:
            for statement in _statements(policy["PolicyDocument"]):
                if any("*" in str(each) for each in _listed(statement["Action"])) or "*" in _listed(
                    statement["Resource"]
                ):
                    yield name


def roles_with_other_policies() -> Iterator[str]:
    """Yield the roles with managed policies other than SAM's own: for logs, traces, deployments and the stream."""
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


def roles_for_other_principals() -> Iterator[str]:
    for name, role in of("AWS::IAM::Role"):
        for statement in _statements(role["AssumeRolePolicyDocument"]):
            if set(statement["Principal"]) != {"Service"}:
                yield name


def routes_without_token() -> Iterator[str]:
    for _, api in of("AWS::ApiGatewayV2::Api"):
        for path, methods in api.get("Body", {"paths": {}})["paths"].items():
            for method, operation in methods.items():
                if not any("Issuer" in each for each in operation.get("security", [])):
                    yield path if path == "$default" else f"{method.upper()} {path}"
    for _, route in of("AWS::ApiGatewayV2::Route"):
        # Of a WebSocket API, only this route can have an authorizer: it lets in all messages of a connection.
        if route["RouteKey"] == "$connect" and route.get("AuthorizationType", "NONE") == "NONE":
            yield route["RouteKey"]


def open_origins() -> Iterator[str]:
    for name, api in of("AWS::ApiGatewayV2::Api"):
        if "Body" not in api or "*" in str(api["Body"]["x-amazon-apigateway-cors"]["allowOrigins"]):
            yield name


def stages_without_limits() -> Iterator[str]:
    for name, stage in of("AWS::ApiGatewayV2::Stage"):
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= set(stage.get("DefaultRouteSettings", {})):
            yield name


def stages_without_log() -> Iterator[str]:
    yield from (name for name, stage in of("AWS::ApiGatewayV2::Stage") if "AccessLogSettings" not in stage)


def logs_without_expiry() -> Iterator[str]:
    yield from (name for name, group in of("AWS::Logs::LogGroup") if "RetentionInDays" not in group)


def functions_without_log_or_alias() -> Iterator[str]:
    aliased = {alias["FunctionName"]["Ref"] for _, alias in of("AWS::Lambda::Alias")}
    for name, function in of("AWS::Lambda::Function"):
        if "LoggingConfig" not in function or name not in aliased:
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
        is_kept = kept.items() <= transformed()["Resources"][name].items()
        recovery = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        if not (is_kept and recovery is True and "DeletionProtectionEnabled" in table):
            yield name


def open_buckets() -> Iterator[str]:
    closed = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
    for name, bucket in of("AWS::S3::Bucket"):
        blocked = bucket.get("PublicAccessBlockConfiguration", {})
        if {each for each in closed if blocked.get(each) is True} != closed or "LifecycleConfiguration" not in bucket:
            yield name


def stores_without_tls() -> Iterator[str]:
    denying = {policy["Bucket"]["Fn::If"][1]["Ref"] for policy in _denying_without_tls("AWS::S3::BucketPolicy")}
    denying |= {queue["Ref"] for policy in _denying_without_tls("AWS::SQS::QueuePolicy") for queue in policy["Queues"]}
    for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue"):
        yield from (name for name, _ in of(kind) if name not in denying)


def _denying_without_tls(kind: str) -> Iterator[Json]:
    for _, policy in of(kind):
        for statement in _statements(policy["PolicyDocument"]):
            denied = {name: statement.get(name) for name in ("Effect", "Principal", "Condition")}
            without_tls = {"Bool": {"aws:SecureTransport": "false"}}
            if denied == {"Effect": "Deny", "Principal": "*", "Condition": without_tls}:
                yield policy


def resources_without_own_key() -> Iterator[str]:
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


def invocations_by_others() -> Iterator[str]:
    for name, permission in of("AWS::Lambda::Permission"):
        if permission["Principal"] != "apigateway.amazonaws.com" or "SourceArn" not in permission:
            yield name


RULES: dict[str, Callable[[], Iterator[str]]] = {
    "has no wildcard permissions": roles_with_wildcards,
    "has no other managed policies": roles_with_other_policies,
    "is assumed only by AWS services": roles_for_other_principals,
    "requires a verified token": routes_without_token,
    "allows only named origins": open_origins,
    "is throttled": stages_without_limits,
    "is logged": stages_without_log,
    "expires its log": logs_without_expiry,
    "is logged and versioned": functions_without_log_or_alias,
    "runs on the tested runtime": functions_on_old_runtimes,
    "has no secret in its environment": secrets_in_environments,
    "can be recovered": tables_that_can_be_lost,
    "is private": open_buckets,
    "requires TLS": stores_without_tls,
    "is encrypted with a key of the account": resources_without_own_key,
    "is invoked only by this API": invocations_by_others,
}


@pytest.mark.parametrize("rule", RULES)
def test_every_resource_follows_the_rule(rule: str) -> None:
    """The resources that break the rule are exactly those listed as exceptions."""
    assert set(RULES[rule]()) == {name for of_rule, name in EXCEPTIONS if of_rule == rule}


def test_every_exception_belongs_to_a_rule() -> None:
    """Every exception names an existing rule and gives a reason."""
    assert {rule for rule, _ in EXCEPTIONS} <= set(RULES)
    assert all(len(reason) > 8 for reason in EXCEPTIONS.values())
