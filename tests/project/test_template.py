"""template.yaml specifies what the code relies on and what the contract promises."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any

import pytest
from support.project.openapi import openapi
from support.project.template import (
    ROOT,
    functions,
    http_functions,
    listed,
    rights,
    routes,
    table_definition,
    template,
)
from support.project.transformed import transformed

from dashboard_store.gateway.request import MAX_USER_BYTES
from dashboard_store.gateway.routes import ROUTES
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.announcements import SPREAD
from dashboard_store.settings import Settings

PARAMETERS = template()["Parameters"]
RESOURCES = template()["Resources"]
VARIABLES = template()["Globals"]["Function"]["Environment"]["Variables"]
# The stack's own table and bucket, or those that it adopted.
TABLE_NAME = {"Fn::If": ["CreatesTable", {"Ref": "Table"}, {"Ref": "ExistingTable"}]}
BUCKET_NAME = {"Fn::If": ["CreatesBucket", {"Ref": "Bucket"}, {"Ref": "ExistingBucket"}]}


def arn(pattern: str, name: Any) -> dict[str, Any]:
    return {"Fn::Sub": [f"arn:${{AWS::Partition}}:{pattern}", {"Name": name}]}


TABLE = arn("dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Name}", TABLE_NAME)
LISTING = arn("dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Name}/index/listing", TABLE_NAME)
BUCKET = arn("s3:::${Name}", BUCKET_NAME)
FOLDERS = [arn(f"s3:::${{Name}}/{folder}/*", BUCKET_NAME) for folder in ("uploads", "tables", "downloads")]
FLAGS = {
    "Fn::Sub": "arn:${AWS::Partition}:appconfig:${AWS::Region}:${AWS::AccountId}:application/${Flags}"
    "/environment/${FlagsEnvironment}/configuration/${FlagsProfile}"
}
VERSIONS = [
    {"Ref": f"{function}.Version"}
    for function in (
        "GetConfigFunction",
        "PutConfigFunction",
        "ProjectDataFunction",
        "ProjectsFunction",
        "SharingFunction",
        "PublicLinksFunction",
        "LiveFunction",
        "HealthFunction",
        "ReadUploadFunction",
    )
]
DEPLOYMENT_GROUPS = {
    "Fn::Sub": "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}"
    ":deploymentgroup:${ServerlessDeploymentApplication}/*"
}
# Not the alias as a resource: that waits for the check of a rollout, which calls the new ProjectDataFunction.
STARTS_READER = ("ProjectDataFunction", "PublicLinksFunction")
READER = {"Fn::Sub": "${ReadUploadFunction.Arn}:live"}
# The function that announces changes calls itself, to do it later.
LATER = {"Fn::Sub": "${AnnounceFunction.Arn}:live"}
CONNECTIONS = [
    {
        "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${LiveApi}"
        f"/live/{method}/@connections/*"
    }
    for method in ("POST", "DELETE")
]
# The resources that each action may be allowed on.
RESOURCES_OF: dict[str, list[Any]] = {
    "dynamodb:GetItem": [TABLE],
    "dynamodb:BatchGetItem": [TABLE],
    "dynamodb:PutItem": [TABLE],
    "dynamodb:UpdateItem": [TABLE],
    "dynamodb:DeleteItem": [TABLE],
    "dynamodb:ConditionCheckItem": [TABLE],
    "dynamodb:BatchWriteItem": [TABLE],
    "dynamodb:Query": [TABLE, LISTING],
    "s3:GetObject": FOLDERS,
    "s3:PutObject": FOLDERS,
    "s3:DeleteObject": FOLDERS[:2],
    "s3:ListBucket": [BUCKET],
    "appconfig:StartConfigurationSession": [FLAGS],
    "appconfig:GetLatestConfiguration": [FLAGS],
    "lambda:InvokeFunction": [*VERSIONS, READER, LATER],
    "execute-api:ManageConnections": CONNECTIONS,
    "codedeploy:PutLifecycleEventHookExecutionStatus": [DEPLOYMENT_GROUPS],
}
# The settings that name the stack or a resource of it, and so have no parameter.
RESOURCE_NAMES = {"table_name", "bucket_name", "reader", "flags_path", "log_key", "deployment"}
# The settings that only the function of the WebSocket API has.
OF_LIVE = {"live_url", "allowed_origins"}


def parameter_name(setting: str) -> str:
    return "".join(word.capitalize() for word in setting.split("_"))


def permissions(function: str) -> set[str]:
    return {action for statement in rights(function) for action in statement["Action"]}


def test_tests_have_the_import_path_of_lambda() -> None:
    """The tests' import path is the layer and the functions' folders in the template's order, then the tests' own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layer = RESOURCES["DashboardStoreLayer"]["Properties"]["ContentUri"]
    on_lambda = [layer, *(function["CodeUri"] for function in functions().values())]
    path = project["tool"]["pytest"]["ini_options"]["pythonpath"]
    assert path == [*(folder.rstrip("/") for folder in on_lambda), "tests", "."]


