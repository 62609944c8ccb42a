"""template.yaml says what the code relies on and what the contract promises."""

import re
import tomllib
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest
from support.project.template import ROOT, functions, routes, table_definition, template

from dashboard_store.gateway.routes import ROUTES
from dashboard_store.settings import Settings
from local.deploy import command

PARAMETERS = template()["Parameters"]
RESOURCES = template()["Resources"]
VARIABLES = template()["Globals"]["Function"]["Environment"]["Variables"]
TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
LISTING = {"Fn::Sub": "${Table.Arn}/index/listing"}
FOLDERS = [{"Fn::Sub": f"${{Bucket.Arn}}/{folder}/*"} for folder in ("uploads", "tables", "downloads")]
FLAGS = {
    "Fn::Sub": "arn:${AWS::Partition}:appconfig:${AWS::Region}:${AWS::AccountId}:application/${Flags}"
    "/environment/${FlagsEnvironment}/configuration/${FlagsProfile}"
}
# What each action may be about: a query the index, which holds no document; every other one the items that it names.
RESOURCES_OF: dict[str, list[Any]] = {
    "dynamodb:GetItem": [TABLE],
    "dynamodb:BatchGetItem": [TABLE],
    "dynamodb:PutItem": [TABLE],
    "dynamodb:UpdateItem": [TABLE],
    "dynamodb:DeleteItem": [TABLE],
    "dynamodb:ConditionCheckItem": [TABLE],
    "dynamodb:Query": [LISTING],
    "s3:GetObject": FOLDERS,
    "s3:PutObject": FOLDERS,
    "s3:DeleteObject": [{"Fn::Sub": "${Bucket.Arn}/tables/*"}],
    "s3:ListBucket": [{"Fn::GetAtt": ["Bucket", "Arn"]}],
    "appconfig:StartConfigurationSession": [FLAGS],
    "appconfig:GetLatestConfiguration": [FLAGS],
}
# The settings that name a resource of the stack and not a parameter.
RESOURCE_NAMES = {"table_name", "bucket_name", "flags_path"}


def parameter_name(setting: str) -> str:
    return "".join(word.capitalize() for word in setting.split("_"))


def statements(function: str) -> list[dict[str, Any]]:
    return [statement for policy in functions()[function]["Policies"] for statement in policy["Statement"]]


def rights(function: str) -> set[str]:
    return {action for statement in statements(function) for action in statement["Action"]}


def test_tests_import_as_lambda_does() -> None:
    """The tests' path is the layer and each function's folder in the template's order, then what only tests have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layer = RESOURCES["DashboardStoreLayer"]["Properties"]["ContentUri"]
    on_lambda = [layer, *(function["CodeUri"] for function in functions().values())]
    path = project["tool"]["pytest"]["ini_options"]["pythonpath"]
    assert path == [*(folder.rstrip("/") for folder in on_lambda), "tests", "."]


def test_handlers_are_named_apart() -> None:
    """Every function's handler is in a module named like its folder, so no two modules have one name."""
    for function in functions().values():
        module, _, name = function["Handler"].partition(".")
        assert name == "handler"
        assert function["CodeUri"] == f"functions/{module}/"
        assert (ROOT / function["CodeUri"] / f"{module}.py").is_file()


def test_routes_are_the_gateways() -> None:
    """The routes that the gateway knows, to tell 404 from 405, are the template's."""
    found: dict[str, set[str]] = {}
    for route in routes():
        if route.path != "$default":
            found.setdefault(route.path, set()).add(route.method)
    assert found == {path: set(methods) for path, methods in ROUTES.items()}


