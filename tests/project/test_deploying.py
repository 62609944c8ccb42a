"""What docs/deploying.md promises: its prices are computed, and its stack for a domain leaks nothing between users."""

import json
import re
from typing import Any

import pytest
from cfnlint import api
from samcli.yamlhelper import yaml_parse
from support.project.log_filters import log_filters
from support.project.metrics import recorded_metrics
from support.project.template import ROOT, routes, template

from benchmarks import live, month, price
from benchmarks.bill import usd
from benchmarks.month import DEPLOYING, PERFORMANCE
from benchmarks.report import read_numbers
from benchmarks.workload import SETTINGS

EDGE = ROOT / "docs" / "edge.yaml"
GUIDE = ROOT / "docs" / "live.md"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html: what CloudFront always keeps.
KEPT_BY_CLOUDFRONT = {404, 414, 500, 501, 502, 503, 504}


def behavior(distribution: dict[str, Any], origin: str) -> dict[str, Any]:
    """Return how CloudFront treats what it passes on to an origin besides the page."""
    (found,) = (each for each in distribution["CacheBehaviors"] if each["TargetOriginId"] == origin)
    return dict(found)


@pytest.fixture(scope="module")
def distribution() -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(EDGE.read_text())["Resources"]["Distribution"]["Properties"][
        "DistributionConfig"
    ]
    return found


def test_prices_follow_from_what_is_measured() -> None:
    """Every price of both pages is computed from the measured numbers that docs/performance.md states."""
    stated = PERFORMANCE.read_text(), DEPLOYING.read_text()
    assert month.pages(*stated) == stated


@pytest.mark.parametrize("measured", [price.TITLE, live.TITLE])
def test_what_is_measured_is_not_in_vain(measured: str) -> None:
    """The prices are others where the numbers measured are others."""
    page, deploying = PERFORMANCE.read_text(), DEPLOYING.read_text()
    before, table, rest = page.partition(f"| {measured} ")
    rows, end, after = rest.partition("\n\n")
    doubled = before + table + re.sub(r" (\d+) \|", lambda cell: f" {2 * int(cell[1])} |", rows) + end + after
    changed = month.pages(doubled, deploying)
    for title in ("USD per million", "USD a month"):
        assert read_numbers("".join(changed), title) != read_numbers(page + deploying, title)


def test_a_request_is_billed_whole() -> None:
    """A request costs its time, its share of a start, its call, units, lines and bytes; a write waits longer."""
    load = price.Request(769, 100, 40, read=2, written=0, logged=1_000, sent=1_000_000, kept=0)
    seconds = 0.000769 + 0.001 + 0.004 + 0.01 * 0.1
    fees = 0.20e-6 + 1.00e-6 + 2 * 0.125e-6 + 1_000 / 1e9 * 0.53 + 0.001 * 0.09
    assert usd(load.counts(1_769)) == pytest.approx(seconds * 1_769 / 1_024 * 13.3334e-6 + fees)
    save = load._replace(read=0, written=3)
    waited = 0.008 * 1_769 / 1_024 * 13.3334e-6
    assert usd(save.counts(1_769)) - usd(load.counts(1_769)) == pytest.approx(waited + 3 * 0.625e-6 - 2 * 0.125e-6)


def test_a_save_is_billed_with_what_follows_it() -> None:
    """A save costs the events of its records in the stream, too: its bytes count when it comes and when it goes."""
    events = {live.COUNTED: live.Units(2, 1, 1), live.UNHEARD: live.Units(1, 1, 0)}
    save = price.Request(769, 100, 40, read=0, written=10, logged=1_000, sent=600, kept=0)
    followed = price.saved(save, events)
    assert followed["invocation"] == 4
    assert followed["write unit"] == 12
    assert followed["read unit"] == 3


def test_the_access_log_is_counted_as_the_template_writes_it() -> None:
    """The line of API Gateway has each member of the template's format, and no variable is left in it."""
    line = price.access_log_line()
    stage = template()["Resources"]["Api"]["Properties"]["AccessLogSettings"]
    assert "$" not in line
    assert json.loads(line).keys() == json.loads(stage["Format"]["Fn::Sub"]).keys()
    assert json.loads(line)["route"] == "GET /api/projects/{projectId}/config"


