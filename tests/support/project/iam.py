"""IAM policies as AWS evaluates them, as far as docs/deployment-roles.yaml and template.yaml use them.

No maintained package on PyPI evaluates a policy with its conditions offline: moto's evaluator ignores the conditions of
permissions, and iam-ape asks AWS. The rules are those of the IAM User Guide, "Policy evaluation logic".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

type Json = dict[str, Any]

REGION, ACCOUNT = "eu-central-1", "123456789012"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


class Request(NamedTuple):
    action: str
    resource: str
    # The condition keys that AWS provides with the request.
    context: Mapping[str, str] = {}


def permits(statements: Iterable[Json], request: Request) -> bool:
    """Return whether a policy of these statements allows a request: one allows it, and none denies it."""
    effects = {each["Effect"] for each in statements if _applies(each, request)}
    return effects == {"Allow"}


def actions(statements: Iterable[Json]) -> set[str]:
    return {action for each in statements for action in _list(each["Action"])}


def resolved(value: Any, names: Mapping[str, Any]) -> Any:
    """Replace Ref, GetAtt, Sub and If in a part of a template; names that are not given become the name itself.

    A condition holds if it is given as true; what it removes is absent.
    """
    if isinstance(value, list):
        return [made for each in value if (made := resolved(each, names)) is not None]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, argument),) = value.items()
        if kind in _FUNCTIONS:
            return _FUNCTIONS[kind](argument, names)
    return {key: made for key, each in value.items() if (made := resolved(each, names)) is not None}


def arn_formats(action: str) -> list[str] | None:
    """Return the formats of the ARNs that an action can be limited to, as regular expressions; none: only `*`.

    None for an action that the list does not have: cfn-lint's copy of AWS's Service Authorization Reference.
    """
    service, _, name = action.lower().partition(":")
    listed = _authorization().get(service, {"Actions": {}})
    if name not in listed["Actions"]:
        return None
    kinds = {kind.lower() for kind in listed["Actions"][name].get("Resources", [])}
    formats = {form for kind in kinds for form in listed["Resources"][kind]["ARNFormats"]}
    return sorted(re.sub(r"\$\{\w+\}", "[^:]*", form) for form in formats)


@cache
def _authorization() -> Json:
    listed: Json = json.loads((files("cfnlint.data.AdditionalSpecs") / "Policies.json").read_text())
    return listed


def _applies(statement: Json, request: Request) -> bool:
    return (
        any(_like(pattern.lower(), request.action.lower()) for pattern in _list(statement["Action"]))
        and any(_like(pattern, request.resource) for pattern in _list(statement["Resource"]))
        and all(
            _OPERATORS[operator](_list(wanted), request.context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _like(pattern: str, text: str) -> bool:
    """Match `*` and `?` as IAM does, which has no other wildcards."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text))


def _equals(wanted: list[str], found: str | None) -> bool:
    return found in wanted


def _arn_like(wanted: list[str], found: str | None) -> bool:
    return found is not None and any(_like(pattern, found) for pattern in wanted)


_OPERATORS = {"StringEquals": _equals, "ArnLike": _arn_like}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _reference(name: str, names: Mapping[str, Any]) -> Any:
    return None if name == "AWS::NoValue" else names.get(name, _PSEUDO.get(name, name))


def _substituted(argument: Any, names: Mapping[str, Any]) -> str:
    text, own = (argument, {}) if isinstance(argument, str) else argument
    known = {**names, **{name: resolved(each, names) for name, each in own.items()}}
    return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(_reference(found[1], known)), text)


_FUNCTIONS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "Ref": _reference,
    "Fn::GetAtt": lambda argument, names: _reference(".".join(_list(argument)), names),
    "Fn::Sub": _substituted,
    "Fn::If": lambda argument, names: resolved(argument[1 if names.get(argument[0]) else 2], names),
}


def statements_of(role: Json, names: Mapping[str, Any]) -> Iterator[Json]:
    """Yield the statements of a role's own policies."""
    for policy in role["Properties"].get("Policies", []):
        yield from _list(resolved(policy["PolicyDocument"], names)["Statement"])
