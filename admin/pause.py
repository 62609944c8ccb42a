"""Let no request reach a stack's functions, and no record of its table's stream, while the data is exchanged.

API Gateway answers 429 to everything when its rate is 0, and opens no WebSocket; browsers keep their unsaved edits and
retry. The functions themselves can still be called, as a deployment does to check its new versions. The stream keeps
its records for a day.
"""

import argparse
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import boto3

from admin import CannotRunError, stacks

# The stage of each API, and the functions that read the stream. Releases before live have only the first of each.
_STAGES: Final = {"Api": "$default", "LiveApi": "live"}
_READERS: Final = ("PurgeObjectsFunction", "AnnounceFunction")


class Stage(NamedTuple):
    api: str
    name: str


@dataclass(frozen=True)
class Entrances:
    """What calls a stack's functions: its APIs, with the limits of its parameters, and the mappings of the stream."""

    stages: tuple[Stage, ...]
    rate: float
    burst: int
    mappings: tuple[str, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    stacks.add_stack(parser)


def run_pause(options: argparse.Namespace) -> int:
    """Pause a stack."""
    return _run(options, "pause", "Pausing", is_open=False)


def run_resume(options: argparse.Namespace) -> int:
    """Let requests and records through again."""
    return _run(options, "resume", "Resuming", is_open=True)


def _run(options: argparse.Namespace, verb: str, doing: str, *, is_open: bool) -> int:
    entrances = find(options.stack)
    apis = " and ".join(stage.api for stage in entrances.stages)
    print(f"{f'Would {verb}' if options.dry_run else doing} the APIs {apis} and the stream's records.")
    if not options.dry_run:
        set_open(entrances, is_open=is_open)
    return 0


def find(stack: str) -> Entrances:
    """Find what calls the functions of a stack. Raises CannotRunError if it has no API."""
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stacks.described(stack).get("Parameters", [])}
    named = {each.logical_id: each.name for each in stacks.resources(stack)}
    if not {"Api", _READERS[0]} <= named.keys():
        raise CannotRunError(f"The stack {stack} has no API. Was it deployed from template.yaml?")
    stages = tuple(Stage(named[api], name) for api, name in _STAGES.items() if api in named)
    mappings = tuple(uuid for reader in _READERS if reader in named for uuid in _mappings(named[reader]))
    return Entrances(stages, float(given["RequestsPerSecond"]), int(given["RequestsInABurst"]), mappings)


def _mappings(function: str) -> list[str]:
    pages = boto3.client("lambda").get_paginator("list_event_source_mappings")
    # The mapping names the alias; the function's name alone finds mappings of $LATEST only.
    listed = pages.paginate(FunctionName=f"{function}:live")
    return [each["UUID"] for page in listed for each in page["EventSourceMappings"]]


def set_open(entrances: Entrances, *, is_open: bool) -> None:
    """Let requests and records through, or none.

    What runs already ends within two minutes; only reading a large upload may go on for 18, with its retries.
    """
    api: Any = boto3.client("apigatewayv2")
    limits = {
        "ThrottlingRateLimit": entrances.rate if is_open else 0,
        "ThrottlingBurstLimit": entrances.burst if is_open else 0,
    }
    for stage in entrances.stages:
        # All settings of the stage are replaced, so those that do not change are sent, too.
        settings = api.get_stage(ApiId=stage.api, StageName=stage.name).get("DefaultRouteSettings", {})
        api.update_stage(ApiId=stage.api, StageName=stage.name, DefaultRouteSettings={**settings, **limits})
    for mapping in entrances.mappings:
        boto3.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=is_open)
