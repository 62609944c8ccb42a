"""Events of `sam local invoke`, as pure functions: what takes one, how to send it now, and how to read the answer."""

import base64
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from local.aws import Json
from local.filters import any_of
from local.template import route_key_of

# What functions are invoked with by others or by themselves, not by an event source of the template.
_INVOCATIONS = {
    "ReadUploadFunction": {"owner", "projectId", "uploadId"},
    "AnnounceFunction": {"owner", "projectId", "at"},
}


# What a token says in seconds since 1970 (RFC 7519, section 4.1).
_TIMES = frozenset({"exp", "iat"})


class NoFunctionError(Exception):
    """No function of the template takes the event, or several do; the message says what to do."""


def function_of(template: Json, event: Json, folder: str = "") -> str:
    """Return the logical id of the function that the template routes an event to. Raises NoFunctionError.

    Several functions receive the same records of the table's stream: then `folder`, the name of the folder of the event
    or of its file, has to be that of one of them.
    """
    if "routeKey" in event:
        return _routed(template, event["routeKey"])
    if "connectionId" in event.get("requestContext", {}):
        return _connected(template, event["requestContext"]["routeKey"])
    if any(record.get("eventSource") == "aws:dynamodb" for record in event.get("Records", [])):
        return _following(template, event["Records"], folder)
    for name, members in _INVOCATIONS.items():
        if event.keys() == members:
            return name
    raise NoFunctionError(
        "The event is not API Gateway's (payload 2.0, or of a WebSocket), the table stream's, ReadUploadFunction's or "
        "AnnounceFunction's: see events/."
    )


def _routed(template: Json, route: str) -> str:
    for name, source in _sources(template):
        place = source["Properties"]
        if source["Type"] == "HttpApi" and route_key_of(place["Method"], place["Path"]) == route:
            return name
    raise NoFunctionError(f"template.yaml has no route {route}.")


def _connected(template: Json, route: str) -> str:
    """Return the function that the integration of a WebSocket API's route names."""
    resources = template["Resources"]
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::ApiGatewayV2::Route" and properties["RouteKey"] == route:
            integration = resources[properties["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")]
            uri = integration["Properties"].get("IntegrationUri")
            if uri is None:
                raise NoFunctionError(f"API Gateway itself answers the route {route}.")
            _, names = uri["Fn::Sub"]
            return str(names["Alias"]["Ref"].removesuffix(".Alias"))
    raise NoFunctionError(f"template.yaml has no route {route}.")


def _following(template: Json, records: list[Json], folder: str) -> str:
    """Return the function whose filters let all records pass."""
    found = []
    for name, source in _sources(template):
        if source["Type"] == "DynamoDB":
            filters = source["Properties"]["FilterCriteria"]["Filters"]
            wants = any_of([each["Pattern"] for each in filters])
            if all(map(wants, records)):
                found.append(name)
    if not found:
        raise NoFunctionError("No function of template.yaml receives these records of the table's stream.")
    folders = {_folder(template, name): name for name in found}
    if len(found) > 1 and folder not in folders:
        raise NoFunctionError(
            f"{' and '.join(found)} receive these records. Put the event into a folder named {' or '.join(folders)}."
        )
    return folders.get(folder, found[0])


def _folder(template: Json, function: str) -> str:
    """Return the name of a function's folder, which is its module's."""
    handler: str = template["Resources"][function]["Properties"]["Handler"]
    return handler.partition(".")[0]


def _sources(template: Json) -> Iterator[tuple[str, Json]]:
    """Yield each event source with the name of its function."""
    for name, resource in template["Resources"].items():
        for source in resource.get("Properties", {}).get("Events", {}).values():
            yield name, source


def renewed(event: Json, now: datetime) -> Json:
    """Return a request as API Gateway would send it now: functions refuse a token that has expired since.

    The request's time and its token's are moved by the same duration; nobody verifies the token's signature here. Other
    events are returned unchanged.
    """
    if "timeEpoch" not in event.get("requestContext", {}):
        return event
    copy: Json = json.loads(json.dumps(event))
    context = copy["requestContext"]
    seconds = int(now.timestamp()) - context["timeEpoch"] // 1_000
    context["timeEpoch"] += seconds * 1_000
    context["time"] = datetime.fromtimestamp(context["timeEpoch"] / 1_000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})
    for name in claims.keys() & _TIMES:
        claims[name] = str(int(claims[name]) + seconds)
    headers = copy.get("headers", {})
    if "authorization" in headers:
        headers["authorization"] = _moved(headers["authorization"], seconds)
    return copy


def _moved(authorization: str, seconds: int) -> str:
    """Move the times of a token by seconds; a text that is not a token is returned unchanged."""
    header, _, rest = authorization.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return authorization
    times = {name: type(claims[name])(int(claims[name]) + seconds) for name in claims.keys() & _TIMES}
    moved = base64.urlsafe_b64encode(json.dumps(claims | times).encode()).decode().rstrip("=")
    return f"{header}.{moved}.{signature}"


def has_failed(answer: Json | None) -> bool:
    """Whether a function failed, in the form in which Lambda reports it. A refusal, such as 404, is not a failure."""
    return answer is not None and "errorType" in answer


def shown(answer: Json | None) -> str:
    """Return an answer for a person to read: status, headers and the decoded body, or else the JSON itself."""
    if answer is None or "statusCode" not in answer:
        return json.dumps(answer, indent=2)
    headers = [f"{name}: {value}" for name, value in answer.get("headers", {}).items()]
    return "\n".join([f"HTTP {answer['statusCode']}", *headers, "", _body(answer)]).rstrip()


def _body(answer: Json) -> str:
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    if headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    text = content.decode(errors="replace")
    is_json = content and headers.get("content-type", "").endswith("json")
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if is_json else text
