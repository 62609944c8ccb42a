"""Alarms fire when they are to and stay quiet otherwise, and what is measured is shown and explained."""

import re
from typing import Any

import pytest
from support.project.metric_math import fires
from support.project.template import ROOT, functions, template

RESOURCES = template()["Resources"]
ALARMS = {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"].endswith("::Alarm")}
DASHBOARD: str = RESOURCES["Overview"]["Properties"]["DashboardBody"]["Fn::Sub"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
TELEMETRY = (ROOT / "shared" / "dashboard_store" / "gateway" / "telemetry.py").read_text()

METRICS = sorted(set(re.findall(r'"((?:Config|Rate|Payload|Request)[A-Z]\w+)"', TELEMETRY)))
PAGES = {"SavesFailAlarm", "RequestsFailAlarm"}

type Period = dict[str, float]
type Series = tuple[str, list[Period]]

saves = "ConfigSaved"
unchanged = "ConfigSaveUnchanged"
failed = "ConfigSaveFailed"
NOTHING: Period = {}

# For each alarm, series that it fires on and series that it stays quiet on; a period is what was counted in it.
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
]
QUIET: list[Series] = [
    *((name, [NOTHING] * 3) for name in ALARMS),
    ("SavesFailAlarm", [{saves: 95, failed: 5}]),
    ("SavesFailAlarm", [{saves: 50, unchanged: 45, failed: 5}]),
    # One save at night that failed, with a few that did not: nobody has to get up.
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
]


@pytest.mark.parametrize(("name", "periods"), FIRING)
def test_an_alarm_fires(name: str, periods: list[Period]) -> None:
    """Each alarm fires on what its description says."""
    assert fires(ALARMS[name], *periods)


@pytest.mark.parametrize(("name", "periods"), QUIET)
def test_an_alarm_stays_quiet(name: str, periods: list[Period]) -> None:
    """No alarm fires on less, nor where there is nothing to be counted."""
    assert not fires(ALARMS[name], *periods)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_reaches_somebody(name: str) -> None:
    """What users feel pages somebody; all else waits for the morning. Each says what it means."""
    topic = "PageTopic" if name in PAGES else "WarnTopic"
    assert ALARMS[name]["AlarmActions"] == [{"Ref": topic}]
    assert len(ALARMS[name]["AlarmDescription"]) > 30
    assert RESOURCES[topic.replace("Topic", "Subscription")]["Properties"]["TopicArn"] == {"Ref": topic}


def test_every_alarm_was_seen_firing() -> None:
    """No alarm is without a series that it fires on."""
    assert {name for name, _ in FIRING} == set(ALARMS)


def test_metrics_of_the_code_are_shown_and_explained() -> None:
    """Every metric that the code counts stands in the dashboard and in the document, and neither has another one."""
    ours = re.compile(r"\b(?:Config|RateL|Payload|RequestE)[A-Z]?[a-z]\w+\b")
    shown = {each for each in ours.findall(DASHBOARD) if "Function" not in each}
    assert shown == set(METRICS)
    table = OPERATIONS[OPERATIONS.index("## Metrics") : OPERATIONS.index("## The log")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(METRICS)


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_is_shown_and_has_its_remedy(name: str) -> None:
    """Every alarm is on the dashboard, and the document says what to do when it fires."""
    short = ALARMS[name]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
    assert f":alarm:${{AWS::StackName}}-{short}" in DASHBOARD
    remedies = OPERATIONS[OPERATIONS.index("## When an alarm fires") :]
    assert f"| `{short}` |" in remedies


def test_metrics_are_those_of_this_stack() -> None:
    """An alarm and the code name the same service, which is the stack: two stacks of one account stay apart."""
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
        assert each["MetricName"] in METRICS
        assert each["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
