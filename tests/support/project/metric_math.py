"""CloudWatch's statistics and the part of its metric math that the template's alarms use, computed on samples.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from support.project.template import template

type Samples = Mapping[str, Sequence[float]]
"""What was recorded in some time: the values of each metric, by its name. A metric without a value has no data."""
type Point = float | None
"""A data point, or None for a period without data."""

_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}
_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}


def period(alarm: Mapping[str, Any]) -> int:
    """Return the seconds of an alarm's period."""
    (found,) = {metric["MetricStat"]["Period"] for metric in _stats(alarm)} if "Metrics" in alarm else {alarm["Period"]}
    return int(found)


def fires(alarm: Mapping[str, Any], *periods: Samples) -> bool:
    """Return whether an alarm is in the ALARM state after these periods.

    Missing data is not breaching, as the alarms specify.
    """
    assert alarm["TreatMissingData"] == "notBreaching"
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    points = [_point(alarm, samples) for samples in periods][-alarm["EvaluationPeriods"] :]
    breaching = [point is not None and breaches(point, alarm["Threshold"]) for point in points]
    return len(breaching) == alarm["EvaluationPeriods"] and all(breaching)


def minutes_until(alarm: Mapping[str, Any], minutes: Sequence[Samples]) -> int | None:
    """Return after how many minutes an alarm with one evaluation period fires first, or None.

    An alarm is evaluated every minute, and its window slides.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
    """
    width = period(alarm) // 60
    for end in range(1, len(minutes) + 1):
        if fires(alarm, _together(minutes[max(0, end - width) : end])):
            return end
    return None


def watched(alarm: Mapping[str, Any]) -> set[tuple[str, str, tuple[str, ...]]]:
    """Return the namespace, the name and the dimensions of each metric that an alarm reads."""
    metrics = [metric["MetricStat"]["Metric"] for metric in _stats(alarm)] if "Metrics" in alarm else [alarm]
    return {(metric["Namespace"], metric["MetricName"], _dimensions(metric)) for metric in metrics}


def _together(minutes: Sequence[Samples]) -> dict[str, list[float]]:
    names = {name for minute in minutes for name in minute}
    return {name: [value for minute in minutes for value in minute.get(name, ())] for name in names}


def _stats(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [metric for metric in alarm["Metrics"] if "MetricStat" in metric]


def _point(alarm: Mapping[str, Any], samples: Samples) -> Point:
    if "Metrics" not in alarm:
        return _statistic(alarm["Statistic"], samples.get(_name(alarm), ()))
    ((shown, *others),) = [[metric for metric in alarm["Metrics"] if "Expression" in metric]]
    assert not others
    values = {
        metric["Id"]: _statistic(metric["MetricStat"]["Stat"], samples.get(_name(metric["MetricStat"]["Metric"]), ()))
        for metric in _stats(alarm)
    }
    expression = re.sub(r"\b(AND|OR)\b", lambda word: word[0].lower(), _with_defaults(shown["Expression"]))
    return _evaluate(ast.parse(expression, mode="eval").body, values)


def _with_defaults(expression: Any) -> str:
    """Replace the parameters in an expression with their defaults."""
    if isinstance(expression, str):
        return expression
    parameters = template()["Parameters"]
    text: str = expression["Fn::Sub"]
    return re.sub(r"\$\{(\w+)\}", lambda found: str(parameters[found[1]]["Default"]), text)


def _statistic(name: str, values: Sequence[float]) -> Point:
    return float(_STATISTICS[name](values)) if values else None


def _name(metric: Mapping[str, Any]) -> str:
    """Return a metric's name as the tests write it."""
    of_deployment = " of the deployment" if "deployment" in _dimensions(metric) else ""
    return f"{metric['MetricName']}{of_deployment}"


def _dimensions(metric: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dimension["Name"] for dimension in metric["Dimensions"])


def _evaluate(node: ast.AST, values: Mapping[str, Point]) -> Point:
    """Compute an expression; it has no data if a part of it has none."""
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            one, other = _evaluate(left, values), _evaluate(right, values)
            return None if one is None or other is None else float(_OPERATORS[type(op)](one, other))
        case ast.BoolOp(op=op, values=parts):
            holds = [_evaluate(part, values) for part in parts]
            return None if None in holds else float(all(holds) if isinstance(op, ast.And) else any(holds))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds_if = _evaluate(condition, values)
            return None if holds_if is None else _evaluate(then if holds_if else otherwise, values)
    raise AssertionError(f"unsupported metric math: {ast.dump(node)}")
