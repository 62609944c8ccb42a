"""What a change set would do is read from sam and CloudFormation, and shown so that lost data cannot be overlooked."""

import json
import sys
from importlib.resources import files

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from support.project.template import template

from local.changes import HOLD_DATA, Change, changes, create, created, markdown

ARN = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/samcli-deploy1795910400/2f1d1b7e"
TABLE = "AWS::DynamoDB::Table"
ACTIONS, REPLACEMENTS = ["Add", "Modify", "Remove"], ["", "True", "False", "Conditional"]
CHANGES = st.builds(
    Change,
    st.sampled_from(ACTIONS),
    st.sampled_from(["A", "B"]),
    st.sampled_from([TABLE, "AWS::SNS::Topic"]),
    st.sampled_from(REPLACEMENTS),
)


def lines(*records: dict[str, str]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


@pytest.mark.parametrize(
    ("result", "arn"),
    [({"status": "changeset_created", "changeset_id": ARN}, ARN), ({"status": "no_changes", "message": "…"}, "")],
)
def test_the_change_set_is_named_by_sam(result: dict[str, str], arn: str) -> None:
    """The ARN is that of sam's last record; a deployment that would change nothing has no change set."""
    output = f"Uploading\n{lines({'type': 'changeset', 'action': 'Add'}, {'type': 'result', **result})}"
    assert created(output) == arn
    assert create([sys.executable, "-c", f"print({output!r})"]) == arn


def test_what_sam_refuses_is_not_shown_as_unchanged() -> None:
    """A failure of sam ends with its exit code and its output; so does an output without a result."""
    with pytest.raises(SystemExit, match="denied\nsam deploy failed with exit code 3"):
        create([sys.executable, "-c", "print('denied'); raise SystemExit(3)"])
    with pytest.raises(ValueError, match="not enough values"):
        created("")


def test_changes_are_read_from_cloudformation() -> None:
    """Every change is read, in the region that the change set's ARN names."""
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Queue": {"Type": "AWS::SQS::Queue"}}}
    with mock_aws():
        made = boto3.client("cloudformation", region_name="eu-west-1").create_change_set(
            StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=json.dumps(body)
        )
        found = changes(made["Id"])
    assert [each[:3] for each in found] == [("Add", "Topic", "AWS::SNS::Topic"), ("Add", "Queue", "AWS::SQS::Queue")]


@given(st.lists(CHANGES, max_size=6))
def test_every_change_has_a_row(found: list[Change]) -> None:
    """The table has a row for each change, and marks and names each that endangers data."""
    shown = markdown(ARN, found)
    rows = [line for line in shown.splitlines() if line.startswith("| ")][1:]
    marked = [each for each in found if each.endangers_data]
    assert len(rows) == len(found)
    assert sum(row.startswith("| ⚠ ") for row in rows) == shown.count("holds data") == len(marked)
    assert shown.startswith(f"{len(found)} changes in `{ARN}`")


@pytest.mark.parametrize("kind", sorted(HOLD_DATA))
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_lost_table_is_marked(kind: str, action: str, replacement: str) -> None:
    """Removing a table or bucket, and replacing it, even under a condition, is marked; all else is not."""
    change = Change(action, "Table", kind, replacement)
    assert change.endangers_data is (action == "Remove" or replacement in {"True", "Conditional"})
    assert not change._replace(kind="AWS::SNS::Topic").endangers_data


def test_what_holds_users_data_is_known() -> None:
    """The types with users' data are those of the template that cfn-lint calls stateful, without logs and queues."""
    stateful = json.loads((files("cfnlint.data.AdditionalSpecs") / "StatefulResources.json").read_text())[
        "ResourceTypes"
    ]
    used = {resource["Type"] for resource in template()["Resources"].values()}
    # Logs, and what failed for two weeks: neither is a user's.
    assert used & stateful.keys() - {"AWS::Logs::LogGroup", "AWS::SQS::Queue"} == HOLD_DATA
