"""What MiniStack is given: the routes, authorizers and CORS rules of the OpenAPI body as resources."""

import copy
from typing import Any

import pytest

from local.template import API_ID, expand_http_apis, transform

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
GUARDED = {**INTEGRATION, "security": [{"Issuer": []}]}
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
    """The properties of every resource of an API Gateway type."""
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
    """A path and its method are a route under API Gateway's own route key."""
    (route,) = of_type(expand_http_apis(template({path: {method: OPEN}})), "Route")
    assert route["RouteKey"] == key


def test_a_route_targets_its_own_integration() -> None:
    """Each route names an integration of the template, which calls the function that the body named."""
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


def test_a_guarded_route_names_its_authorizer() -> None:
    """A route that asks for a token refers to the authorizer that checks issuer and audience."""
    expanded = expand_http_apis(template({"/a": {"get": GUARDED}}, components={"securitySchemes": SCHEMES}))
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
    """Whichever spelling the body has, the API's CORS rules are in camel case."""
    cors = {"x-amazon-apigateway-cors": {name: ["https://page.example"], "maxAge": 60}}
    (api,) = of_type(expand_http_apis(template({}, **cors)), "Api")
    assert api["CorsConfiguration"] == {"allowOrigins": ["https://page.example"], "maxAge": 60}


def test_the_api_keeps_one_id() -> None:
    """The id of the API is pinned, so that the front finds it again after every deployment; its body is gone."""
    (api,) = of_type(expand_http_apis(template({})), "Api")
    assert api == {
        "Name": {"Ref": "AWS::StackName"},
        "ProtocolType": "HTTP",
        "Tags": {"ms-custom-id": API_ID},
    }


def test_the_argument_stays_as_it_is() -> None:
    """Expanding is a function of its argument: what was passed in is unchanged."""
    given = template({"/a": {"get": OPEN}})
    before = copy.deepcopy(given)
    expand_http_apis(given)
    assert given == before


def test_other_resources_pass_through() -> None:
    """What is no HTTP API described by a body is deployed as it is."""
    given = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}}}
    assert expand_http_apis(given) == given


def test_sam_learns_the_parameters_given() -> None:
    """The SAM transform gets what the deployment gave, then the defaults, and a list as a list."""
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


def test_what_the_emulator_cannot_create_is_left_out() -> None:
    """Of what is listed nothing is deployed, and an alarm on a metric itself, which can be created, stays."""
    resources = {
        "Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "m", "Expression": "1"}]}},
        "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}},
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {}},
    }
    deployed = transform(lambda _template, _values: {"Resources": resources}, {"Parameters": {}}, {})
    assert set(deployed["Resources"]) == {"Plain"}
