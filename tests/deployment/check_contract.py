"""The contract suite, on the deployment's table: tests/contract.

It writes partitions of its own, which no token's user can have, and removes them.
"""

import os
import re
import subprocess
import sys

from deployment.api import UnexpectedError
from deployment.plugin import Verification
from support.project.template import ROOT

SECRETS = ("TOKEN", "OTHER_TOKEN")


def test_contract(verification: Verification) -> None:
    """What the repository promises holds on the deployment's table, beside the data of others."""
    table = verification.given("TABLE", "the stack's output TableName, with AWS credentials that may read and write it")
    options = ["-q", "-p", "no:cacheprovider", "--engine", "aws", "--table", table]
    ended = subprocess.run(  # noqa: S603 - this checkout's tests
        [sys.executable, "-m", "pytest", "tests/contract", *options],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in SECRETS},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stdout.splitlines()
    verification.said["Contract suite"] = lines[-1] if lines else "no output"
    verification.left.append("two counters of each of the contract suite's users, in partitions of their own")
    if ended.returncode:
        named = re.findall(r"^(?:FAILED|ERROR) (\S+)", ended.stdout, re.MULTILINE)
        shown = ", ".join(named[:10]) or (ended.stderr.splitlines() or lines or ["nothing"])[-1]
        summary = lines[-1] if lines else "no output"
        raise UnexpectedError(f"expected every test to pass, came: {summary}; {shown}")
