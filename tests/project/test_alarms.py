"""Alarms fire when they should and only then, and every metric is on the dashboard and documented."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from support.project.log_filters import log_filters, matches
from support.project.metric_math import fires, minutes_until, watched
from support.project.metrics import recorded_metrics
from support.project.template import ROOT, template

from dashboard_store.gateway.telemetry import NAMESPACE

RESOURCES = template()["Resources"]
ALARMS = {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"].endswith("::Alarm")}
DASHBOARD: str = RESOURCES["Overview"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

PAGES = {"SavesFailAlarm", "RequestsFailAlarm"}
ROLLOUT = {"RolloutFailsAlarm", "RolloutBreaksAlarm", "RolloutSlowAlarm"}

type Period = dict[str, Sequence[float]]
type Series = tuple[str, list[Period]]

NOTHING: Period = {}
# The numbers that stand for three users.
ANN, BEN, EVE = 0.125, 0.5, 0.875
# Both as many as one user may send in five minutes, and more than ten times as many.
FLOOD, MANY = 600, 10_000


def saves(kept: int, *failed_of: float, others: list[float] | None = None) -> Period:
    """Return the samples of saves: how many were kept, and whose failed; `others` have other failed requests."""
    return {"ConfigSaveFailed": [0] * kept + [1] * len(failed_of), "RequestError": [*failed_of, *(others or [])]}


def requests(count: int, *failed_of: float) -> Period:
    """Return the samples of requests: how many there were, and whose failed."""
    return {"Count": [1] * count, "RequestError": list(failed_of)}


def loads(milliseconds: list[float], *slow_of: float, of: str = "") -> Period:
    """Return the samples of loads: how long each took, and whose were slow and not the first of an instance."""
    return {f"ConfigLoadLatency{of}": milliseconds, f"ConfigLoadSlow{of}": list(slow_of)}


def new(samples: Period) -> Period:
    """Return samples of the newest versions."""
    return {f"{name} of the deployment": values for name, values in samples.items()}


OF_NEW = " of the deployment"
# The night is over: a few users, and every load is the first of an instance.
COLD = [200.0, 900.0, 1_100.0, 1_300.0]

# A record of the stream cannot be processed.
POISONED: Period = {"IteratorAge": [86_400_000], "ApproximateNumberOfMessagesVisible": [9]}

# Per alarm, the series that it fires on and those that it does not.
FIRING: list[Series] = [
    ("SavesFailAlarm", [saves(40, ANN, BEN, ANN)]),
    ("SavesFailAlarm", [saves(0, ANN, ANN, BEN)]),
    ("SavesFailAlarm", [saves(MANY, *[ANN, BEN] * 250)]),
    # One user saves as often as allowed while others cannot.
    ("SavesFailAlarm", [saves(FLOOD, ANN, BEN, BEN)]),
    ("SavesFailAlarm", [saves(1_000), saves(0, ANN, BEN, EVE)]),
    ("RequestsFailAlarm", [requests(99, ANN, BEN, EVE, ANN, ANN)]),
    ("RequestsFailAlarm", [requests(5, ANN, BEN, EVE, ANN, ANN)]),
    # One user sends ten thousand requests, and a hundred of others fail.
    ("RequestsFailAlarm", [requests(MANY, *[ANN, BEN] * 50)]),
    ("UserFailsAlarm", [{"RequestError": [ANN] * 20}]),
    ("RequestsBreakAlarm", [{"RequestBroken": [1]}]),
    ("RequestsThrottledAlarm", [{"RequestThrottled": [1]}]),
    ("RequestsNearTimeoutAlarm", [{"RequestNearTimeout": [1]}]),
    ("UnauthorizedAlarm", [{"Count": [1] * 2_000, "RequestUnauthorized": [1] * 500}]),
    ("LoadsSlowAlarm", [loads([700.0] * 3 + [30.0] * 50, ANN, BEN, BEN)] * 3),
    ("LoadsSlowAlarm", [loads([700.0] * 3, ANN, BEN, BEN)] * 3),
    ("DatabaseThrottledAlarm", [{"DatabaseThrottled": [1]}]),
    ("RolloutFailsAlarm", [new({"RequestError": [ANN, BEN, ANN]})]),
    ("RolloutBreaksAlarm", [{"RequestBroken": [1, 1, 1]}]),
    ("RolloutSlowAlarm", [loads([700.0] * 3, ANN, BEN, BEN, of=OF_NEW)]),
    ("PurgeBehindAlarm", [{"IteratorAge": [3_600_001]}]),
    ("PurgeFailedAlarm", [{"ApproximateNumberOfMessagesVisible": [1]}]),
    ("ReadFailedAlarm", [{"ApproximateNumberOfMessagesVisible": [1]}]),
    ("AnnounceFailsAlarm", [{"Errors": [0, 1]}] * 3),
]
QUIET: list[Series] = [
    # Nights.
    *((name, [NOTHING] * 3) for name in ALARMS),
    *((name, [requests(3) | saves(2) | loads([40.0]) | new(requests(3) | loads([40.0]))] * 3) for name in ALARMS),
    # A cold morning: each load is the first of its instance.
    ("LoadsSlowAlarm", [loads(COLD)] * 3),
    ("RolloutSlowAlarm", [loads(COLD, of=OF_NEW)]),
    # One user whose requests all fail, a few or as many as there may be.
    ("SavesFailAlarm", [saves(0, *[ANN] * 3)]),
    ("SavesFailAlarm", [saves(100, *[ANN] * FLOOD)]),
    ("RequestsFailAlarm", [requests(MANY, *[ANN] * MANY)]),
    ("RolloutFailsAlarm", [new({"RequestError": [ANN] * MANY})]),
    ("LoadsSlowAlarm", [loads([9_000.0] * 300, *[ANN] * 300)] * 3),
    ("RolloutSlowAlarm", [loads([9_000.0] * 300, *[ANN] * 300, of=OF_NEW)]),
    # One whose requests are rejected, or succeed, as often as possible.
    *((name, [requests(MANY) | saves(FLOOD) | {"RateLimited": [1] * MANY}]) for name in ALARMS),
    # What fails in old versions does not stop a rollout, and what waits in the stream stops none.
    ("RolloutFailsAlarm", [requests(MANY, *[ANN, BEN] * 500)]),
    ("RolloutSlowAlarm", [loads([700.0] * 3, ANN, BEN, BEN)]),
    *((name, [POISONED]) for name in ROLLOUT),
    # Just below the threshold.
    ("SavesFailAlarm", [saves(100, ANN, BEN)]),
    ("SavesFailAlarm", [saves(MANY, *[ANN, BEN] * 245)]),
    ("SavesFailAlarm", [saves(0, ANN, BEN, EVE), saves(100)]),
    ("RequestsFailAlarm", [requests(100, ANN, BEN, EVE, ANN, ANN)]),
    ("RequestsFailAlarm", [requests(20, ANN, BEN, EVE, ANN)]),
    ("RequestsFailAlarm", [requests(MANY, *[ANN, BEN] * 49)]),
    ("UserFailsAlarm", [{"RequestError": [ANN] * 19}]),
    ("UnauthorizedAlarm", [{"Count": [1] * 2_500, "RequestUnauthorized": [1] * 500}]),
    ("UnauthorizedAlarm", [{"Count": [1] * 600, "RequestUnauthorized": [1] * 499}]),
    ("LoadsSlowAlarm", [loads([700.0] * 3 + [30.0] * 57, ANN, BEN, BEN)] * 3),
    ("LoadsSlowAlarm", [loads([700.0] * 3, ANN, BEN, EVE), loads([30.0]), loads([700.0] * 3, ANN, BEN, EVE)]),
    ("RolloutFailsAlarm", [new({"RequestError": [ANN, BEN]})]),
    ("RolloutBreaksAlarm", [{"RequestBroken": [1, 1]}]),
    ("RolloutSlowAlarm", [loads([700.0] * 2, ANN, BEN, of=OF_NEW)]),
    ("PurgeBehindAlarm", [{"IteratorAge": [3_600_000]}]),
    ("PurgeFailedAlarm", [{"ApproximateNumberOfMessagesVisible": [0]}]),
    ("ReadFailedAlarm", [{"ApproximateNumberOfMessagesVisible": [0]}]),
    ("AnnounceFailsAlarm", [{"Errors": [0, 0]}] * 3),
    # Lambda repeats a batch that failed, and every page asks within five minutes.
    ("AnnounceFailsAlarm", [{"Errors": [1] * 9}, {"Errors": [0]}, {"Errors": [1] * 9}]),
]


@pytest.mark.parametrize(("name", "periods"), FIRING)
def test_an_alarm_fires(name: str, periods: list[Period]) -> None:
    """Each alarm fires on what its description says."""
    assert fires(ALARMS[name], *periods)


@pytest.mark.parametrize(("name", "periods"), QUIET)
def test_an_alarm_stays_quiet(name: str, periods: list[Period]) -> None:
    """No alarm fires below its threshold or without data."""
    assert not fires(ALARMS[name], *periods)


def test_no_alarm_fills_in_missing_data() -> None:
    """No alarm relies on FILL: CloudWatch does not say what it makes of a metric that never had data."""
    for alarm in ALARMS.values():
        assert "FILL" not in str(alarm)
        assert alarm["TreatMissingData"] == "notBreaching"
        # Without data, an alarm on DynamoDB's metrics would keep its state, whatever it says about missing data.
        assert "AWS/DynamoDB" not in str(alarm)


# What new versions do to a tenth of little traffic, minute by minute.
BROKEN_LOADS = [new({"RequestError": [ANN if minute % 2 else BEN]}) for minute in range(5)]
SLOW_LOADS = [loads([800.0], ANN if minute % 2 else BEN, of=OF_NEW) for minute in range(5)]


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("RolloutFailsAlarm", BROKEN_LOADS),
        ("RolloutBreaksAlarm", [{"RequestBroken": [1]}] * 5),
        ("RolloutSlowAlarm", SLOW_LOADS),
    ],
)
def test_a_canary_is_stopped_in_time(name: str, minutes: list[Period]) -> None:
    """One failed, broken or slow request a minute stops a canary of five minutes after three of them."""
    assert minutes_until(ALARMS[name], minutes) == 3


def test_the_canary_watches_what_users_notice() -> None:
    """The alarms of a rollout watch requests only: not the table's stream, nor what depends on the API."""
    preference = template()["Globals"]["Function"]["DeploymentPreference"]
    condition, alarms, none = preference["Alarms"]["Fn::If"]
    assert {alarm["Ref"] for alarm in alarms} == ROLLOUT
    assert (template()["Conditions"][condition], none) == (
        {"Fn::Equals": [{"Ref": "RollbackOnAlarm"}, "true"]},
        [{"Ref": "AWS::NoValue"}],
    )
    metrics = {(space, name, dimensions) for each in ROLLOUT for space, name, dimensions in watched(ALARMS[each])}
    assert metrics == {
        ("Dashkeep", "RequestError", ("service", "deployment")),
        ("Dashkeep", "RequestBroken", ("service",)),
        ("Dashkeep", "ConfigLoadSlow", ("service", "deployment")),
        ("Dashkeep", "ConfigLoadLatency", ("service", "deployment")),
    }
    for name in ROLLOUT:
        assert "Api" not in [each.get("Ref") for each in _references(ALARMS[name])]


