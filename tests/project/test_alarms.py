"""Alarms fire when they should and only then, and every metric is on the dashboard and documented."""

import json
import re
from typing import Any

import pytest
from support.project.metric_math import fires
from support.project.metrics import recorded_metrics
from support.project.template import ROOT, functions, template

from dashboard_store.gateway.telemetry import NAMESPACE

RESOURCES = template()["Resources"]
ALARMS = {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"].endswith("::Alarm")}
DASHBOARD: str = RESOURCES["Overview"]["Properties"]["DashboardBody"]["Fn::Sub"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

PAGES = {"SavesFailAlarm", "RequestsFailAlarm"}

type Period = dict[str, float]
type Series = tuple[str, list[Period]]

saves = "ConfigSaved"
unchanged = "ConfigSaveUnchanged"
failed = "ConfigSaveFailed"
NOTHING: Period = {}

# Per alarm, the series that it fires on and those that it does not; a period maps each metric to its value.
FIRING: list[Series] = [
    ("SavesFailAlarm", [{saves: 90, failed: 6}]),
    ("SavesFailAlarm", [{saves: 4, unchanged: 5, failed: 1}]),
    ("SavesFailAlarm", [{failed: 3}]),
    ("SavesFailAlarm", [{saves: 1000}, {failed: 10}]),
    ("RequestsFailAlarm", [{"Count": 100, "5xx": 6}]),
    ("RequestsFailAlarm", [{"Count": 20, "5xx": 20}]),
    ("LoadsSlowAlarm", [{"ConfigLoadLatency": 501}] * 3),
    ("TableThrottledAlarm", [{"ReadThrottleEvents": 1}]),
    ("TableThrottledAlarm", [{"WriteThrottleEvents": 1}]),
    *(("FunctionsBreakAlarm", [{f"Errors of {function}": 1.0}]) for function in functions()),
    *(
        ("FunctionsSlowAlarm", [{f"Duration of {name}": 0.81e3 * function.get("Timeout", 15)}])
        for name, function in functions().items()
    ),
    ("PurgeBehindAlarm", [{"IteratorAge": 3_600_001}]),
    ("PurgeFailedAlarm", [{"ApproximateNumberOfMessagesVisible": 1}]),
]
QUIET: list[Series] = [
    *((name, [NOTHING] * 3) for name in ALARMS),
    ("SavesFailAlarm", [{saves: 95, failed: 5}]),
    ("SavesFailAlarm", [{saves: 50, unchanged: 45, failed: 5}]),
    # A single failed save among a few at night does not page anyone.
    ("SavesFailAlarm", [{saves: 3, failed: 1}]),
    ("SavesFailAlarm", [{failed: 2}]),
    ("SavesFailAlarm", [{failed: 100}, {saves: 100}]),
    ("RequestsFailAlarm", [{"Count": 100, "5xx": 5}]),
    ("RequestsFailAlarm", [{"Count": 19, "5xx": 19}]),
    ("RequestsFailAlarm", [{"Count": 1000}]),
    ("LoadsSlowAlarm", [{"ConfigLoadLatency": 9_000}, {"ConfigLoadLatency": 400}, {"ConfigLoadLatency": 9_000}]),
    ("LoadsSlowAlarm", [{"ConfigLoadLatency": 500}] * 3),
    ("TableThrottledAlarm", [{"ReadThrottleEvents": 0, "WriteThrottleEvents": 0}]),
    ("FunctionsBreakAlarm", [{f"Errors of {function}": 0 for function in functions()}]),
    *(
        ("FunctionsSlowAlarm", [{f"Duration of {name}": 0.79e3 * function.get("Timeout", 15)}])
        for name, function in functions().items()
    ),
    ("PurgeBehindAlarm", [{"IteratorAge": 3_600_000}]),
    ("PurgeFailedAlarm", [{"ApproximateNumberOfMessagesVisible": 0}]),
]


@pytest.mark.parametrize(("name", "periods"), FIRING)
def test_an_alarm_fires(name: str, periods: list[Period]) -> None:
    """Each alarm fires on what its description says."""
    assert fires(ALARMS[name], *periods)


@pytest.mark.parametrize(("name", "periods"), QUIET)
def test_an_alarm_stays_quiet(name: str, periods: list[Period]) -> None:
    """No alarm fires below its threshold or without data."""
    assert not fires(ALARMS[name], *periods)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_notifies_its_topic(name: str) -> None:
    """Alarms on what users notice page; all others only warn. Each has a description."""
    topic = "PageTopic" if name in PAGES else "WarnTopic"
    assert ALARMS[name]["AlarmActions"] == [{"Ref": topic}]
    assert len(ALARMS[name]["AlarmDescription"]) > 30
    assert RESOURCES[topic.replace("Topic", "Subscription")]["Properties"]["TopicArn"] == {"Ref": topic}


def test_every_alarm_has_a_firing_series() -> None:
    """Every alarm has a series that it fires on."""
    assert {name for name, _ in FIRING} == set(ALARMS)


def metrics_on_the_dashboard() -> set[str]:
    """Return the service's own metrics on the dashboard.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    found: set[str] = set()
    for widget in json.loads(DASHBOARD)["widgets"]:
        namespace = name = ""
        for metric in widget["properties"].get("metrics", []):
            match metric:
                case [{"expression": str(expression)}]:
                    found.update(re.findall(rf'{{{NAMESPACE},.*MetricName="(\w+)"', expression))
                    continue
                case ["...", *_]:
                    pass
                case [one, other, *_]:
                    # A dot repeats the value of the metric before.
                    namespace, name = (namespace if one == "." else one), (name if other == "." else other)
            if namespace == NAMESPACE:
                found.add(name)
    return found


def test_metrics_are_shown_and_documented() -> None:
    """The dashboard and docs/operations.md have every metric that the code records, and no other."""
    assert metrics_on_the_dashboard() == recorded_metrics()
    table = OPERATIONS[OPERATIONS.index("## Metrics") : OPERATIONS.index("## The log")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == recorded_metrics()


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_is_shown_and_has_a_remedy(name: str) -> None:
    """Every alarm is on the dashboard, and docs/operations.md says what to do when it fires."""
    short = ALARMS[name]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
    assert f":alarm:${{AWS::StackName}}-{short}" in DASHBOARD
    remedies = OPERATIONS[OPERATIONS.index("## When an alarm fires") :]
    assert f"| `{short}` |" in remedies


def test_alarms_watch_the_metrics_of_this_stack() -> None:
    """Alarms and code name the same service, the stack, so two stacks of one account do not share metrics."""
    variables: dict[str, Any] = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    stats = [
        metric["MetricStat"]["Metric"]
        for alarm in ALARMS.values()
        for metric in alarm.get("Metrics", [])
        if "MetricStat" in metric
    ]
    ours = [each for each in [*stats, *ALARMS.values()] if each.get("Namespace") == "Dashkeep"]
    assert len(ours) == 4
    for each in ours:
        assert each["MetricName"] in recorded_metrics()
        assert each["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
