"""Adapt the template for MiniStack: the same stack, expressed in resources that MiniStack supports.

SAM describes the routes of an `AWS::Serverless::HttpApi` in the OpenAPI `Body` of one `AWS::ApiGatewayV2::Api`.
MiniStack 1.5.33 creates that API but ignores its `Body`: no routes, no authorizer, no CORS. It does create them from
separate resources, so `expand_http_apis` writes them that way. MiniStack also runs the SAM transform without the
deployment's parameters, so SAM would write their defaults into the result; `transform` passes them.
"""

import copy
import hashlib
import re
from collections.abc import Callable
from typing import Any

type Json = dict[str, Any]
type Transform = Callable[[Json, Json], Json]

# Hexadecimal, because MiniStack recognises an API by the host name `<8 hexadecimal digits>.execute-api.localhost`.
API_ID = "da5bc0de"
LIVE_API_ID = "11feda7a"
# Where the emulator lets functions send to the connections of the WebSocket API's stage.
CONNECTIONS_PATH = f"/_aws/execute-api/{LIVE_API_ID}/live"

METRIC_MATH = "AWS::CloudWatch::Alarm with Metrics"

# The resource types that the local run omits, each with its reason.
UNSUPPORTED_TYPES: dict[str, str] = {
    "AWS::S3::BucketPolicy": "It denies every call without TLS, and the emulator on loopback has no TLS.",
    "AWS::SQS::QueuePolicy": "The same.",
    "AWS::CodeDeploy::Application": "MiniStack has no CodeDeploy: a new version takes over at once.",
    "AWS::CodeDeploy::DeploymentGroup": "The same.",
    METRIC_MATH: "MiniStack rejects alarms on expressions; tests/project evaluates each of them instead.",
}

_ENDPOINT = "AWS_ENDPOINT_URL_"
_ANY_METHOD = "x-amazon-apigateway-any-method"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_INTEGRATION = "x-amazon-apigateway-integration"


def transform(sam: Transform, template: Json, given: dict[str, str]) -> Json:
    """Return what MiniStack deploys for a template and the given parameters; `sam` is the SAM transform."""
    expanded = expand_http_apis(sam(template, _values(template, given)))
    for resource in expanded["Resources"].values():
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and resource["Properties"].get("ProtocolType") == "WEBSOCKET":
            _pin(resource["Properties"], LIVE_API_ID)
        if resource["Type"] == "AWS::Lambda::Function":
            _leave_endpoints_out(resource["Properties"])
    return _without_unsupported(expanded)


def _pin(api: Json, identifier: str) -> None:
    api["Tags"] = {**api.get("Tags", {}), "ms-custom-id": identifier}


def _leave_endpoints_out(function: Json) -> None:
    """Remove the variables that name where a service of AWS is: the emulator gives functions its own addresses."""
    variables = function.get("Environment", {}).get("Variables", {})
    for name in [name for name in variables if name.startswith(_ENDPOINT)]:
        del variables[name]


def _values(template: Json, given: dict[str, str]) -> Json:
    """Return the parameters as CloudFormation passes them to SAM, lists as lists; MiniStack passes none."""
    declared: Json = template.get("Parameters", {})
    values = {name: given.get(name, declared[name].get("Default")) for name in declared}
    return {
        name: value.split(",") if _is_list(declared[name]) else value
        for name, value in values.items()
        if value is not None
    }


def _is_list(parameter: Json) -> bool:
    kind: str = parameter["Type"]
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def expand_http_apis(template: Json) -> Json:
    """Return a copy of the template with the OpenAPI body of every HTTP API expanded into resources."""
    expanded = copy.deepcopy(template)
    resources: Json = expanded["Resources"]
    for name, resource in list(resources.items()):
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in resource["Properties"]:
            resources |= _expand(name, resource)
    return expanded


def _without_unsupported(template: Json) -> Json:
    kept = {name: resource for name, resource in template["Resources"].items() if not _unsupported(resource)}
    return {**template, "Resources": kept}