def _references(value: Any) -> list[dict[str, Any]]:
    match value:
        case {"Ref": _}:
            return [value]
        case dict():
            return [found for each in value.values() for found in _references(each)]
        case list():
            return [found for each in value for found in _references(each)]
    return []


# Lines of API Gateway's log, and the metrics that they become.
LINES: list[tuple[dict[str, str], set[str]]] = [
    ({"status": "200", "lambda_status": "200", "integration_error": "-"}, set()),
    ({"status": "500", "lambda_status": "200", "integration_error": "-"}, set()),
    ({"status": "503", "lambda_status": "200", "integration_error": "-"}, set()),
    ({"status": "500", "lambda_status": "200", "integration_error": "Internal Server Error"}, {"RequestBroken"}),
    ({"status": "503", "lambda_status": "-", "integration_error": "Service Unavailable"}, {"RequestBroken"}),
    ({"status": "503", "lambda_status": "429", "integration_error": "Service Unavailable"}, {"RequestThrottled"}),
    ({"status": "429", "lambda_status": "-", "integration_error": "-"}, set()),
    ({"status": "404", "lambda_status": "200", "integration_error": "-"}, set()),
    ({"status": "401", "lambda_status": "-", "integration_error": "-"}, {"RequestUnauthorized"}),
    ({"status": "403", "lambda_status": "200", "integration_error": "-"}, {"RequestUnauthorized"}),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_the_access_log_becomes_metrics(line: dict[str, str], expected: set[str]) -> None:
    """Requests without a response of their function, throttled ones and those with a bad token are counted apart."""
    found = {metric for metric, pattern in log_filters().items() if matches(pattern, line)}
    assert found == expected


def test_filters_read_fields_of_the_access_log() -> None:
    """Each field that a filter compares, and the dimension of its metric, is in the format of API Gateway's log."""
    log_format = RESOURCES["Api"]["Properties"]["AccessLogSettings"]["Format"]["Fn::Sub"]
    written = json.loads(log_format)
    assert written["service"] == "${AWS::StackName}"
    assert written["lambda_status"] == "$context.integrationStatus"
    for name, pattern in log_filters().items():
        assert set(re.findall(r"\$\.(\w+)", pattern)) <= set(written), name
        assert RESOURCES["AccessLogs"]["Type"] == "AWS::Logs::LogGroup"


def test_every_queue_has_an_alarm() -> None:
    """What could not be processed is announced: each queue has one alarm on the messages that wait in it."""
    queues = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::SQS::Queue"}
    watching = [alarm for alarm in ALARMS.values() if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"]
    assert [alarm["Namespace"] for alarm in watching] == ["AWS/SQS"] * len(queues)
    dimensions = [dimension for alarm in watching for dimension in alarm["Dimensions"]]
    assert {each["Value"]["Fn::GetAtt"][0] for each in dimensions if each["Name"] == "QueueName"} == queues


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_notifies_its_topic(name: str) -> None:
    """Alarms on what users notice page; all others only warn. Each has a description."""
    topic = "PageTopic" if name in PAGES else "WarnTopic"
    assert ALARMS[name]["AlarmActions"] == [{"Ref": topic}]
    assert len(ALARMS[name]["AlarmDescription"]) > 30
    assert RESOURCES[topic.replace("Topic", "Subscription")]["Properties"]["TopicArn"] == {"Ref": topic}


def test_the_budget_warns_of_costs() -> None:
    """If both are given, WarnEmail is warned when the costs come near the budget or are forecast to exceed it."""
    budget, parameter = RESOURCES["Budget"], template()["Parameters"]["MonthlyBudget"]
    assert template()["Conditions"][budget["Condition"]] == {
        "Fn::And": [
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "MonthlyBudget"}, 0]}]},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "WarnEmail"}, ""]}]},
        ]
    }
    assert parameter["Default"] == 0
    assert budget["Properties"]["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    warnings = budget["Properties"]["NotificationsWithSubscribers"]
    assert [(each["Notification"]["NotificationType"], each["Notification"]["Threshold"]) for each in warnings] == [
        ("FORECASTED", 100),
        ("ACTUAL", 80),
    ]
    addresses = [subscriber["Address"] for each in warnings for subscriber in each["Subscribers"]]
    assert addresses == [{"Ref": "WarnEmail"}] * 2


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
    """The dashboard and docs/operations.md have every metric of the functions and the access log, and no other."""
    recorded = recorded_metrics() | set(log_filters())
    assert metrics_on_the_dashboard() == recorded
    table = OPERATIONS[OPERATIONS.index("## Metrics") : OPERATIONS.index("## The log")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == recorded


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_is_shown_and_has_a_remedy(name: str) -> None:
    """Every alarm is on the dashboard, and docs/operations.md says what to do when it fires."""
    short = ALARMS[name]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
    assert f":alarm:${{AWS::StackName}}-{short}" in DASHBOARD
    remedies = OPERATIONS[OPERATIONS.index("## When an alarm fires") :]
    assert re.search(rf"^\|[^|]*`{short}`", remedies, re.MULTILINE)


def test_alarms_watch_the_metrics_of_this_stack() -> None:
    """Alarms and code name the same service, the stack, so two stacks of one account do not share metrics."""
    variables: dict[str, Any] = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    ours = [metric for alarm in ALARMS.values() for metric in watched(alarm) if metric[0] == NAMESPACE]
    assert {name for _, name, _ in ours} <= recorded_metrics() | set(log_filters())
    assert {dimensions for *_, dimensions in ours} == {("service",), ("service", "deployment")}
    values = {str(dimension["Value"]) for alarm in ALARMS.values() for dimension in _dimensions_of(alarm)}
    assert values >= {str({"Ref": "AWS::StackName"}), str({"Ref": "Deployment"})}


def _dimensions_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    metrics = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
    return [dimension for metric in metrics or [alarm] for dimension in metric["Dimensions"]]
