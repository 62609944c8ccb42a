"""Let no request reach a stack's functions, and no record of its table's stream, while the data is exchanged.

API Gateway answers 429 to everything when its rate is 0; browsers keep their unsaved edits and retry. The functions
themselves can still be called, as a deployment does to check its new versions. The stream keeps its records for a day.
"""

import argparse
from dataclasses import dataclass
from typing import Any, Final

import boto3

from admin import CannotRunError, stacks

_STAGE: Final = "$default"
_PURGE: Final = "PurgeObjectsFunction"


@dataclass(frozen=True)
class Entrances:
    """What calls a stack's functions: its API, with the limits of its parameters, and the mappings of the stream."""

    api: str
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
    print(f"{f'Would {verb}' if options.dry_run else doing} the API {entrances.api} and the stream's records.")
    if not options.dry_run:
        set_open(entrances, is_open=is_open)
    return 0


def find(stack: str) -> Entrances:
    """Find what calls the functions of a stack. Raises CannotRunError if it has no API."""
    given = {each["ParameterKey"]: each["ParameterValue"] for each in stacks.described(stack).get("Parameters", [])}
    named = {each.logical_id: each.name for each in stacks.resources(stack)}
    if not {"Api", _PURGE} <= named.keys():
        raise CannotRunError(f"The stack {stack} has no API. Was it deployed from template.yaml?")
    pages = boto3.client("lambda").get_paginator("list_event_source_mappings")
    # The mapping names the alias; the function's name alone finds mappings of $LATEST only.
    listed = pages.paginate(FunctionName=f"{named[_PURGE]}:live")
    mappings = tuple(each["UUID"] for page in listed for each in page["EventSourceMappings"])
    return Entrances(named["Api"], float(given["RequestsPerSecond"]), int(given["RequestsInABurst"]), mappings)


def set_open(entrances: Entrances, *, is_open: bool) -> None:
    """Let requests and records through, or none.

    What runs already ends within two minutes; only reading a large upload may go on for 18, with its retries.
    """
    api: Any = boto3.client("apigatewayv2")
    # All settings of the stage are replaced, so those that do not change are sent, too.
    settings = api.get_stage(ApiId=entrances.api, StageName=_STAGE).get("DefaultRouteSettings", {})
    limits = {
        "ThrottlingRateLimit": entrances.rate if is_open else 0,
        "ThrottlingBurstLimit": entrances.burst if is_open else 0,
    }
    api.update_stage(ApiId=entrances.api, StageName=_STAGE, DefaultRouteSettings={**settings, **limits})
    for mapping in entrances.mappings:
        boto3.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=is_open)
