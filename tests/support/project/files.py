"""The files of the repository."""

import subprocess

from support.project.template import ROOT

# The names of the lock files, which tools write.
LOCKS = {
    "package-lock.json",
    "requirements.txt",
    "dev.txt",
    "local.txt",
    "uv.txt",
    "audit.txt",
    "duckdb.txt",
    "merging.txt",
    "mutation.txt",
}


def committed(*patterns: str) -> list[str]:
    """Return the paths of the tracked files that exist in the checkout, all or those that match a pattern."""
    command = ["git", "ls-files", "-z", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