def test_handlers_have_unique_names() -> None:
    """Every function's handler is in a module named after its folder, so no two modules share a name."""
    for function in functions().values():
        module, _, name = function["Handler"].partition(".")
        assert name == "handler"
        assert function["CodeUri"] == f"functions/{module}/"
        assert (ROOT / function["CodeUri"] / f"{module}.py").is_file()


def test_the_gateway_knows_all_routes() -> None:
    """The gateway's table of routes, by which it distinguishes 404 and 405, has exactly the template's routes."""
    found: dict[str, set[str]] = {}
    for route in routes():
        if route.path != "$default":
            found.setdefault(route.path, set()).add(route.method)
    assert found == {path: set(methods) for path, methods in ROUTES.items()}


def test_only_health_and_links_need_no_token() -> None:
    """Every route requires a verified token, except for the health check, the default route and public links."""
    public = {"/api/health", "$default", "/api/links/{token}/config", "/api/links/{token}/data"}
    assert {route.path for route in routes() if not route.needs_token} == public
    assert RESOURCES["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Issuer"


def test_issuer_and_audience_are_parameters() -> None:
    """The authorizer accepts only tokens of the issuer and audience that the deployment names; there is no default."""
    (authorizer,) = RESOURCES["Api"]["Properties"]["Auth"]["Authorizers"].values()
    assert authorizer["JwtConfiguration"] == {"issuer": {"Ref": "JwtIssuer"}, "audience": {"Ref": "JwtAudience"}}
    assert "Default" not in PARAMETERS["JwtIssuer"]
    assert "Default" not in PARAMETERS["JwtAudience"]


@pytest.mark.parametrize(
    "setting",
    [field for field in fields(Settings) if field.name not in RESOURCE_NAMES | OF_LIVE],
    ids=attrgetter("name"),
)
def test_every_setting_is_a_parameter(setting: Any) -> None:
    """Every setting except the resources' names is a parameter with the same default, passed in the environment."""
    name = parameter_name(setting.name)
    given = PARAMETERS[name]["Default"]
    assert setting.default is not MISSING
    assert (given == "true" if isinstance(setting.default, bool) else given) == setting.default
    assert VARIABLES[setting.name.upper()] == {"Ref": name}


def test_live_knows_its_address_and_the_origins() -> None:
    """Tickets name `LiveUrl`, or the WebSocket API's own address without it; handshakes have the API's origins."""
    own = {"Fn::Sub": "wss://${LiveApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"}
    condition = "HasLiveUrl"
    assert template()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "LiveUrl"}, ""]}]}
    assert PARAMETERS["LiveUrl"]["Default"] == ""
    assert template()["Outputs"]["LiveUrl"]["Value"] == own
    assert functions()["LiveFunction"]["Environment"]["Variables"] == {
        "LIVE_URL": {"Fn::If": [condition, {"Ref": "LiveUrl"}, own]},
        "ALLOWED_ORIGINS": {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]},
    }
    assert {name.lower() for name in functions()["LiveFunction"]["Environment"]["Variables"]} == OF_LIVE


