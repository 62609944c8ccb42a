"""The walk of the README against stacks that are stopped, killed and restarted."""

import signal
from collections.abc import Callable
from pathlib import Path

from support.running.local_stack import LocalStack, walk

from local.dashboards import dashboard

CONFIG = "/api/projects/made-small/config"
LAST = {"chartCustomizations": {"last": {"title": "Saved as the stack was killed"}}}
SAVED = len(("small", "medium", "large", "cars", "movies", "gapminder", "flights-2k", "flights-200k"))


def test_saved_data_survives_stops_and_kills(make_stack: Callable[..., LocalStack]) -> None:
    """Dashboards of 2, 20 and 200 KB and real tables load equal after a stop and after SIGKILL of every process.

    A restart builds and deploys nothing, and neither Ctrl-C nor the supervisor's sudden death leaves a process behind.
    """
    stack = make_stack().start()
    walk("save", stack, "--sub", "walker")
    assert stack.stop(signal.SIGINT) == 0
    assert stack.left_behind() == []

    stack.start()
    assert "nothing changed since the last build" in stack.output()
    assert "nothing changed since the last deployment" in stack.output()
    assert walk("check", stack, "--sub", "walker").count("equal") == SAVED
    with stack.client("walker") as client:
        last = client.put(CONFIG, json=LAST, headers={"If-Match": '"3"'})
        stack.kill()
    assert last.status_code == 200, last.text

    stack.start()
    assert "nothing changed since the last deployment" in stack.output()
    with stack.client("walker") as client:
        assert client.get(CONFIG).json()["config"] == LAST
        client.put(CONFIG, json=dashboard("small"), headers={"If-Match": '"4"'}).raise_for_status()
    assert walk("check", stack, "--sub", "walker").count("equal") == SAVED

    stack.kill_supervisor()
    assert stack.left_behind() == []


def test_the_walk_takes_a_folder_of_dashboards(stack: LocalStack, tmp_path: Path) -> None:
    """The walk includes a folder of further dashboards, and reports an empty folder."""
    (tmp_path / "mine.json").write_text('{"chartCustomizations": {"c": {"title": "mine"}}}')
    assert "  mine " in walk("save", stack, "--samples", str(tmp_path))
    assert "holds no sample dashboard" in walk("save", stack, "--samples", str(tmp_path / "none"))


def test_the_policies_allow_what_the_functions_do(make_stack: Callable[..., LocalStack]) -> None:
    """The whole walk succeeds with IAM enforced: no function lacks a permission that it needs."""
    stack = make_stack(auth=True).start()
    assert "with IAM enforced" in stack.output()
    walk("save", stack)
