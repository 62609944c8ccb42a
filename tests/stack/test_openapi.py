"""The running stack answers the OpenAPI document's examples as documented."""

from pathlib import Path

from support.running.fuzzing import fuzz
from support.running.local_stack import LocalStack


def test_documented_examples_are_answered_as_documented(stack: LocalStack, tmp_path: Path) -> None:
    """Each example in the document can be sent and is answered as the document promises.

    `make prove` sends thousands of further requests (tests/prove/test_schemathesis.py).
    """
    report = fuzz(stack, tmp_path, phases="examples", seed=1, examples=1)
    assert report.passed, report.output
