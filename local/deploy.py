"""Deploy the build to AWS, with a stage's parameters from samconfig.toml: `python -m local.deploy --stage dev`.

Every parameter of template.yaml is passed to sam: the value for this deployment, else the stage's, else the template's
default. sam lets a parameter that is not passed keep its previous value, so that one given once would stay.

`--changes-only` creates a change set and prints it, `--execute ARN` deploys it: the two steps of a pipeline.
If the account has the stage's roles (docs/deployment-roles.yaml), CloudFormation acts as the one for it.
"""

import argparse
import os
import shlex
import sys
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped] # it ships no types

from local import ROOT, changes
from local.build import SAM, SAM_FOLDER

# A domain reserved for examples (RFC 2606): a parameter with it has not been replaced yet.
_PLACEHOLDER = "example.com"
# What the build and the time determine.
_OWN = frozenset({"Architecture", "Deployment"})
# What decides which data a user reaches: after one deployment with another value, the next would take the data away.
ADOPTED = ("ExistingTable", "ExistingTableStream", "ExistingBucket")
LASTING = frozenset({*ADOPTED, "UserClaim", "PermissionsBoundary"})
# Where `--changes-only` leaves the ARN of the change set; empty if nothing would change.
CHANGE_SET = SAM_FOLDER / "change-set"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--architecture", default="arm64", help="the architecture of the build")
    parser.add_argument("--parameters", default="", metavar="NAME=VALUE …", help="for this deployment only")
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--changes-only", action="store_true", help="create a change set and print it as Markdown")
    steps.add_argument("--execute", metavar="ARN", help="deploy a change set of the stage")
    options = parser.parse_args()
    stage = _stage(options.stage)
    try:
        if options.execute is not None:
            _execute(options.execute, stage["stack_name"])
            return
        # First, so that none of an earlier run is left if this one fails.
        CHANGE_SET.unlink(missing_ok=True)
        run = _prepared(options, stage)
        if options.changes_only:
            print(shown(run))
            return
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"The stack {stage['stack_name']}: {error}")
    os.execv(SAM, run)  # noqa: S606 - this checkout's own sam


def _prepared(options: argparse.Namespace, stage: Mapping[str, Any]) -> list[str]:
    """Return the command line of sam for a stage; raises botocore's errors."""
    given = parameters(options.stage, options.architecture, datetime.now(UTC), options.parameters)
    name, region = stage["stack_name"], stage.get("region")
    require_same_data(deployed(name, region), given)
    return command(options.stage, given, roles(name, region))


def shown(run: Iterable[str]) -> str:
    """Create the change set of a command line, keep its ARN in CHANGE_SET, and return it as Markdown."""
    arn = changes.create(run)
    CHANGE_SET.write_text(arn)
    return changes.markdown(arn, changes.changes(arn)) if arn else "Nothing would change."


def _execute(arn: str, stack: str) -> None:
    if not arn:
        sys.exit("Name the change set: CHANGES=arn:…")
    for name, value in changes.execute(arn, stack).items():
        print(f"{name}: {value}")


def parameters(stage: str, architecture: str, now: datetime, once: str = "") -> dict[str, str]:
    """Return the value of every parameter; exit if one is unknown, missing or still a placeholder.

    `once`: parameters for this deployment only, `Name=value …`, quoted as for a shell.
    """
    own = {"Architecture": architecture, "Deployment": deployment_name(now)}
    return _complete(_pairs(_stage(stage)["parameter_overrides"]) | _once(once) | own)


def command(
    stage: str, given: Mapping[str, str], roles: Mapping[str, str] | None = None, build: Path = SAM_FOLDER / "build"
) -> list[str]:
    """Return the command line that deploys a stage's build with these parameters, as its roles demand if it has any."""
    template = ["--template-file", str(build / "template.yaml")]
    configuration = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", stage]
    as_role = ["--role-arn", roles["ExecutionRole"], "--no-resolve-s3", "--s3-bucket", roles["Builds"]] if roles else []
    bounded = {**given, "PermissionsBoundary": roles["Boundary"]} if roles else given
    # Parameters on the command line replace all of those in the file.
    return [str(SAM), "deploy", *template, *configuration, *as_role, "--parameter-overrides", *quoted(bounded)]


