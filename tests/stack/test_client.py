"""The browser's client library against the running stack."""

import os
import subprocess

from support.project.template import ROOT
from support.running.local_stack import LocalStack

CLIENT = ROOT / "web" / "client"


def test_the_client_works_with_the_real_api(stack: LocalStack) -> None:
    """What the client's own tests rest on, merges, conflicts, drafts and files, the running API does."""
    environment = {**os.environ, "DASHKEEP_URL": stack.url, "DASHKEEP_TOKEN": stack.token("user-of-the-client")}
    done = subprocess.run(
        ["node", "--test", "tests/stack/"],  # noqa: S607 - the Node.js of whoever runs the tests
        cwd=CLIENT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    assert "# fail 0" in done.stdout
