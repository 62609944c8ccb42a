"""The template's metric filters, and the part of CloudWatch Logs' pattern language that they use.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from support.project.template import template

_COMPARISON = re.compile(r'\$\.(\w+) (=|!=) "([^"]*)"')


def log_filters() -> dict[str, str]:
    """Return the pattern of each filter of API Gateway's log by the name of the metric that it counts."""
    found = {}
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Logs::MetricFilter":
            (counted,) = resource["Properties"]["MetricTransformations"]
            assert resource["Properties"]["LogGroupName"] == {"Ref": "AccessLogs"}
            assert (counted["MetricNamespace"], counted["MetricValue"]) == ("Dashkeep", "1")
            assert counted["Dimensions"] == [{"Key": "service", "Value": "$.service"}]
            found[counted["MetricName"]] = resource["Properties"]["FilterPattern"]
    return found


def matches(pattern: str, line: Mapping[str, str]) -> bool:
    """Return whether a line of JSON matches a pattern of comparisons that all, or any, must hold."""
    inner = pattern.removeprefix("{").removesuffix("}")
    comparisons = _COMPARISON.findall(inner)
    joined = set(re.findall(r"&&|\|\|", inner))
    assert comparisons
    assert len(joined) <= 1
    # An asterisk stands for any characters.
    holds = [fnmatchcase(line[field], value) is (sign == "=") for field, sign, value in comparisons]
    return any(holds) if joined == {"||"} else all(holds)
