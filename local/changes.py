"""A deployment in two steps: a change set is created and shown, then exactly that change set is executed."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import WaiterError

# Without these, the data is gone or the stack serves an empty table or bucket.
HOLD_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::S3::Bucket"})
# Longer than any rollout with its check, and shorter than the job of a pipeline, so that it says why.
_WAIT_SECONDS = 6600


class Change(NamedTuple):
    """What a change set does to one resource, in the words of CloudFormation's DescribeChangeSet."""

    action: str
    name: str
    kind: str
    replacement: str

    @property
    def endangers_data(self) -> bool:
        """Whether a resource that holds data is removed, or is or may be replaced by an empty one."""
        return self.kind in HOLD_DATA and (self.action == "Remove" or self.replacement in {"True", "Conditional"})


def create(deploy: Iterable[str]) -> str:
    """Run sam's `deploy` without executing its change set; return the ARN of that, or "" if nothing would change.

    Exits as sam does if sam fails.
    """
    only = ["--no-execute-changeset", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--output", "json"]
    done = subprocess.run([*deploy, *only], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}sam deploy failed with exit code {done.returncode}.")
    return created(done.stdout)


def created(output: str) -> str:
    """Return the ARN of the change set that sam's JSON lines name, or "" if they say that nothing would change."""
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    (result,) = [record for record in records if record.get("type") == "result"]
    return "" if result["status"] == "no_changes" else str(result["changeset_id"])


def changes(arn: str) -> list[Change]:
    """Return the changes of a change set: what endangers data first, then removals, replacements, the rest by name."""
    pages = _client(arn).get_paginator("describe_change_set").paginate(ChangeSetName=arn)
    found = [_change(each["ResourceChange"]) for page in pages for each in page["Changes"]]
    return sorted(found, key=lambda each: (not each.endangers_data, *_urgency(each), each.kind, each.name))


def markdown(arn: str, found: list[Change]) -> str:
    """Return a change set as Markdown: its ARN, what endangers data, and a row for each change."""
    warned = [f"**{each.name} holds data and would be {_fate(each)}.**" for each in found if each.endangers_data]
    rows = [f"| {'⚠ ' if each.endangers_data else ''}{' | '.join(each)} |" for each in found]
    head = [f"{len(found)} changes in `{arn}`", *warned]
    return "\n\n".join([*head, "\n".join(["| Action | Resource | Type | Replacement |", "|---|---|---|---|", *rows])])


def execute(arn: str, stack: str, poll_seconds: int = 10) -> dict[str, str]:
    """Execute a change set of the stack, wait until its functions are rolled out, and return the stack's outputs.

    Exits with the reasons if the change set is another stack's, or the stack does not reach its new state.
    """
    client = _client(arn)
    described = client.describe_change_set(ChangeSetName=arn)
    if described["StackName"] != stack:
        sys.exit(f"The change set belongs to the stack {described['StackName']}, not to {stack}.")
    identifier = described["StackId"]
    new = client.describe_stacks(StackName=identifier)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    token = arn.rpartition("/")[2]
    client.execute_change_set(ChangeSetName=arn, ClientRequestToken=token)
    try:
        waiter = client.get_waiter("stack_create_complete" if new else "stack_update_complete")
        waiter.wait(
            StackName=identifier, WaiterConfig={"Delay": poll_seconds, "MaxAttempts": _WAIT_SECONDS // poll_seconds}
        )
    except WaiterError as error:
        after = f'\nThen delete what is left: make admin COMMAND="delete --stack {stack}"' if new else ""
        sys.exit("\n".join([f"{stack} was not deployed: {error}", *_failures(client, identifier, token)]) + after)
    (stack_now,) = client.describe_stacks(StackName=identifier)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack_now.get("Outputs", [])}


def _failures(client: Any, stack: str, token: str) -> Iterator[str]:  # noqa: ANN401 - the same
    """Yield why resources failed during one execution, the first failure first."""
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [event for page in pages for event in page["StackEvents"] if event.get("ClientRequestToken") == token]
    for event in reversed(events):
        if event["ResourceStatus"].endswith("_FAILED"):
            reason = event.get("ResourceStatusReason", "no reason given")
            yield f"  {event['LogicalResourceId']} ({event['ResourceType']}): {reason}"


def _change(described: Any) -> Change:  # noqa: ANN401 - boto3's own type
    replacement = described.get("Replacement", "")
    return Change(described["Action"], described["LogicalResourceId"], described["ResourceType"], replacement)


def _urgency(change: Change) -> tuple[bool, bool]:
    return change.action != "Remove", change.replacement not in {"True", "Conditional"}


def _fate(change: Change) -> str:
    if change.action == "Remove":
        return "removed from the stack"
    return "replaced by an empty one" if change.replacement == "True" else "replaced by an empty one under conditions"


def _client(arn: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    return boto3.client("cloudformation", region_name=arn.split(":")[3])