def deployed(stack: str, region: str | None = None) -> dict[str, str]:
    """Return the parameters of a stack as it is; none if it does not exist. Raises botocore's errors."""
    found = _described(stack, region).get("Parameters", [])
    return {each["ParameterKey"]: each["ParameterValue"] for each in found}


def roles(stack: str, region: str | None = None) -> dict[str, str]:
    """Return the outputs of docs/deployment-roles.yaml for a stack; none without it. Raises botocore's errors."""
    found = _described(f"{stack}-roles", region).get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in found}


def _described(stack: str, region: str | None) -> dict[str, Any]:
    try:
        return dict(*boto3.client("cloudformation", region_name=region).describe_stacks(StackName=stack)["Stacks"])
    except ClientError as error:
        # CloudFormation has no code of its own for this.
        if "does not exist" in error.response["Error"]["Message"]:
            return {}
        raise


def require_same_data(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Exit if a stack would leave the table or the bucket that it adopted, and serve a new, empty one instead."""
    left = [f"{name}={before[name]}" for name in ADOPTED if before.get(name) and not after[name]]
    if left:
        sys.exit(f"The stack serves data that it adopted. Add to samconfig.toml: {', '.join(left)}")


def deployment_name(now: datetime) -> str:
    """Name a deployment by its second, in ten digits until the year 2286: SAM ignores all after the tenth character."""
    return str(int(now.timestamp()))


def _stage(name: str) -> dict[str, Any]:
    """Return what samconfig.toml says about deploying a stage; exit if it has no such stage."""
    stages = tomllib.loads((ROOT / "samconfig.toml").read_text())
    found: dict[str, Any] = stages.get(name, {}).get("deploy", {}).get("parameters", {})
    if "parameter_overrides" not in found:
        sys.exit(f"samconfig.toml has no stage {name!r} with parameter_overrides.")
    return found


def _once(text: str) -> dict[str, str]:
    given = _pairs(shlex.split(text))
    if own := sorted(_OWN & given.keys()):
        sys.exit(f"PARAMETERS cannot set {', '.join(own)}: make deploy does, with ARCHITECTURE= and the time.")
    if lasting := sorted(LASTING & given.keys()):
        sys.exit(f"Set {', '.join(lasting)} in samconfig.toml: the next deployment needs the same value.")
    return given


def _pairs(overrides: Iterable[str]) -> dict[str, str]:
    pairs = [override.partition("=") for override in overrides]
    if bare := [name for name, equals, _ in pairs if not equals]:
        sys.exit(f"Write Name=value, not: {', '.join(bare)}")
    return {name: value for name, _, value in pairs}


def _complete(given: dict[str, str]) -> dict[str, str]:
    """Return a value for every parameter of the template; exit if that cannot be what is meant."""
    declared = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    if unknown := sorted(given.keys() - declared.keys()):
        sys.exit(f"template.yaml has no parameter {', '.join(unknown)}.")
    complete = {name: str(declared[name]["Default"]) for name in declared if "Default" in declared[name]} | given
    if missing := [name for name in declared if name not in complete]:
        sys.exit(f"samconfig.toml has no value for {', '.join(missing)}.")
    if unnamed := [f"{name}={value}" for name, value in complete.items() if _PLACEHOLDER in value]:
        sys.exit(f"Replace these placeholders in samconfig.toml first: {', '.join(unnamed)}")
    return complete


def quoted(given: Mapping[str, str]) -> list[str]:
    """Quote every value, because sam rejects empty ones and ends others at a space; exit if sam cannot read one."""
    if unquotable := [name for name, value in given.items() if {'"', "\\"} & set(value)]:
        sys.exit(f"sam cannot pass a quotation mark or a backslash, as in {', '.join(unquotable)}.")
    return [f'{name}="{value}"' for name, value in given.items()]


if __name__ == "__main__":
    main()
