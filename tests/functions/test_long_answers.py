"""Whatever is stored and sent, a response has an end, and says what it left out."""

import json
from typing import Any

import jsonpatch
import jsonpointer
import pytest
from support.handlers.http_api import Client, Reply

CONFIG = "/api/projects/p/config"
PLACES = 2_000


def config(name: str, value: Any) -> dict[str, Any]:
    """Make a config of numbered places under one name."""
    return {"chartCustomizations": {name: {str(number): value for number in range(PLACES)}}}


def save(client: Client, *configs: dict[str, Any]) -> None:
    for version, each in enumerate(configs):
        assert client.put(CONFIG, each, if_match=f'"{version}"').status == 200


def size(reply: Reply) -> int:
    return len(reply.body)


# A name of up to half of what a config may have, so that its pointers together are hundreds of megabytes.
NAMES = ["n", "n" * 30_000, "<" * 30_000, "é/~" * 10_000]
NAMED = pytest.mark.parametrize("name", NAMES, ids=["a short name", "a long name", "a long escape", "many escapes"])


@NAMED
def test_a_diff_ends(project: Client, name: str) -> None:
    """A diff lists its first 1,000 operations or a megabyte of them, and how many there are; charts are all named."""
    before, after = config(name, 1), config(name, 2)
    save(project, before, after)
    reply = project.get(f"{CONFIG}/versions/1/diff/2")
    assert reply.status == 200
    diff = reply.json
    assert (diff["truncated"], diff["operationCount"]) == (True, PLACES)
    assert diff["charts"] == {"added": [], "removed": [], "changed": [name]}
    assert 0 < len(diff["operations"]) <= 1_000
    assert len(diff["operations"]) == 1_000 or size(reply) > 700_000
    assert size(reply) < 1_300_000
    # What is listed holds.
    done = jsonpatch.apply_patch(before, diff["operations"])["chartCustomizations"][name]
    assert list(done.values()).count(2) == len(diff["operations"])


@NAMED
@pytest.mark.parametrize("query", ["", "?onConflict=merge"])
def test_the_places_of_a_conflict_end(project: Client, name: str, query: str) -> None:
    """A conflict names its first 100 places or a megabyte of them, and how many there are."""
    base, theirs, mine = (config(name, value) for value in (1, 2, 3))
    save(project, base, theirs)
    reply = project.put(f"{CONFIG}{query}", mine, if_match='"1"')
    assert (reply.status, reply.code) == (412, "version-conflict")
    problem = reply.json
    assert (problem["truncated"], problem["conflictCount"]) == (True, PLACES)
    assert 0 < len(problem["conflicts"]) <= 100
    assert size(reply) < 2_000_000
    assert {jsonpointer.resolve_pointer(problem["current"], place) for place in problem["conflicts"]} == {2}


def test_a_short_list_is_not_marked(project: Client) -> None:
    """A list that is complete has neither `truncated` nor a count."""
    save(project, config("n", 1), {"chartCustomizations": {}})
    assert project.get(f"{CONFIG}/versions/1/diff/2").json.keys() == {"operations", "charts"}
    problem = project.put(CONFIG, config("n", 2), if_match='"1"').json
    assert problem["conflicts"] == ["/chartCustomizations/n"]
    assert problem.keys().isdisjoint({"truncated", "conflictCount"})


# Bodies whose errors are each named by a pointer or message of hundreds of kilobytes, and how their places begin.
LONG = "<" * 120_000
ERRORS: dict[str, tuple[bytes, str]] = {
    "values": (json.dumps({"extensions": {LONG: ["\0"] * 30}, "chartCustomizations": {}}).encode(), "/extensions/<<"),
    "names": (json.dumps({"chartCustomizations": {f"{LONG}{number}": 1 for number in range(2)}}).encode(), "/chart"),
    "a duplicate": (f'{{"chartCustomizations":{{}},"extensions":{{"{LONG}":1,"{LONG}":1}}}}'.encode(), "/extensions"),
    "unknown members": (json.dumps({"chartCustomizations": {}, f"{LONG}x": 1}).encode(), "/<<<"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_the_errors_of_a_body_end(project: Client, case: str) -> None:
    """At most twenty errors are named; where a place or a message is long, both of its ends are kept."""
    body, start = ERRORS[case]
    reply = project.put(CONFIG, body, if_match='"0"')
    assert (reply.status, reply.code) == (422, "invalid-config")
    found = reply.json["errors"]
    assert 0 < len(found) <= 20
    assert all(each["pointer"].startswith(start) for each in found)
    assert size(reply) < 1_000_000


def test_the_parts_of_a_large_config_end(project: Client) -> None:
    """A config that is too large names its largest parts by shortened pointers."""
    reply = project.put(
        CONFIG, {"chartCustomizations": {f"{'<' * 60_000}{number}": {} for number in range(9)}}, if_match="*"
    )
    assert (reply.status, reply.code) == (413, "config-too-large")
    assert [each["pointer"][-5:] for each in reply.json["largest"]] == [f"<<<<{number}" for number in range(5)]
    assert size(reply) < 1_000_000
