"""`make invoke`, without Docker: the function of an event, the event sent now, the functions' variables, the relay."""

import asyncio
import base64
import copy
import gzip
import json
import socket
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from support.handlers.events import BY_HAND, EVENTS
from support.handlers.http_api import find_route
from support.project.template import functions, template

from local import build, sam_local
from local.docker_network import NoDockerError, address, reachable
from local.lambda_events import NoFunctionError, function_of, has_failed, renewed, shown
from local.sam_local import CannotInvokeError, Deployed, with_variables
from local.template import CONNECTIONS_PATH

FILES: Final = sorted(EVENTS.rglob("*.json"))
# What the template routes to these comes from the WebSocket API, the table's stream, or a function.
OTHERS: Final = {
    "announce": "AnnounceFunction",
    "live": "LiveFunction",
    "purge_objects": "PurgeObjectsFunction",
    "read_upload": "ReadUploadFunction",
}
NOW: Final = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
IMAGE: Final = "public.ecr.aws/lambda/python:3.13-x86_64"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_event_names_its_function(file: Path) -> None:
    """The function of an event follows from the event alone: the one to which the template routes it."""
    loaded = json.loads(file.read_text())
    if file.parent.name in BY_HAND:
        assert function_of(template(), loaded, file.parent.name) == OTHERS[file.parent.name]
    else:
        method = loaded["requestContext"]["http"]["method"]
        assert function_of(template(), loaded) == find_route(method, loaded["rawPath"]).function


@pytest.mark.parametrize("unknown", [{}, {"Records": [{"eventSource": "aws:s3"}]}, {"routeKey": "GET /no/such/route"}])
def test_an_event_of_no_function_is_refused(unknown: dict[str, Any]) -> None:
    """An event that no function of the template takes is refused with a sentence."""
    with pytest.raises(NoFunctionError, match=r"^.+\.$"):
        function_of(template(), unknown)


@pytest.mark.parametrize("route", ["$connect", "$disconnect", "follow"])
def test_an_event_of_a_connection_names_its_function(route: str) -> None:
    """An event of the WebSocket API goes to the function that its route's integration names, and stays as it is."""
    made = {"requestContext": {"routeKey": route, "connectionId": "c"}, "body": ""}
    assert function_of(template(), made) == "LiveFunction"
    assert renewed(made, NOW) == made


def test_a_message_that_no_function_receives_is_named() -> None:
    """A message that API Gateway answers itself, or whose route the WebSocket API lacks, is refused with a sentence."""
    for route, said in (("ping", "API Gateway itself answers the route ping."), ("shout", "no route shout.")):
        with pytest.raises(NoFunctionError, match=said):
            function_of(template(), {"requestContext": {"routeKey": route, "connectionId": "c"}})


def stream_event(sort_key: str, **image: Any) -> dict[str, Any]:
    change = {"Keys": {"sk": {"S": sort_key}}, **image}
    return {"Records": [{"eventSource": "aws:dynamodb", "eventName": "MODIFY", "dynamodb": change}]}


def test_records_go_to_the_function_that_receives_them() -> None:
    """Records of the stream go to the function whose filter lets them pass; the folder decides between several.

    Without such a folder, or where no function receives them, they are refused with a sentence.
    """
    saved = stream_event("CONFIG#sales", NewImage={"pk": {"S": "USER#user-1"}})
    assert function_of(template(), saved, "announce") == "AnnounceFunction"
    assert function_of(template(), saved, "purge_objects") == "PurgeObjectsFunction"
    with pytest.raises(NoFunctionError, match=r"a folder named purge_objects or announce\.$"):
        function_of(template(), saved, "mine")
    assert function_of(template(), stream_event("UPLOAD#sales", NewImage={}), "announce") == "PurgeObjectsFunction"
    with pytest.raises(NoFunctionError, match="No function"):
        function_of(template(), stream_event("RATE#1"))


def test_a_put_off_announcement_names_its_function() -> None:
    """An event with which the announcing function invokes itself goes to it."""
    assert function_of(template(), {"owner": "user-1", "projectId": "sales", "at": 1}) == "AnnounceFunction"


def test_a_request_is_sent_now() -> None:
    """A request's time is now, its token is as old and as long valid as it was, and nothing else is changed."""
    made = event("get_flags/200-flags")
    kept = copy.deepcopy(made)
    sent = renewed(made, NOW)
    assert made == kept
    before, after = made["requestContext"], sent["requestContext"]
    assert (after["timeEpoch"], after["time"]) == (NOW.timestamp() * 1_000, "04/Mar/2027:05:06:07 +0000")
    claims, renewed_claims = (each["authorizer"]["jwt"]["claims"] for each in (before, after))
    for name in ("iat", "exp"):
        assert int(renewed_claims[name]) - NOW.timestamp() == int(claims[name]) - before["timeEpoch"] / 1_000
    claims |= {name: renewed_claims[name] for name in ("iat", "exp")}
    before |= {name: after[name] for name in ("time", "timeEpoch")}
    assert sent == made


def test_a_request_without_a_token_is_sent_now() -> None:
    """A request to a route that needs no token gets no claims."""
    assert "authorizer" not in renewed(event("get_health/200-ok"), NOW)["requestContext"]


@pytest.mark.parametrize("name", ["purge_objects/expired", "read_upload/large-file", "live/follow", "announce/due"])
def test_other_events_stay_as_they_are(name: str) -> None:
    """An event that carries no token is passed on unchanged."""
    assert renewed(event(name), NOW) == event(name)


