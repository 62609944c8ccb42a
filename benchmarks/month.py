"""What a month costs at three sizes: `python -m benchmarks.month` writes the table of docs/deploying.md.

The prices of a load and a save are those of docs/performance.md, so this measures nothing.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prove.report import renewed
from support.project.template import template

from benchmarks import live
from benchmarks.live import SAMPLED, SAVES_A_DAY, TRACE, WORKING_DAYS
from benchmarks.price import LOG_GB, WRITE_UNIT
from benchmarks.report import Table
from local import ROOT

PAGE: Final = ROOT / "docs" / "deploying.md"
MEASURED: Final = ROOT / "docs" / "performance.md"
OPERATIONS: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- made by make bench: begin -->"
END: Final = "<!-- made by make bench: end -->"

# People who edit dashboards on each working day of a month.
SIZES: Final = {"a team of 20": 20, "a company of 500": 500, "a product with 20,000 users": 20_000}
WORKING_SECONDS: Final = WORKING_DAYS * 10 * 3_600
OPENED_A_DAY: Final = 10
REQUESTS_TO_OPEN: Final = 3
# Checks for a newer version, when a page gets the focus; each costs as much as a load at most.
CHECKS_A_DAY: Final = 40
# A dashboard of 20 KB that compresses five times. Those that the benchmarks generate compress eight times.
UNITS_OF_A_SAVE: Final = 25
VERSION_GB: Final = 4e3 / 1e9
MONTHS_OF_HISTORY: Final = 3

# List prices in USD without free tiers, us-east-1: aws.amazon.com/cloudwatch/pricing, /dynamodb/pricing.
METRIC: Final = 0.30
ALARM_METRIC: Final = 0.10
OVERVIEW: Final = 3.00
STORED_GB: Final = 0.25
RECOVERABLE_GB: Final = 0.20
# What a request adds to the function's own lines: START, END and REPORT, and API Gateway's line.
OTHER_LOG_GB: Final = 800 / 1e9
ALARM: Final = "AWS::CloudWatch::Alarm"


@dataclass(frozen=True)
class Month:
    """What some people cost in a month, in USD, by what it is paid for."""

    loads: float
    saves: float
    live: float
    tracing: float
    logs: float
    storage: float
    operation: float

    @property
    def total(self) -> float:
        return self.loads + self.saves + self.live + self.tracing + self.logs + self.storage + self.operation


def month(people: int) -> Month:
    loads = people * WORKING_DAYS * (OPENED_A_DAY * REQUESTS_TO_OPEN + CHECKS_A_DAY)
    saves = people * WORKING_DAYS * SAVES_A_DAY
    requests, load = loads + saves, _measured("load 20 KB")["total"]
    traced = min(requests, WORKING_SECONDS + SAMPLED * max(0, requests - WORKING_SECONDS))
    habits = live.EDITORS[live.HIDDEN]._replace(people=people)
    return Month(
        loads=loads * load,
        saves=saves * _price_of_a_save(),
        live=live.month(habits, live.stated(MEASURED.read_text()), load).total,
        tracing=traced * TRACE,
        logs=requests * OTHER_LOG_GB * LOG_GB,
        storage=saves * MONTHS_OF_HISTORY * VERSION_GB * (STORED_GB + RECOVERABLE_GB),
        operation=_metrics() * METRIC + _alarm_metrics() * ALARM_METRIC + OVERVIEW,
    )


def table() -> Table:
    months = {name: month(people) for name, people in SIZES.items()}
    header = [
        "USD a month",
        "loads",
        "saves",
        "live",
        "traces",
        "other logs",
        "storage",
        "metrics and alarms",
        "total",
        "a person",
    ]
    return Table(header, [_row(name, found) for name, found in months.items()])


def _row(name: str, found: Month) -> list[str]:
    requests = (found.loads, found.saves, found.live)
    parts = (*requests, found.tracing, found.logs, found.storage, found.operation, found.total)
    return [name, *(f"{part:,.2f}" for part in parts), f"{found.total / SIZES[name]:.3f}"]


def _price_of_a_save() -> float:
    measured = _measured("save 20 KB")
    return measured["total"] - measured["DynamoDB"] + UNITS_OF_A_SAVE * WRITE_UNIT


def _measured(name: str) -> dict[str, float]:
    """Return the prices of a request in USD, by what is paid for, as docs/performance.md states them for a million."""
    text = MEASURED.read_text()
    rows = [re.search(rf"^\| {each} +\|(.*)\|$", text, re.MULTILINE) for each in ("USD per million", name)]
    header, prices = ([cell.strip() for cell in row[1].split("|")] for row in rows if row)
    return {part: float(price.replace(",", "")) / 1e6 for part, price in zip(header, prices, strict=True)}


def _metrics() -> int:
    """Count the metrics that are written: the rows in docs/operations.md, and those that are by deployment again."""
    section = OPERATIONS.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `\w+` \|.*", section, re.MULTILINE)
    return len(rows) + sum("by `deployment`" in row for row in rows)


def _alarm_metrics() -> int:
    """Return how many metrics the alarms read, each of which is billed."""
    alarms = [each["Properties"] for each in template()["Resources"].values() if each["Type"] == ALARM]
    return sum(sum("MetricStat" in each for each in alarm.get("Metrics", ())) or 1 for alarm in alarms)


def write(page: Path = PAGE) -> None:
    page.write_text(renewed(page.read_text(), table().markdown(), BEGIN, END))


if __name__ == "__main__":
    write()