def test_every_variable_is_a_setting() -> None:
    """The functions' environment holds only the settings and the variables that Powertools and AWS's SDKs read."""
    ours = {name for name in VARIABLES if not name.startswith(("POWERTOOLS_", "AWS_"))}
    # Those that start the reader have its name besides, and that of the WebSocket API its address and the origins.
    for function in ("ProjectDataFunction", "LiveFunction"):
        ours |= functions()[function]["Environment"]["Variables"].keys()
    assert ours == {field.name.upper() for field in fields(Settings)}
    assert VARIABLES["TABLE_NAME"] == TABLE_NAME
    assert VARIABLES["BUCKET_NAME"] == BUCKET_NAME
    # It ends with a random UUID, and the log does not contain it.
    assert VARIABLES["LOG_KEY"] == {"Ref": "AWS::StackId"}
    # By it, metrics distinguish the new versions of a rollout from the old ones.
    assert VARIABLES["DEPLOYMENT"] == {"Ref": "Deployment"}
    assert VARIABLES["FLAGS_PATH"] == {"Fn::Sub": "${Flags}/${FlagsEnvironment}/${FlagsProfile}"}


def test_every_parameter_is_used_and_described() -> None:
    """Every parameter has a description, a place in the deployment form, and a use."""
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(PARAMETERS)
    text = (ROOT / "template.yaml").read_text()
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"].strip(), name
        assert re.search(rf"!Ref {name}\b", text), name


@pytest.mark.parametrize("function", sorted(functions()))
def test_permissions_have_no_wildcards(function: str) -> None:
    """A function may perform only named actions on the stack's own resources: no wildcard, scan or administration."""
    assert bool(rights(function)) is (function != "HealthFunction")
    for statement in rights(function):
        assert set(statement) == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            assert all(resource in RESOURCES_OF[action] for resource in listed(statement["Resource"]))
    # A `Role` would add permissions that these statements do not show.
    assert "Role" not in functions()[function]


def test_the_loading_function_can_only_read() -> None:
    """The function that loads configs may only get and query items, so it cannot change any, whatever its code does."""
    flags = {"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"}
    assert permissions("GetConfigFunction") == {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"} | flags


def test_the_loading_function_queries_no_documents() -> None:
    """The function that loads configs may query only the index, which holds no documents."""
    queried = [each["Resource"] for each in rights("GetConfigFunction") if "dynamodb:Query" in each["Action"]]
    assert queried == [LISTING]


def test_requests_without_a_token_reach_functions_of_their_own() -> None:
    """What anyone may send reaches functions that serve no user: one without any right, and one for public links."""
    public = {"HealthFunction", "PublicLinksFunction"}
    assert {route.function for route in routes() if not route.needs_token} == public
    assert {route.function for route in routes() if route.needs_token}.isdisjoint(public)
    assert permissions("HealthFunction") == set()


def test_public_links_have_a_throttle_of_their_own() -> None:
    """A flood of requests for public links uses up their own rate, and none of the users'."""
    settings = RESOURCES["Api"]["Properties"]["RouteSettings"]
    assert set(settings) == {route.key for route in routes() if route.function == "PublicLinksFunction"}
    rate, burst = {"Ref": "LinkRequestsPerSecond"}, {"Ref": "LinkRequestsInABurst"}
    own = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
    assert all(each == own for each in settings.values())
    assert PARAMETERS["LinkRequestsPerSecond"]["Default"] < PARAMETERS["RequestsPerSecond"]["Default"]


def test_public_links_remove_and_query_nothing() -> None:
    """The function for public links finds only what a token names: it can neither list items nor remove any."""
    assert permissions("PublicLinksFunction") & {"dynamodb:Query", "dynamodb:DeleteItem", "s3:DeleteObject"} == set()


@pytest.mark.parametrize("function", sorted(functions().keys() - {"RolloutCheckFunction"}))
def test_concurrency_can_be_reserved(function: str) -> None:
    """Each function has a parameter that reserves instances for it; by default none are.

    Only CodeDeploy calls the check of a rollout, once for each function: nothing can flood it.
    """
    condition, number, none = functions()[function]["ReservedConcurrentExecutions"]["Fn::If"]
    parameter = number["Ref"]
    assert parameter == f"{function.removesuffix('Function')}Concurrency"
    assert none == {"Ref": "AWS::NoValue"}
    assert PARAMETERS[parameter]["Default"] == -1
    assert template()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, -1]}]}


