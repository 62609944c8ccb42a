"""The template for MiniStack has the OpenAPI body's routes, authorizers and CORS rules as resources."""

import copy
from typing import Any

import pytest

from local.template import API_ID, LIVE_API_ID, expand_http_apis, transform

type Json = dict[str, Any]

URI = {"Fn::Sub": "arn:aws:apigateway:…/${GetFunction.Arn}/invocations"}
INTEGRATION = {
    "x-amazon-apigateway-integration": {
        "httpMethod": "POST",
        "type": "aws_proxy",
        "uri": URI,
        "payloadFormatVersion": "2.0",
    }
}
PROTECTED = {**INTEGRATION, "security": [{"Issuer": []}]}
OPEN = {**INTEGRATION, "security": [{"NONE": []}]}
SCHEMES = {
    "Issuer": {
        "type": "oauth2",
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": {"Ref": "JwtIssuer"}, "audience": ["a", "b"]},
        },
    }
}


def template(paths: Json, **body: Json) -> Json:
    described = {"info": {"title": {"Ref": "AWS::StackName"}}, "paths": paths, **body}
    return {"Resources": {"Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": described}}}}


def of_type(expanded: Json, kind: str) -> list[Json]:
    """Return the properties of every resource of an API Gateway type."""
    return [
        resource["Properties"]
        for resource in expanded["Resources"].values()
        if resource["Type"] == f"AWS::ApiGatewayV2::{kind}"
    ]


@pytest.mark.parametrize(
    ("path", "method", "key"),
    [
        ("/api/projects/{projectId}", "get", "GET /api/projects/{projectId}"),
        ("/api/things", "x-amazon-apigateway-any-method", "ANY /api/things"),
        ("$default", "x-amazon-apigateway-any-method", "$default"),
    ],
)
def test_every_operation_becomes_a_route(path: str, method: str, key: str) -> None:
    """A path and its method become a route with API Gateway's route key."""
    (route,) = of_type(expand_http_apis(template({path: {method: OPEN}})), "Route")
    assert route["RouteKey"] == key


def test_a_route_targets_its_own_integration() -> None:
    """Each route refers to its own integration, which calls the function named in the body."""
    expanded = expand_http_apis(template({"/a": {"get": OPEN}, "/A": {"get": OPEN}}))
    targets = [route["Target"]["Fn::Sub"] for route in of_type(expanded, "Route")]
    names = [target.removeprefix("integrations/${").removesuffix("}") for target in targets]
    assert len(set(names)) == 2
    for name in names:
        assert expanded["Resources"][name]["Properties"] == {
            "ApiId": {"Ref": "Api"},
            "IntegrationType": "AWS_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": URI,
            "PayloadFormatVersion": "2.0",
        }


def test_a_protected_route_names_its_authorizer() -> None:
    """A route that requires a token refers to the authorizer that checks issuer and audience."""
    expanded = expand_http_apis(template({"/a": {"get": PROTECTED}}, components={"securitySchemes": SCHEMES}))
    (route,) = of_type(expanded, "Route")
    authorizer = expanded["Resources"][route["AuthorizerId"]["Ref"]]["Properties"]
    assert route["AuthorizationType"] == authorizer["AuthorizerType"] == "JWT"
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["JwtConfiguration"] == {"Issuer": {"Ref": "JwtIssuer"}, "Audience": ["a", "b"]}


def test_an_open_route_has_no_authorizer() -> None:
    """SAM marks an open route with a scheme that does not exist; it stays open."""
    expanded = expand_http_apis(template({"/a": {"get": OPEN}}, components={"securitySchemes": SCHEMES}))
    (route,) = of_type(expanded, "Route")
    assert route["AuthorizationType"] == "NONE"
    assert "AuthorizerId" not in route


@pytest.mark.parametrize("name", ["allowOrigins", "AllowOrigins", "allow-origins"])
def test_cors_rules_are_named_as_the_emulator_reads_them(name: str) -> None:
    """The API's CORS rules are in camel case, however the body spells them."""
    cors = {"x-amazon-apigateway-cors": {name: ["https://page.example"], "maxAge": 60}}
    (api,) = of_type(expand_http_apis(template({}, **cors)), "Api")
    assert api["CorsConfiguration"] == {"allowOrigins": ["https://page.example"], "maxAge": 60}


