"""A month of Dashkeep and of a server at three sizes, computed from what docs/performance.md states as measured."""

import re
from typing import Final

from prove.report import renewed
from support.project.template import template

from benchmarks import live, price
from benchmarks.bill import Counts, together, usd
from benchmarks.live import SAVES_A_DAY, WORKING_DAYS
from benchmarks.report import Table
from benchmarks.workload import SETTINGS
from dashboard_store.repository.history_bound import ALWAYS_KEPT, CHECKED_EVERY
from dashboard_store.repository.usage import RECOUNTED_AFTER
from local import ROOT

DEPLOYING: Final = ROOT / "docs" / "deploying.md"
PERFORMANCE: Final = ROOT / "docs" / "performance.md"
OPERATIONS: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- made by make bench: begin -->"
END: Final = "<!-- made by make bench: end -->"

# People who edit dashboards on each working day of a month.
SIZES: Final = {"a team of 20": 20, "a company of 500": 500, "a product with 20,000 users": 20_000}
# Dashboards that each has, opens on a working day and saves in turn; checks for a newer version cost a load at most.
DASHBOARDS: Final = 10
REQUESTS_TO_OPEN: Final = 3
CHECKS_A_DAY: Final = 40
DAYS: Final = 365 / 12
READ_UNIT_BYTES: Final = 4_096

# https://aws.amazon.com/ec2/pricing/on-demand/, /ebs/pricing/, /rds/postgresql/pricing/, /elasticloadbalancing/pricing/
# and /vpc/pricing/: what each costs in a month, in USD, and how many a server needs in one zone and in two.
HOURS: Final = 730
DATABASE_GB: Final = 0.115
SERVERS: Final = {
    "EC2 t4g.small": (0.0168 * HOURS, 1, 2),
    "its 20 GB of gp3": (20 * 0.08, 1, 2),
    "RDS for PostgreSQL db.t4g.micro": (0.016 * HOURS, 1, 2),
    "its 20 GB": (20 * DATABASE_GB, 1, 2),
    "public IPv4 address": (0.005 * HOURS, 1, 4),
    "load balancer with one capacity unit": ((0.0225 + 0.008) * HOURS, 0, 1),
}


def person(page: str) -> dict[str, Counts]:
    """Count a person's month, by what it is for."""
    requests, events = price.stated(page), live.stated(page)
    load, save = requests["load 20 KB"].counts(), requests["save 20 KB"]
    saves = WORKING_DAYS * SAVES_A_DAY
    connected, loads = live.month(events)
    return {
        "loads": together((WORKING_DAYS * (DASHBOARDS * REQUESTS_TO_OPEN + CHECKS_A_DAY), load)),
        "saves": together((saves, price.saved(save, events))),
        "live": together((1, connected), (loads, load)),
        "history": history(saves, save.kept),
    }


def history(saves: float, size: float) -> Counts:
    """Count the versions that are kept, and the reads of all of them: each week, and to hold a project in its bound."""
    most = max(ALWAYS_KEPT, SETTINGS.max_history_bytes / size)
    of_project = min(most, saves * SETTINGS.history_retention_days / DAYS / DASHBOARDS) * size
    stored = of_project * DASHBOARDS
    reads = stored * DAYS / RECOUNTED_AFTER.days + of_project * saves / CHECKED_EVERY
    kept = dict.fromkeys(("GB stored for a month", "GB recoverable for a month"), stored / 1e9)
    return {**kept, "read unit": reads / READ_UNIT_BYTES}


def fixed() -> Counts:
    """Count what a stage has without any request: the metrics of docs/operations.md, and the template's alarms."""
    section = OPERATIONS.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    metrics = re.findall(r"^\| `\w+` \|.*", section, re.MULTILINE)
    series = len(metrics) + sum(len(re.findall("by `(?:route|deployment)`", row)) for row in metrics)
    alarms = (each for each in template()["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm")
    read = (sum("MetricStat" in each for each in alarm["Properties"].get("Metrics", ())) or 1 for alarm in alarms)
    return {"metric": series, "metric of an alarm": sum(read), "CloudWatch dashboard": 1}


def tables(page: str) -> list[Table]:
    """Compute the month of each size, that of a server, and the number of people from which on that is cheaper."""
    causes, operation = person(page), usd(fixed())
    prices = {cause: usd(counts) for cause, counts in causes.items()}
    mine = sum(prices.values())
    # A server sends the same bytes, and its database keeps the same history.
    counts = together(*((1, each) for each in causes.values()))
    theirs = usd(counts, "transfer") + DATABASE_GB * counts["GB stored for a month"]
    servers = [sum(row[0] * row[zones] for row in SERVERS.values()) for zones in (1, 2)]
    months, beside = [], []
    for name, people in SIZES.items():
        parts = [people * each for each in prices.values()] + [operation, operation + people * mine]
        months.append([name, *(f"{part:,.2f}" for part in parts), f"{parts[-1] / people:.3f}"])
        beside.append([name, *(f"{each:,.2f}" for each in (parts[-1], *(each + people * theirs for each in servers)))])
    even = (f"{(server - operation) / (mine - theirs):,.0f} people" for server in servers)
    items = [[name, f"{each:.2f}", *map(str, needed)] for name, (each, *needed) in SERVERS.items()]
    return [
        Table(["USD a month", *prices, "metrics and alarms", "total", "a person"], months),
        Table(["USD a month", "Dashkeep", "server in one zone", "in two zones"], [*beside, ["as much at", "", *even]]),
        Table(["A server's parts", "USD a month", "in one zone", "in two zones"], items),
    ]


def pages(performance: str, deploying: str) -> tuple[str, str]:
    """Return both pages with all that is computed from what the first one states as measured."""
    requests, events = price.stated(performance), live.stated(performance)
    for section in (*price.sections(requests, events), live.section(events)):
        performance = section.renewed(performance)
    computed = "\n\n".join(table.markdown() for table in tables(performance))
    return performance, renewed(deploying, computed, BEGIN, END)


def write() -> None:
    for page, text in zip((PERFORMANCE, DEPLOYING), pages(PERFORMANCE.read_text(), DEPLOYING.read_text()), strict=True):
        page.write_text(text)
