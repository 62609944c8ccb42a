"""What the OpenAPI document shows is what the running stack does."""

from pathlib import Path

from support.running.fuzzing import fuzz
from support.running.local_stack import LocalStack


def test_the_documents_examples_are_answered_as_it_says(stack: LocalStack, tmp_path: Path) -> None:
    """Each example in the document can be sent, and is answered with what the document promises.

    `make prove` sends thousands of other requests (tests/prove/test_schemathesis.py).
    """
    report = fuzz(stack, tmp_path, phases="examples", seed=1, examples=1)
    assert report.passed, report.output