def test_the_api_keeps_one_id() -> None:
    """The API's id is pinned, so that the front finds it after every deployment; its body is removed."""
    (api,) = of_type(expand_http_apis(template({})), "Api")
    assert api == {
        "Name": {"Ref": "AWS::StackName"},
        "ProtocolType": "HTTP",
        "Tags": {"ms-custom-id": API_ID},
    }


def test_the_argument_is_not_changed() -> None:
    """Expanding a template does not change the one that is passed."""
    given = template({"/a": {"get": OPEN}})
    before = copy.deepcopy(given)
    expand_http_apis(given)
    assert given == before


def test_other_resources_pass_through() -> None:
    """All resources other than HTTP APIs with a body are deployed unchanged."""
    given = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}}}
    assert expand_http_apis(given) == given


def test_sam_receives_the_parameters() -> None:
    """The SAM transform receives the deployment's parameters, defaults for the others, and lists as lists."""
    seen: list[Json] = []

    def sam(source: Json, values: Json) -> Json:
        seen.append(values)
        return source

    parameters = {
        "Origins": {"Type": "CommaDelimitedList", "Default": "https://default.example"},
        "Issuer": {"Type": "String"},
        "MaxCharts": {"Type": "Number", "Default": 500},
        "Unknown": {"Type": "String"},
    }
    transform(sam, {"Parameters": parameters, **template({})}, {"Origins": "https://a,https://b", "Issuer": "i"})
    assert seen == [{"Origins": ["https://a", "https://b"], "Issuer": "i", "MaxCharts": 500}]


def test_unsupported_resources_are_left_out() -> None:
    """Resources that the emulator cannot create are left out; an alarm on a plain metric, which it can, is kept."""
    resources = {
        "Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m", "Expression": "1"}]}},
        "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {}},
    }
    deployed = transform(lambda _template, _values: {"Resources": resources}, {"Parameters": {}}, {})
    assert set(deployed["Resources"]) == {"Plain"}


def deployed(resources: Json) -> Json:
    """Return what is deployed of resources that SAM leaves as they are."""
    made: Json = transform(lambda _template, _values: {"Resources": resources}, {"Parameters": {}}, {})["Resources"]
    return made


def test_the_websocket_api_keeps_one_id() -> None:
    """The id of the WebSocket API is pinned, too, and is another one; its routes, responses and tags are kept."""
    api = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action", "Tags": {"team": "a"}}
    route = {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"ApiId": {"Ref": "Live"}, "RouteKey": "ping"}}
    kinds = ("RouteResponse", "IntegrationResponse")
    responses = {kind: {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {}} for kind in kinds}
    live = {"Type": "AWS::ApiGatewayV2::Api", "Properties": api}
    made = deployed({"Live": live, "Ping": route, **responses, **template({})["Resources"]})
    assert made["Live"]["Properties"] == {**api, "Tags": {"team": "a", "ms-custom-id": LIVE_API_ID}}
    assert made["Api"]["Properties"]["Tags"] == {"ms-custom-id": API_ID}
    assert API_ID != LIVE_API_ID
    assert {name: made[name] for name in ("Ping", *kinds)} == {"Ping": route, **responses}


def test_functions_call_no_service_of_aws() -> None:
    """A function's variables do not say where services are, because the emulator does; all others are kept."""
    there = {"Fn::Sub": "https://${Live}.execute-api.${AWS::Region}.amazonaws.com/live"}
    variables = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": there, "TABLE_NAME": "t", "AWS_USE_FIPS_ENDPOINT": "true"}
    properties = {"Environment": {"Variables": variables}, "Timeout": 3}
    kind = "AWS::Lambda::Function"
    made = deployed({"One": {"Type": kind, "Properties": properties}, "Other": {"Type": kind, "Properties": {}}})
    kept = {"TABLE_NAME": "t", "AWS_USE_FIPS_ENDPOINT": "true"}
    assert made["One"]["Properties"] == {"Environment": {"Variables": kept}, "Timeout": 3}
    assert made["Other"]["Properties"] == {}
