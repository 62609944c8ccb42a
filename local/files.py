"""Files that a SIGKILL may hit while they are written."""

from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Replace the file atomically: a reader sees either the old text or the new one."""
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