@pytest.mark.parametrize(("tracing", "mode"), [("Disabled", None), ("Active", {"Ref": "Tracing"})])
def test_traces_are_made_only_where_they_are_asked_for(tracing: str, mode: Any) -> None:
    """Functions are traced, and may send traces, if the parameter says so; by default they are not."""
    made = transformed(tracing=tracing)["Resources"].values()
    modes = [each["Properties"].get("TracingConfig") for each in made if each["Type"] == "AWS::Lambda::Function"]
    assert len(modes) == len(functions())
    assert all(each == (mode and {"Mode": mode}) for each in modes)
    roles = [json.dumps(each["Properties"]) for each in made if each["Type"] == "AWS::IAM::Role"]
    assert sum("xray" in each.lower() for each in roles) == (len(functions()) if mode else 0)
    assert PARAMETERS["Tracing"]["Default"] == "Disabled"


def test_lambda_logs_only_the_invocations_that_fail() -> None:
    """Of Lambda's own records, only those of level WARN are logged, which takes JSON: no START, END or REPORT."""
    logging = template()["Globals"]["Function"]["LoggingConfig"]
    assert logging == {"LogGroup": {"Ref": "Logs"}, "LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert not [name for name, function in functions().items() if "LoggingConfig" in function]


def test_few_functions_may_delete_items() -> None:
    """Only what ends things removes items: deleted projects, grants, connections, and the purge; others expire."""
    removing = {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    assert {name for name in functions() if removing & permissions(name)} == {
        "AnnounceFunction",
        "LiveFunction",
        "ProjectsFunction",
        "PurgeObjectsFunction",
        "SharingFunction",
    }


def test_the_table_is_on_demand_and_recoverable() -> None:
    """The table is billed per request, has point-in-time recovery, and removes expired items."""
    properties = RESOURCES["Table"]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_the_index_holds_no_documents() -> None:
    """The listing index has only what lists show, no documents, and is local, so reads of it can be consistent."""
    (index,) = table_definition()["LocalSecondaryIndexes"]
    assert index["IndexName"] == "listing"
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary", "expiresAt"]}
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["pk", "listKey"]
    assert "GlobalSecondaryIndexes" not in RESOURCES["Table"]["Properties"]


def test_the_bucket_is_private() -> None:
    """The bucket blocks public access, is encrypted, and requires TLS."""
    properties = RESOURCES["Bucket"]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].items()) == {
        ("BlockPublicAcls", True),
        ("BlockPublicPolicy", True),
        ("IgnorePublicAcls", True),
        ("RestrictPublicBuckets", True),
    }
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
    policy = RESOURCES["BucketPolicy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == BUCKET_NAME
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [BUCKET, arn("s3:::${Name}/*", BUCKET_NAME)]


def test_temporary_objects_expire() -> None:
    """Uploaded files and copies for downloads expire after a day; the tables themselves do not expire."""
    rules = RESOURCES["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"uploads/": 1, "downloads/": 1}
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_objects_can_be_restored_as_far_back_as_the_table() -> None:
    """A table's object is kept for 35 days after it was removed, as long as point-in-time recovery goes back."""
    properties = RESOURCES["Bucket"]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = properties["LifecycleConfiguration"]["Rules"]
    kept = {
        rule["Prefix"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    }
    assert kept == {"uploads/": 1, "downloads/": 1, "tables/": 35}
    assert any(rule.get("ExpiredObjectDeleteMarker") for rule in rules)


def test_the_stream_has_both_images() -> None:
    """The table's stream delivers items before and after each change: what is stored is counted by their difference."""
    assert RESOURCES["Table"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_a_record_that_fails_for_ever_is_put_aside() -> None:
    """A record of the stream that cannot be processed is tried a few times, alone in the end, then kept for 14 days."""
    (mapping,) = (event["Properties"] for event in functions()["PurgeObjectsFunction"]["Events"].values())
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 1 <= mapping["MaximumRetryAttempts"] <= 10
    assert mapping["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["PurgeFailures", "Arn"]},
    }
    assert RESOURCES["PurgeFailures"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3_600


def test_an_upload_that_cannot_be_read_is_put_aside() -> None:
    """There is time for three attempts to read an upload. If all fail, its event is kept for 14 days.

    Lambda waits a minute before the second attempt, and two before the third.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    reader = functions()["ReadUploadFunction"]
    asynchronous = reader["EventInvokeConfig"]
    assert asynchronous["MaximumRetryAttempts"] == 2
    assert asynchronous["MaximumEventAgeInSeconds"] > 60 + 120 + 3 * reader["Timeout"]
    assert asynchronous["DestinationConfig"] == {
        "OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["ReadFailures", "Arn"]}}
    }
    assert RESOURCES["ReadFailures"]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3_600
    made = transformed()["Resources"].values()
    configured = [each["Properties"] for each in made if each["Type"] == "AWS::Lambda::EventInvokeConfig"]
    assert [each["Qualifier"] for each in configured if each["FunctionName"] == {"Ref": "ReadUploadFunction"}] == [
        "live"
    ]


def test_the_stream_has_two_readers() -> None:
    """The table's stream is read by two functions and no other: with more, its reads are throttled.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    reading = {
        name: event["Properties"]["Stream"]
        for name, function in functions().items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    }
    stream = {"Fn::If": ["CreatesTable", {"Fn::GetAtt": ["Table", "StreamArn"]}, {"Ref": "ExistingTableStream"}]}
    assert reading == {"PurgeObjectsFunction": stream, "AnnounceFunction": stream}


def test_a_change_is_announced_at_once_or_not_at_all() -> None:
    """No record waits for others, and one that fails delays those behind it by no more than pages wait by themselves.

    Pages ask every five minutes, so a record that fails until then is dropped, and there is nothing to put aside.
    """
    (mapping,) = (event["Properties"] for event in functions()["AnnounceFunction"]["Events"].values())
    assert mapping["MaximumBatchingWindowInSeconds"] == 0
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRecordAgeInSeconds"] == 5 * 60
    assert "DestinationConfig" not in mapping
    longest = PARAMETERS["MaxFollowers"]["MaxValue"] * SPREAD / 1_000
    assert functions()["AnnounceFunction"]["Timeout"] >= 2 * longest


def test_messages_reach_the_function_and_pings_do_not() -> None:
    """Of the WebSocket API's routes, API Gateway answers `ping` itself, and the rest reach the function's alias."""
    found: dict[str, str] = {}
    for each in RESOURCES.values():
        if each["Type"] == "AWS::ApiGatewayV2::Route":
            target = each["Properties"]["Target"]["Fn::Sub"]
            found[each["Properties"]["RouteKey"]] = re.sub(r"^integrations/\$\{(\w+)\}$", r"\1", target)
    live = ("$connect", "$disconnect", "follow")
    assert found == {**dict.fromkeys(live, "LiveIntegration"), "ping": "PingIntegration"}
    assert RESOURCES["PingIntegration"]["Properties"]["IntegrationType"] == "MOCK"
    _, alias = RESOURCES["LiveIntegration"]["Properties"]["IntegrationUri"]["Fn::Sub"]
    assert alias == {"Alias": {"Ref": "LiveFunction.Alias"}}
    permission = RESOURCES["LivePermission"]["Properties"]
    assert permission["FunctionName"] == {"Ref": "LiveFunction.Alias"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${LiveApi}/live/*")
    assert RESOURCES["LiveApi"]["Properties"]["RouteSelectionExpression"] == "$request.body.action"
    answering = {
        each["Properties"]["RouteId"]["Ref"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::ApiGatewayV2::RouteResponse"
    }
    assert answering == {"FollowRoute", "PingRoute"}


def test_what_a_connection_follows_fits_into_a_frame() -> None:
    """A message that names as many projects as may be followed, with the longest names, fits into a frame of 32 KB.

    A browser does not let a page choose the frames of a message.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
    """
    longest = ProjectAddress("u" * MAX_USER_BYTES, "p" * 128).text
    named = [longest] * PARAMETERS["MaxFollowed"]["MaxValue"]
    assert len(json.dumps({"action": "follow", "projects": named})) <= 32 * 1_024


def test_sockets_are_managed_where_they_are_open() -> None:
    """The function that announces reaches the stage to which browsers connect, and may only send to it and close."""
    stage = RESOURCES["LiveStage"]["Properties"]
    assert (stage["ApiId"], stage["StageName"]) == ({"Ref": "LiveApi"}, "live")
    assert functions()["AnnounceFunction"]["Environment"]["Variables"] == {
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": {
            "Fn::Sub": "https://${LiveApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"
        }
    }
    managing = {
        name: [each["Resource"] for each in rights(name) if "execute-api:ManageConnections" in each["Action"]]
        for name in functions()
    }
    assert {name: resources for name, resources in managing.items() if resources} == {"AnnounceFunction": [CONNECTIONS]}


def test_few_functions_start_another() -> None:
    """Only functions that serve tables may start the reader, and the one that announces starts itself.

    They do so by the alias, which a rollout shifts.
    """
    for name in STARTS_READER:
        assert functions()[name]["Environment"]["Variables"] == {"READER": READER}
    for started in (READER, LATER):
        assert started["Fn::Sub"].rpartition(":")[2] == template()["Globals"]["Function"]["AutoPublishAlias"]
    starting = {
        name: [each["Resource"] for each in rights(name) if "lambda:InvokeFunction" in each["Action"]]
        for name in functions().keys() - {"RolloutCheckFunction"}
    }
    assert {name: resources for name, resources in starting.items() if resources} == {
        **{name: [READER] for name in STARTS_READER},
        "AnnounceFunction": [LATER],
    }


def test_the_reader_writes_no_file_that_it_reads() -> None:
    """The reader writes tables and their downloads; what users sent, it only reads."""
    written = [each["Resource"] for each in rights("ReadUploadFunction") if "s3:PutObject" in each["Action"]]
    assert written == [FOLDERS[1:]]


def test_only_the_purge_may_delete_objects() -> None:
    """No function that handles requests may delete an object."""
    deleting = {function for function in functions() if "s3:DeleteObject" in permissions(function)}
    assert deleting == {"PurgeObjectsFunction"}


def test_browsers_may_use_the_bucket() -> None:
    """Pages of exactly the origins that may call the API may upload to the bucket; anyone who has a URL may download.

    A browser that is redirected from another origin names none (https://fetch.spec.whatwg.org/#http-redirect-fetch).
    """
    rules = RESOURCES["Bucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    found = {method: rule["AllowedOrigins"] for rule in rules for method in rule["AllowedMethods"]}
    assert found == {"POST": {"Ref": "AllowedOrigins"}, "GET": ["*"]}


@pytest.mark.parametrize(("name", "policy"), [("Table", "Retain"), ("Bucket", "RetainExceptOnCreate")])
def test_saved_data_outlives_the_stack(name: str, policy: str) -> None:
    """The table and the bucket are retained when the stack deletes or replaces them.

    The rollback of a first deployment removes the bucket. It does not try to remove the table, which may be protected.
    """
    assert RESOURCES[name]["DeletionPolicy"] == policy
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(("resource", "name"), [("Table", TABLE_NAME), ("Bucket", BUCKET_NAME)])
def test_an_adopted_resource_takes_the_place_of_the_own_one(resource: str, name: dict[str, Any]) -> None:
    """With `Existing…`, the stack creates no table or bucket of its own, and everything names the adopted one."""
    condition, _, adopted = name["Fn::If"]
    assert RESOURCES[resource]["Condition"] == condition
    assert template()["Conditions"][condition] == {"Fn::Equals": [adopted, ""]}
    assert PARAMETERS[adopted["Ref"]]["Default"] == ""
    assert template()["Outputs"][f"{resource}Name"]["Value"] == name
    references = [path for path, value in places(template()) if refers_to(resource, value)]
    assert references
    assert [path for path in references if path[-2:] != ("Fn::If", 1)] == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every value of a document with its path."""
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def refers_to(resource: str, value: Any) -> bool:
    if isinstance(value, str):
        return f"${{{resource}}}" in value or f"${{{resource}." in value
    return value == {"Ref": resource} or (isinstance(value, dict) and value.get("Fn::GetAtt", [""])[0] == resource)


def test_the_documented_headers_are_those_of_pages() -> None:
    """The OpenAPI document names exactly the headers that CORS lets a page send and read."""
    section = openapi()["info"]["description"].partition("### CORS")[2].partition("###")[0]
    cors = RESOURCES["Api"]["Properties"]["CorsConfiguration"]
    named = {name.lower() for name in re.findall(r"`([A-Z][a-zA-Z]*(?:-[A-Z][a-z]+)*)`", section)}
    assert named - {"allowedorigins"} == {*cors["AllowHeaders"], *cors["ExposeHeaders"]}


def test_browsers_may_use_the_whole_contract() -> None:
    """CORS lets a page send every method and header of the contract and read every response header that it needs."""
    cors = RESOURCES["Api"]["Properties"]["CorsConfiguration"]
    assert set(cors["ExposeHeaders"]) == {"etag", "location", "retry-after", "updated-by", "x-request-id"}
    sent = {"authorization", "content-type", "content-encoding", "idempotency-key", "if-match", "if-none-match"}
    assert set(cors["AllowHeaders"]) == sent
    assert {route.method for route in routes()} - {"ANY"} <= set(cors["AllowMethods"])
    assert cors["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert "*" not in PARAMETERS["AllowedOrigins"]["Default"]


def test_alarms_roll_a_new_version_back() -> None:
    """By default a new version is rolled out as a canary that alarms roll back; test_alarms says which."""
    preference = template()["Globals"]["Function"]["DeploymentPreference"]
    assert PARAMETERS["Rollout"]["Default"].startswith("Canary")
    assert preference["Type"] == {"Ref": "Rollout"}
    assert PARAMETERS["RollbackOnAlarm"]["Default"] == "true"


def test_new_versions_are_checked_before_traffic_shifts() -> None:
    """CodeDeploy runs the check before each function's traffic shifts, except the check's own, and may call only it."""
    made = transformed()["Resources"]
    aliases = [resource for resource in made.values() if resource["Type"] == "AWS::Lambda::Alias"]
    policies = {alias["Properties"]["FunctionName"]["Ref"]: alias.get("UpdatePolicy") for alias in aliases}
    assert policies.pop("RolloutCheckFunction") is None
    assert policies.keys() == functions().keys() - {"RolloutCheckFunction"}
    for policy in policies.values():
        update = policy["CodeDeployLambdaAliasUpdate"]
        assert update["BeforeAllowTrafficHook"] == {"Ref": "RolloutCheckFunction"}
        group = made[update["DeploymentGroupName"]["Ref"]]["Properties"]
        assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["RolloutRole", "Arn"]}
    (policy,) = RESOURCES["RolloutRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::GetAtt": ["RolloutCheckFunction", "Arn"]}


def test_no_resource_waits_for_itself() -> None:
    """Resources refer to each other in no circle, which CloudFormation rejects; an alias refers to the check, too."""
    made = transformed()["Resources"]
    waiting = {name: {other for other in made if mentions(other, made[name])} for name in made}
    while ready := {name for name, others in waiting.items() if not others & waiting.keys()}:
        waiting = {name: others for name, others in waiting.items() if name not in ready}
    assert not waiting


def mentions(resource: str, document: Any) -> bool:
    # By itself, the name is in DependsOn.
    return any(value == resource or refers_to(resource, value) for _, value in places(document))


def test_the_check_calls_new_versions_and_nothing_else() -> None:
    """The check has the versions of all functions that answer requests or are started by one, and no data."""
    check = functions()["RolloutCheckFunction"]
    assert sorted(check["Environment"]["Variables"].values(), key=str) == sorted(VERSIONS, key=str)
    assert {version["Ref"] for version in VERSIONS} == {
        f"{name}.Version" for name in (*http_functions(), "ReadUploadFunction")
    }
    (called,) = [each for each in rights("RolloutCheckFunction") if "lambda:InvokeFunction" in each["Action"]]
    assert called["Resource"] == VERSIONS
    assert {action.partition(":")[0] for action in permissions("RolloutCheckFunction")} == {"lambda", "codedeploy"}
    made = transformed()["Resources"]
    variables = made["RolloutCheckFunction"]["Properties"]["Environment"]["Variables"]
    for name in check["Environment"]["Variables"]:
        assert made[variables[name]["Ref"]]["Type"] == "AWS::Lambda::Version"


def test_flags_are_deployed_to_all_instances_at_once() -> None:
    """No strategy lets a flag depend on the instance, and one watches a change for longer than its alarm takes."""
    kind = "AWS::AppConfig::DeploymentStrategy"
    strategies = {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}
    assert all(each["DeploymentDurationInMinutes"] == 0 and each["GrowthFactor"] == 100 for each in strategies.values())
    (monitor,) = RESOURCES["FlagsEnvironment"]["Properties"]["Monitors"]
    alarm = RESOURCES[monitor["AlarmArn"]["Fn::GetAtt"][0]]["Properties"]
    period = max(each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each)
    assert strategies["FlagsWatched"]["FinalBakeTimeInMinutes"] * 60 > period * alarm["EvaluationPeriods"]
    assert strategies["FlagsAtOnce"]["FinalBakeTimeInMinutes"] == 0


STAGES = tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_sets_valid_parameters(stage: str) -> None:
    """Each stage sets existing parameters to allowed values, including all without a default except `Deployment`."""
    overrides = STAGES[stage]["deploy"]["parameters"]["parameter_overrides"]
    given = dict(override.split("=", 1) for override in overrides)
    assert set(given) <= set(PARAMETERS)
    assert {name for name, parameter in PARAMETERS.items() if "Default" not in parameter} - set(given) == {"Deployment"}
    for name, value in given.items():
        allowed = [str(each) for each in PARAMETERS[name].get("AllowedValues", [value])]
        assert value in allowed, name


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_failed_first_deployment_blocks_no_second(stage: str) -> None:
    """A stack that was never complete is deleted: CloudFormation does not update one whose creation was rolled back."""
    assert STAGES[stage]["deploy"]["parameters"]["on_failure"] == "DELETE"


@pytest.mark.parametrize("name", ["FlagsEnvironment", "FlagsProfile"])
def test_flags_that_were_just_read_can_be_deleted(name: str) -> None:
    """Deleting the stack does not wait until the functions have read no flags for an hour."""
    assert RESOURCES[name]["Properties"]["DeletionProtectionCheck"] == "BYPASS"


def test_prod_is_protected() -> None:
    """In prod the table cannot be deleted, new versions are canaries, and alarms page someone."""
    given = set(STAGES["prod"]["deploy"]["parameters"]["parameter_overrides"])
    assert {"DeletionProtection=true", "Rollout=Canary10Percent5Minutes"} <= given
    assert any(each.startswith("PageEmail=") for each in given)