def test_every_metric_and_alarm_is_billed() -> None:
    """The fixed costs have each metric that the service writes, four of them again by another dimension, and alarms."""
    fixed = month.fixed()
    assert fixed["metric"] == len(recorded_metrics() | log_filters().keys()) + 4
    assert f"for each of {fixed['metric']:g} metrics" in DEPLOYING.read_text()
    alarms = [each for each in template()["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) < fixed["metric of an alarm"] == str(alarms).count("'MetricName'")


def test_history_is_billed_within_its_bound() -> None:
    """What is kept grows with the saves of 90 days, up to the bound of a project's history, and is read again."""
    few, many = month.history(saves=100, size=4_096), month.history(saves=1e9, size=4_096)
    assert few["GB stored for a month"] == pytest.approx(100 * 4_096 * 90 / (365 / 12) / 1e9)
    assert many["GB stored for a month"] == pytest.approx(10 * SETTINGS.max_history_bytes / 1e9)
    versions = 100 * 90 / (365 / 12)
    assert few["read unit"] == pytest.approx(versions * 365 / 12 / 7 + versions / 10 * 100 / 100)


@pytest.mark.parametrize("zones", [1, 2])
def test_a_server_costs_as_much_where_the_page_says(zones: int) -> None:
    """With the number of people that the page states, Dashkeep and a server cost the same, to a dollar."""
    page = PERFORMANCE.read_text()
    each = month.person(page).values()
    stated = re.search(
        r"^\| as much at +\| +\| +([\d,]+) people \| +([\d,]+) people \|$", DEPLOYING.read_text(), re.MULTILINE
    )
    assert stated
    people = int(stated[zones].replace(",", ""))
    server = sum(row[0] * row[zones] for row in month.SERVERS.values())
    server += people * sum(usd(counts, "transfer") + 0.115 * counts.get("GB stored for a month", 0) for counts in each)
    assert usd(month.fixed()) + people * sum(map(usd, each)) == pytest.approx(server, abs=1)


def test_the_text_says_what_the_prices_are_of() -> None:
    """docs/deploying.md states the habits from which a month is computed, docs/live.md to a dollar what live adds."""
    assert (
        f"opens {month.DASHBOARDS} dashboards of 20 KB on each of {live.WORKING_DAYS} working days, saves "
        f"{live.SAVES_A_DAY} times a day, and their pages ask {month.CHECKS_A_DAY} times"
    ) in " ".join(DEPLOYING.read_text().split())
    added = 1_000 * usd(month.person(PERFORMANCE.read_text())["live"])
    (stated,) = re.findall(r"^For 1,000 editors, (\d+) dollars a month", GUIDE.read_text(), re.MULTILINE)
    assert int(stated) == pytest.approx(added, abs=1)


def test_the_stack_for_a_domain_is_valid() -> None:
    """cfn-lint finds nothing in docs/edge.yaml, in the only region that it can be deployed to."""
    assert not api.lint_file(EDGE, config=api.ManualArgs(regions=["us-east-1"]))


def test_no_error_of_one_user_is_kept_for_another(distribution: dict[str, Any]) -> None:
    """CloudFront keeps no error, because the same path is another project for another user."""
    seconds = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]}
    assert seconds.keys() >= KEPT_BY_CLOUDFRONT
    assert set(seconds.values()) == {0}


def test_every_request_reaches_the_api_unchanged(distribution: dict[str, Any]) -> None:
    """Each route of the template is passed on with its method and headers, and no response of it is stored."""
    api_paths = behavior(distribution, "api")
    assert {route.path.startswith("/api/") for route in routes() if route.path != "$default"} == {True}
    assert api_paths["PathPattern"] == "/api/*"
    assert {route.method for route in routes()} - {"ANY"} <= set(api_paths["AllowedMethods"])
    assert api_paths["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "Managed-CachingDisabled"
    assert api_paths["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac", "AllViewerExceptHostHeader"


def test_handshakes_reach_the_websocket_api(distribution: dict[str, Any]) -> None:
    """The path of a handshake is the WebSocket API's stage. All headers of it but Host are passed on, Origin included.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
    """
    live_path, api_paths = behavior(distribution, "live"), behavior(distribution, "api")
    stage = template()["Resources"]["LiveStage"]["Properties"]["StageName"]
    assert live_path["PathPattern"] == f"/{stage}"
    assert set(live_path["AllowedMethods"]) == {"GET", "HEAD"}
    assert live_path["ViewerProtocolPolicy"] == "https-only"
    for name in ("CachePolicyId", "OriginRequestPolicyId"):
        assert live_path[name] == api_paths[name]
    origins = {each["Id"]: each for each in distribution["Origins"]}
    assert origins["live"]["DomainName"] == {"Ref": "LiveHost"}
    assert "OriginPath" not in origins["live"]
    assert origins["live"]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    given = template()["Outputs"]["LiveUrl"]["Value"]["Fn::Sub"]
    assert given == f"wss://${{LiveApi}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage}"
