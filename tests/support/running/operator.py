"""An operator of a running local stack: the commands of `admin` and `sam deploy`, with the emulator in place of AWS."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support.running.local_stack import ROOT, LocalStack

from local.build import SAM, tool_environment
from local.deploy import quoted

type Completed = subprocess.CompletedProcess[str]


def operate(stack: LocalStack, *arguments: str) -> Completed:
    """Run a command of `admin` as on AWS."""
    command = [sys.executable, "-m", "admin", *arguments]
    env = aws(stack) | {"PYTHONPATH": "shared"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - this checkout's


def sam_deploy(stack: LocalStack, stage: str, template: Path, parameters: dict[str, str]) -> Completed:
    """Deploy a built template as `make deploy` does, with the stage's settings of samconfig.toml."""
    options = ["--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml"), "--config-env", stage]
    command = [
        str(SAM),
        "deploy",
        *options,
        "--no-confirm-changeset",
        "--no-progressbar",
        "--parameter-overrides",
        *quoted(parameters),
    ]
    # sam polls every five seconds; the emulator takes one.
    env = aws(stack) | {"SAM_CLI_POLL_DELAY": "0.1"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - this checkout's


def aws(stack: LocalStack) -> dict[str, str]:
    """Return the environment of a tool whose account is the stack's emulator."""
    endpoint: str = json.loads((stack.state / "ready.json").read_text())["aws"]
    bypassed = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    return {**os.environ, **tool_environment(), **bypassed, "AWS_ENDPOINT_URL": endpoint}


def printed_parameters(shown: str) -> dict[str, str]:
    """Return the parameters that a command printed for samconfig.toml."""
    lines = [line.strip().removesuffix(",").strip('"') for line in shown.splitlines() if line.startswith('  "Existing')]
    return dict(line.split("=", 1) for line in lines)
