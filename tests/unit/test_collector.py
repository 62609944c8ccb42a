"""The garbage collector, which pauses while a function starts."""

import os
import subprocess
import sys

from support.project.template import ROOT

PROGRAM = """
import gc
import dashboard_store.app
paused = not gc.isenabled()
import get_config
print(paused, gc.isenabled(), gc.get_freeze_count() > 10_000)
"""


def test_the_collector_pauses_only_for_the_start() -> None:
    """While a function is imported, nothing is collected; then garbage is, but never among what the start has made."""
    path = os.pathsep.join([str(ROOT / "shared"), str(ROOT / "functions" / "get_config")])
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == ["True", "True", "True"]
