"""The part of CloudWatch's metric math that the template's alarms use, computed for one period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

type Point = float | None
"""A data point, or None for a period without data."""

_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Eq: operator.eq,
    ast.GtE: operator.ge,
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "LessThanThreshold": operator.lt,
    "GreaterThanThreshold": operator.gt,
}


def fires(alarm: Mapping[str, Any], *periods: Mapping[str, float]) -> bool:
    """Return whether an alarm is in the ALARM state after these periods, each a mapping of metric names to values.

    Missing data is not breaching, as the alarms specify.
    """
    assert alarm["TreatMissingData"] == "notBreaching"
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    points = [_point(alarm, period) for period in periods][-alarm["EvaluationPeriods"] :]
    breaching = [point is not None and breaches(point, alarm["Threshold"]) for point in points]
    return len(breaching) == alarm["EvaluationPeriods"] and all(breaching)


def _point(alarm: Mapping[str, Any], period: Mapping[str, float]) -> Point:
    if "Metrics" not in alarm:
        return period.get(alarm["MetricName"])
    metrics = {metric["Id"]: metric for metric in alarm["Metrics"]}
    (shown,) = (name for name, metric in metrics.items() if metric.get("ReturnData", True))

    def value(name: str) -> Point:
        metric = metrics[name]
        return compute(metric["Expression"]) if "Expression" in metric else period.get(_name(metric))

    def compute(expression: str) -> Point:
        return _evaluate(ast.parse(re.sub(r"\b(AND|OR)\b", _lower, expression), mode="eval").body, value)

    return value(shown)


def _lower(word: re.Match[str]) -> str:
    return word[0].lower()


def _name(metric: Mapping[str, Any]) -> str:
    """Return a metric's name as the tests write it: with the function, if it has that dimension."""
    found = metric["MetricStat"]["Metric"]
    of = {dimension["Name"]: dimension["Value"] for dimension in found["Dimensions"]}
    return f"{found['MetricName']} of {of['FunctionName']['Ref']}" if "FunctionName" in of else str(found["MetricName"])


def _evaluate(node: ast.AST, value: Callable[[str], Point]) -> Point:  # noqa: PLR0911 - one return for each kind of node
    match node:
        case ast.Constant(value=float() | int() as number):
            return float(number)
        case ast.Name(id=name):
            return value(name)
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            one, other = _evaluate(left, value), _evaluate(right, value)
            # Missing data and a division by zero produce no data point.
            if one is None or other is None or (isinstance(op, ast.Div) and other == 0):
                return None
            return _OPERATORS[type(op)](one, other)
        case ast.BoolOp(op=op, values=values):
            holds = [bool(_evaluate(each, value)) for each in values]
            return all(holds) if isinstance(op, ast.And) else any(holds)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _evaluate(then if _evaluate(condition, value) else otherwise, value)
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, other]):
            point = _evaluate(filled, value)
            return _evaluate(other, value) if point is None else point
        case ast.Call(func=ast.Name(id="MAX"), args=[ast.List(elts=elements)]):
            return max(each for each in (_evaluate(element, value) for element in elements) if each is not None)
    raise AssertionError(f"unsupported metric math: {ast.dump(node)}")
