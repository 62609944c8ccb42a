"""The browser's client library against the running stack."""

import os
import subprocess

from support.project.template import ROOT
from support.running.local_stack import LocalStack

CLIENT = ROOT / "web" / "client"


def test_the_client_works_with_the_real_api(stack: LocalStack) -> None:
    """The running API handles merges, conflicts, drafts and files as the client's own tests assume."""
    environment = {**os.environ, "DASHKEEP_URL": stack.url, "DASHKEEP_TOKEN": stack.token("user-of-the-client")}
    done = subprocess.run(
        ["node", "--test", "tests/stack/"],  # noqa: S607 - Node.js from the PATH
        cwd=CLIENT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    assert "# fail 0" in done.stdout
