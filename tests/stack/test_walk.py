"""The walk of the README, against stacks that are stopped, killed and started again."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from support.local_stack import ROOT, LocalStack


def walk(step: str, stack: LocalStack, *options: str) -> str:
    python = str(ROOT / ".venv-local" / "bin" / "python")
    command = [python, "-m", "local.walk", step, "--url", stack.url, *options]
    shown = subprocess.run(  # noqa: S603 - this checkout's own program
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


def test_what_the_walk_saved_outlives_stop_and_kill(make_stack: Callable[..., LocalStack]) -> None:
    """Dashboards of 2, 20 and 200 KB and real tables load equal after a stop, and after SIGKILL of everything."""
    stack = make_stack().start()
    walk("save", stack, "--sub", "walker")
    assert stack.stop() == 0
    assert "equal" in walk("check", stack.start(), "--sub", "walker")
    walk("save", stack, "--sub", "walker-2")
    stack.kill()
    stack.start()
    for user in ("walker", "walker-2"):
        assert walk("check", stack, "--sub", user).count("equal") >= len(("cars", "movies", "gapminder", "flights"))


def test_the_walk_takes_a_folder_of_dashboards(stack: LocalStack, tmp_path: Path) -> None:
    """A folder of further dashboards is walked too, and an empty one is said to be empty."""
    (tmp_path / "mine.json").write_text('{"chartCustomizations": {"c": {"title": "mine"}}}')
    assert "  mine " in walk("save", stack, "--samples", str(tmp_path))
    assert "holds no sample dashboard" in walk("save", stack, "--samples", str(tmp_path / "none"))


def test_the_policies_allow_what_the_functions_do(make_stack: Callable[..., LocalStack]) -> None:
    """With IAM enforced the whole walk goes through: no function lacks a permission for what it does."""
    walk("save", make_stack(auth=True).start())