def _unsupported(resource: Json) -> bool:
    kind = f"{resource['Type']} with Metrics" if "Metrics" in resource.get("Properties", {}) else resource["Type"]
    return kind in UNSUPPORTED_TYPES


def _expand(api: str, resource: Json) -> Json:
    body = resource["Properties"]["Body"]
    return (
        {api: {**resource, "Properties": _api_properties(resource["Properties"])}}
        | _authorizers(api, body)
        | _routes(api, body)
    )


def _api_properties(properties: Json) -> Json:
    body = properties["Body"]
    kept = {key: value for key, value in properties.items() if key not in {"Body", "FailOnWarnings"}}
    cors = body.get("x-amazon-apigateway-cors")
    return (
        kept
        | {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
        | {"Tags": {**properties.get("Tags", {}), "ms-custom-id": API_ID}}
        # MiniStack stores the property unchanged but reads it by the names of the service's own API.
        | ({"CorsConfiguration": {_camel_case(key): value for key, value in cors.items()}} if cors else {})
    )


def _camel_case(name: str) -> str:
    """Convert a name to camel case: both `AllowOrigins` and `allow-origins` become `allowOrigins`."""
    head, *tail = name.split("-")
    return head[:1].lower() + head[1:] + "".join(word.capitalize() for word in tail)


def _authorizers(api: str, body: Json) -> Json:
    schemes = body.get("components", {}).get("securitySchemes", {})
    return {
        _authorizer_name(api, name): _authorizer(api, name, scheme[_AUTHORIZER])
        for name, scheme in schemes.items()
        if _AUTHORIZER in scheme
    }


def _authorizer(api: str, name: str, described: Json) -> Json:
    jwt = described["jwtConfiguration"]
    return {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Properties": {
            "ApiId": {"Ref": api},
            "Name": name,
            "AuthorizerType": "JWT",
            "IdentitySource": [described["identitySource"]],
            "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
        },
    }


def _authorizer_name(api: str, name: str) -> str:
    return f"{api}Authorizer{name}"


def _routes(api: str, body: Json) -> Json:
    described = [
        (route_key_of(method, path), operation)
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
        if _INTEGRATION in operation
    ]
    schemes = body.get("components", {}).get("securitySchemes", {})
    resources: Json = {}
    for route_key, operation in described:
        resources |= _route(api, route_key, operation, schemes)
    return resources


def route_key_of(method: str, path: str) -> str:
    """Return the `routeKey` of a route's events, as API Gateway writes it."""
    if path == "$default":
        return path
    return f"{'ANY' if method == _ANY_METHOD else method.upper()} {path}"


def _route(api: str, route_key: str, operation: Json, schemes: Json) -> Json:
    suffix = _logical_suffix(route_key)
    integration = f"{api}Integration{suffix}"
    return {
        integration: _integration(api, operation[_INTEGRATION]),
        f"{api}Route{suffix}": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": api},
                "RouteKey": route_key,
                "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
                **_authorization(api, operation, schemes),
            },
        },
    }


def _integration(api: str, described: Json) -> Json:
    return {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": api},
            "IntegrationType": described["type"].upper(),
            "IntegrationMethod": described["httpMethod"],
            "IntegrationUri": described["uri"],
            "PayloadFormatVersion": described["payloadFormatVersion"],
        },
    }


def _authorization(api: str, operation: Json, schemes: Json) -> Json:
    """Return the authorizer of a route; for an open route SAM writes `NONE`, which is not a scheme."""
    for requirement in operation.get("security", []):
        for name, scopes in requirement.items():
            if name in schemes:
                return {
                    "AuthorizationType": "JWT",
                    "AuthorizerId": {"Ref": _authorizer_name(api, name)},
                    "AuthorizationScopes": scopes,
                }
    return {"AuthorizationType": "NONE"}


def _logical_suffix(route_key: str) -> str:
    """Return a readable suffix; keys that differ only in characters not allowed in a logical id stay distinct."""
    digest = hashlib.sha256(route_key.encode()).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9]", "", route_key.title()) + digest
