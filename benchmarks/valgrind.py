"""Counts the instructions that a command executes, which do not depend on how busy the machine is."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local import ROOT

# The Makefile unpacks Debian's package here if valgrind is not installed.
UNPACKED: Final = ROOT / ".valgrind" / "usr"
_COUNTED: Final = re.compile(r"I +refs: +([0-9,]+)")


def instructions(command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command, and return how many instructions it executed and what it printed."""
    program, library = _program()
    # Without cache simulation, cachegrind only counts instructions.
    counting = [program, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run(  # noqa: S603 - our programs
        [*counting, *command], env={**environment, **library}, capture_output=True, text=True, check=False
    )
    found = _COUNTED.search(done.stderr)
    if done.returncode or not found:
        raise SystemExit(f"Counting failed with code {done.returncode}: {' '.join(command)}\n{done.stderr[-4000:]}")
    return int(found[1].replace(",", "")), done.stdout


def _program() -> tuple[str, dict[str, str]]:
    installed = shutil.which("valgrind")
    if installed:
        return installed, {}
    if not (UNPACKED / "bin" / "valgrind").exists():
        raise SystemExit("valgrind is not installed; make bench says how to install it.")
    library = next(
        Path(found) for found in (UNPACKED / "libexec/valgrind", UNPACKED / "lib/valgrind") if found.is_dir()
    )
    return os.fspath(UNPACKED / "bin" / "valgrind"), {"VALGRIND_LIB": os.fspath(library)}
