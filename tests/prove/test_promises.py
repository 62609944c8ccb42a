"""The browser client's core against a model of servers, browsers and users, for minutes."""

import json
import os
import secrets
import subprocess

from support.project.figures import keep
from support.project.template import ROOT

SEQUENCES = 60_000


def test_no_long_run_of_the_model_breaks_a_promise() -> None:
    """The eight promises of the client hold after each step of random sequences, from a new seed each time."""
    seed = os.environ.get("SEED", str(secrets.randbelow(2**31)))
    ended = subprocess.run(
        ["node", "--test", "--test-timeout=3600000", "tests/promises.test.js"],  # noqa: S607 - Node.js from the PATH
        cwd=ROOT / "web" / "client",
        env={**os.environ, "RUNS": str(SEQUENCES), "SEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    line = next(line for line in ended.stdout.splitlines() if line.startswith('# {"seed"'))
    found = json.loads(line.removeprefix("# "))
    assert found["sequences"] == SEQUENCES
    keep(
        {
            "sequences": f"{found['sequences']:,}",
            "steps": f"{found['steps']:,}",
            "kinds of steps": len(found["byKind"]),
            "promises broken": found["violations"],
        }
    )