def test_only_health_and_the_unrouted_need_no_token() -> None:
    """A verified token is needed for all but the health check and what answers for no route."""
    assert {route.path for route in routes() if not route.needs_token} == {"/api/health", "$default"}
    assert RESOURCES["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Issuer"


def test_issuer_and_audience_are_the_deployers() -> None:
    """The authorizer accepts the tokens of the issuer and audience that whoever deploys names, and of no other."""
    (authorizer,) = RESOURCES["Api"]["Properties"]["Auth"]["Authorizers"].values()
    assert authorizer["JwtConfiguration"] == {"issuer": {"Ref": "JwtIssuer"}, "audience": {"Ref": "JwtAudience"}}
    assert "Default" not in PARAMETERS["JwtIssuer"]
    assert "Default" not in PARAMETERS["JwtAudience"]


@pytest.mark.parametrize(
    "setting", [field for field in fields(Settings) if field.name not in RESOURCE_NAMES], ids=attrgetter("name")
)
def test_every_setting_is_a_parameter(setting: Any) -> None:
    """Every setting but the resources' names is a parameter with the same default, passed on in the environment."""
    name = parameter_name(setting.name)
    given = PARAMETERS[name]["Default"]
    assert setting.default is not MISSING
    assert (given == "true" if isinstance(setting.default, bool) else given) == setting.default
    assert VARIABLES[setting.name.upper()] == {"Ref": name}


def test_every_variable_is_a_setting() -> None:
    """The functions' environment holds the settings and what Powertools reads, nothing that nobody reads."""
    ours = {name for name in VARIABLES if not name.startswith("POWERTOOLS_")}
    assert ours == {field.name.upper() for field in fields(Settings)}
    assert VARIABLES["TABLE_NAME"] == {"Ref": "Table"}
    assert VARIABLES["BUCKET_NAME"] == {"Ref": "Bucket"}
    assert VARIABLES["FLAGS_PATH"] == {"Fn::Sub": "${Flags}/${FlagsEnvironment}/${FlagsProfile}"}


def test_every_parameter_is_used_and_explained() -> None:
    """Every parameter has a description, a place in the deployment form, and a use."""
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(PARAMETERS)
    text = (ROOT / "template.yaml").read_text()
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"].strip(), name
        assert re.search(rf"!Ref {name}\b", text), name


@pytest.mark.parametrize("function", sorted(functions()))
def test_rights_are_named(function: str) -> None:
    """A function may do named things to the stack's own table and bucket: no wildcard, no scan, no administration."""
    assert statements(function)
    for statement in statements(function):
        assert set(statement) == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        for action in statement["Action"]:
            assert all(resource in RESOURCES_OF[action] for resource in resources)
    # `Role` would bring rights that these statements do not show.
    assert "Role" not in functions()[function]


def test_reading_may_only_read() -> None:
    """The function that loads configs may read items and list them: whatever its code does, it can change nothing."""
    flags = {"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"}
    assert rights("GetConfigFunction") == {"dynamodb:GetItem", "dynamodb:Query"} | flags


def test_only_lists_may_query() -> None:
    """Nothing but the lists of projects and of versions reads a range."""
    querying = {function for function in functions() if "dynamodb:Query" in rights(function)}
    assert querying == {"GetConfigFunction", "ProjectsFunction"}


def test_only_projects_are_deleted() -> None:
    """Nothing but deleting and restoring a project removes an item; all else that goes expires."""
    deleting = {function for function in functions() if "dynamodb:DeleteItem" in rights(function)}
    assert deleting == {"ProjectsFunction"}


def test_table_costs_by_use_and_can_be_brought_back() -> None:
    """The table is paid by request, can be restored to any moment, and lets expired items go."""
    properties = RESOURCES["Table"]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_index_holds_no_document() -> None:
    """The listing index holds what lists show and never a document, and is local: a list shows the save just made."""
    (index,) = table_definition()["LocalSecondaryIndexes"]
    assert index["IndexName"] == "listing"
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary", "expiresAt"]}
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["pk", "listKey"]
    assert "GlobalSecondaryIndexes" not in RESOURCES["Table"]["Properties"]


def test_bucket_is_private() -> None:
    """The bucket is closed to the public, encrypted, and speaks TLS only."""
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
    assert policy["Bucket"] == {"Ref": "Bucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]


def test_what_is_left_over_expires() -> None:
    """Files as they were sent and copies for a download go after a day; the tables themselves never by age."""
    rules = RESOURCES["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"uploads/": 1, "downloads/": 1}
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_expired_items_are_told_with_what_they_named() -> None:
    """The table's stream brings items as they were, which is where the names of their objects stand."""
    assert RESOURCES["Table"]["Properties"]["StreamSpecification"] == {"StreamViewType": "OLD_IMAGE"}


def test_only_the_expired_is_removed_from_the_bucket() -> None:
    """No function that a user's request reaches may remove an object."""
    deleting = {function for function in functions() if "s3:DeleteObject" in rights(function)}
    assert deleting == {"PurgeObjectsFunction"}


def test_browsers_may_use_the_bucket() -> None:
    """The pages that may call the API may send files to the bucket and fetch from it, and no others."""
    (rule,) = RESOURCES["Bucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == {"Ref": "AllowedOrigins"}
    assert set(rule["AllowedMethods"]) == {"GET", "POST"}


@pytest.mark.parametrize("name", ["Table", "Bucket"])
def test_what_was_saved_outlives_the_stack(name: str) -> None:
    """Deleting or replacing the stack's table or bucket keeps what users saved."""
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_browsers_may_use_the_whole_contract() -> None:
    """CORS lets a page send every method and header of the contract, and read every header that it needs."""
    cors = RESOURCES["Api"]["Properties"]["CorsConfiguration"]
    assert {"etag", "retry-after", "x-request-id"} <= set(cors["ExposeHeaders"])
    assert {"authorization", "content-type", "if-match", "if-none-match"} <= set(cors["AllowHeaders"])
    assert {route.method for route in routes()} - {"ANY"} <= set(cors["AllowMethods"])
    assert cors["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert "*" not in PARAMETERS["AllowedOrigins"]["Default"]


def test_every_deployment_publishes_every_function() -> None:
    """A deployment publishes a version of each function whatever changed: its code, the layer or only a parameter."""
    assert template()["Globals"]["Function"]["AutoPublishAlias"] == "live"
    assert "Default" not in PARAMETERS["Deployment"]
    for function in functions().values():
        assert function["AutoPublishCodeSha256"] == {"Ref": "Deployment"}


def test_alarms_take_a_new_version_back() -> None:
    """A version takes over step by step unless told otherwise, and what hurts users meanwhile takes it back."""
    preference = template()["Globals"]["Function"]["DeploymentPreference"]
    assert PARAMETERS["Rollout"]["Default"].startswith("Canary")
    assert preference["Type"] == {"Ref": "Rollout"}
    alarms = {alarm["Ref"] for alarm in preference["Alarms"]}
    assert alarms == {"SavesFailAlarm", "LoadsSlowAlarm", "FunctionsBreakAlarm"}


STAGES_OF = tomllib.loads
STAGES = tomllib.loads((ROOT / "samconfig.toml").read_text())


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_gives_what_the_template_takes(stage: str) -> None:
    """Each stage names parameters that there are, with values that they take, and all that have no default but one."""
    overrides = STAGES[stage]["deploy"]["parameters"]["parameter_overrides"]
    given = dict(override.split("=", 1) for override in overrides)
    assert set(given) <= set(PARAMETERS)
    assert {name for name, parameter in PARAMETERS.items() if "Default" not in parameter} - set(given) == {"Deployment"}
    for name, value in given.items():
        allowed = [str(each) for each in PARAMETERS[name].get("AllowedValues", [value])]
        assert value in allowed, name


def test_prod_protects_what_it_keeps() -> None:
    """In prod the table cannot be deleted, a version takes over step by step, and somebody is paged."""
    given = set(STAGES["prod"]["deploy"]["parameters"]["parameter_overrides"])
    assert {"DeletionProtection=true", "Rollout=Canary10Percent5Minutes"} <= given
    assert any(each.startswith("PageEmail=") for each in given)


@pytest.mark.parametrize("stage", ["dev", "prod", "staging"])
def test_nothing_is_deployed_for_an_issuer_of_nobody(stage: str) -> None:
    """The stages of samconfig.toml are examples: `make deploy` refuses until they name who is to be believed."""
    with pytest.raises(SystemExit, match=r"issuer\.example\.com|no stage"):
        command(stage, "arm64", datetime.now(UTC))


def test_a_deployment_is_named_and_gives_all_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is run is sam with the stage's parameters and a name that no deployment before had."""
    named = (ROOT / "samconfig.toml").read_text().replace("example.com", "acme.test")
    monkeypatch.setattr(tomllib, "loads", lambda _: STAGES_OF(named))
    run = command("dev", "x86_64", datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC))
    assert run[run.index("--config-env") + 1] == "dev"
    assert "JwtIssuer=https://issuer.acme.test/dev" in run
    assert run[-2:] == ["Architecture=x86_64", "Deployment=20261124T123005Z"]