def test_functions_run_with_what_the_stack_deployed() -> None:
    """Each function has the variables of the running stack, and the services where containers reach them.

    Code is found from any folder; the rest of the template, and the file itself, stay as they are.
    """
    built = copy.deepcopy(template())
    stack = Deployed({}, {name: {"TABLE_NAME": f"table-of-{name}"} for name in functions()}, "", "")
    made = with_variables(built, stack, "http://192.0.2.1:1", "http://192.0.2.1:2")
    assert built == template()
    for name in functions():
        assert made["Resources"][name]["Properties"].pop("Environment")["Variables"] == {
            "TABLE_NAME": f"table-of-{name}",
            "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
            "AWS_ENDPOINT_URL_DYNAMODB": "http://192.0.2.1:2",
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": f"http://192.0.2.1:1{CONNECTIONS_PATH}",
        }
        built["Resources"][name]["Properties"].pop("Environment", None)
    for name, place in [*((name, "CodeUri") for name in functions()), ("DashboardStoreLayer", "ContentUri")]:
        code = built["Resources"][name]["Properties"][place]
        built["Resources"][name]["Properties"][place] = str(build.SAM_FOLDER / "local" / code)
    assert made == built


def test_an_answer_is_shown_decoded() -> None:
    """Of a compressed answer, the status, the headers and the readable JSON are shown."""
    body = base64.b64encode(gzip.compress(b'{"name":"Z\xc3\xbcrich"}')).decode()
    headers = {"Content-Type": "application/problem+json", "Content-Encoding": "gzip"}
    answer = {"statusCode": HTTPStatus.NOT_FOUND, "headers": headers, "body": body, "isBase64Encoded": True}
    assert shown(answer).splitlines() == [
        "HTTP 404",
        "Content-Type: application/problem+json",
        "Content-Encoding: gzip",
        "",
        "{",
        '  "name": "Zürich"',
        "}",
    ]
    assert not has_failed(answer)


def test_other_answers_are_shown_as_json() -> None:
    """An answer without a body ends after its headers; what is not an answer to a request is shown as it is."""
    assert shown({"statusCode": 204, "headers": {"ETag": '"1"'}}) == 'HTTP 204\nETag: "1"'
    assert shown({"statusCode": 200, "headers": {"Content-Type": "text/csv"}, "body": "a\n1"}).endswith("\n\na\n1")
    assert shown(None) == "null"
    failure = {"errorMessage": "x", "errorType": "KeyError"}
    assert json.loads(shown(failure)) == failure
    assert has_failed(failure)
    assert not has_failed(None)


def test_a_stack_that_does_not_run_is_named(tmp_path: Path) -> None:
    """Without a running stack, also after it was killed, nothing starts, and the message says how to start one."""
    with pytest.raises(CannotInvokeError, match="make run"):
        sam_local.deployed(tmp_path)
    (tmp_path / "ready.json").write_text(json.dumps({"aws": "http://127.0.0.1:1", "database": "http://127.0.0.1:1"}))
    with pytest.raises(CannotInvokeError, match="make run"):
        sam_local.deployed(tmp_path)


@pytest.mark.parametrize("text", [None, "[]", "{"])
def test_a_file_that_is_no_event_is_named(tmp_path: Path, text: str | None) -> None:
    """A file that is missing, or holds something else than a JSON object, is refused with its name."""
    file = tmp_path / "event.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CannotInvokeError, match="event"):
        sam_local.read_event(file)


def test_docker_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Docker, or without its daemon, the message says what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoDockerError, match="Install it"):
        address(IMAGE)
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 125\n")
    docker.chmod(0o755)
    with pytest.raises(NoDockerError, match="start it"):
        address(IMAGE)


async def _relayed(url: str, host: str) -> tuple[str, int]:
    """Get a URL through the relay; return the URL there and the status."""
    async with reachable(url, host) as there, httpx.AsyncClient() as client:
        return there, (await client.get(there)).status_code


async def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    writer.close()


async def _through_a_relay() -> tuple[str, str, int]:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        return url, *await _relayed(url, "127.0.0.1")
    finally:
        server.close()


def test_a_relay_passes_connections_on() -> None:
    """What listens on 127.0.0.1 is reached through a relay on an address of this machine, for as long as it lives."""
    url, there, status = asyncio.run(_through_a_relay())
    assert status == HTTPStatus.NO_CONTENT
    assert there != url
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(there.rpartition(":")[2]))):
        pass


async def _url_at(host: str) -> str:
    async with reachable("http://127.0.0.1:81", host) as there:
        return there


def test_no_relay_where_docker_passes_connections_on() -> None:
    """An address that is not this machine's is the one of a virtual machine, which itself reaches 127.0.0.1."""
    assert asyncio.run(_url_at("192.0.2.1")) == "http://192.0.2.1:81"


def test_a_duration_does_not_depend_on_the_moment() -> None:
    """A token that has expired when an event was made is still expired when it is sent."""
    made = event("get_flags/200-flags")
    claims = made["requestContext"]["authorizer"]["jwt"]["claims"]
    claims["exp"] = str(made["requestContext"]["timeEpoch"] // 1_000 - 1)
    sent = renewed(made, NOW)["requestContext"]["authorizer"]["jwt"]["claims"]
    assert int(sent["exp"]) == (NOW - timedelta(seconds=1)).timestamp()
