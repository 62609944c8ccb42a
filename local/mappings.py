"""The deployed event source mappings of tables' streams, read from the emulator, so that the template decides."""

import json
from dataclasses import dataclass

from local import aws, filters
from local.aws import Json

_FOREVER = -1


class UnsupportedMappingError(Exception):
    """A mapping of the template asks for what the local run cannot do."""


@dataclass(frozen=True)
class Mapping:
    """An enabled mapping from a table's stream to an alias of a function.

    `source`, `target` and `destination`, the queue for batches that could not be processed, are ARNs. `wants` tells
    whether a record passes the filters. -1 stands for no bound of attempts or of age, in seconds.
    """

    source: str
    target: str
    wants: filters.Test
    batch_size: int
    window: float
    reports_items: bool
    bisects: bool
    retries: int
    age: int
    destination: str | None

    @property
    def function(self) -> str:
        return self.target.split(":")[6]

    @property
    def alias(self) -> str:
        return [*self.target.split(":"), "$LATEST"][7]

    @property
    def name(self) -> str:
        return f"{self.function}.{self.alias}"

    @property
    def table(self) -> str:
        return self.source.split("/")[1]


def deployed(emulator: str) -> list[Mapping]:
    """Read the enabled mappings of tables' streams; raise UnsupportedMappingError or UnsupportedFilterError."""
    answer = aws.send(emulator, aws.Request("lambda", "GET", "/2015-03-31/event-source-mappings"), seconds=10)
    listed = json.loads(answer.body)["EventSourceMappings"]
    return [parsed(each) for each in listed if ":dynamodb:" in each["EventSourceArn"] and each["State"] == "Enabled"]


def parsed(described: Json) -> Mapping:
    """Read a mapping in the form of Lambda's API."""
    destination = described.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if destination and ":sqs:" not in destination:
        raise UnsupportedMappingError(f"The local run sends failed batches only to queues, not to {destination}")
    if described["StartingPosition"] != "TRIM_HORIZON":
        raise UnsupportedMappingError(
            f"The local run reads streams from TRIM_HORIZON, not from {described['StartingPosition']}."
        )
    patterns = [each["Pattern"] for each in described.get("FilterCriteria", {}).get("Filters", [])]
    return Mapping(
        source=described["EventSourceArn"],
        target=described["FunctionArn"],
        wants=filters.any_of(patterns),
        batch_size=described["BatchSize"],
        window=described["MaximumBatchingWindowInSeconds"],
        reports_items="ReportBatchItemFailures" in described["FunctionResponseTypes"],
        bisects=_flag(described.get("BisectBatchOnFunctionError", False)),
        retries=int(described.get("MaximumRetryAttempts", _FOREVER)),
        age=int(described.get("MaximumRecordAgeInSeconds", _FOREVER)),
        destination=destination,
    )


def _flag(value: bool | str) -> bool:  # noqa: FBT001 - the emulator returns what the template has, a boolean or its text
    return str(value).lower() == "true"
