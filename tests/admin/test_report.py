"""The report of a command: what a machine reads of it, also after it was killed."""

import argparse
import json
from pathlib import Path

import pytest
from conftest import TABLE
from support.storage.clients import Tapped

from admin import report
from admin.report import Report
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store


@pytest.fixture
def store(settings: Settings, database: Tapped) -> Store:
    return Store(settings, Items(database, TABLE))


def lines(file: Path) -> list[object]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_line_is_written_at_once(tmp_path: Path, store: Store) -> None:
    """What a command did is in the file before it does the next; the summary comes only when it has ended."""
    file = tmp_path / "report.jsonl"
    created = {"outcome": "created", "id": "é"}

    def killed() -> None:
        with Report(file, store, "projects") as writing:
            writing.add(**created)
            assert lines(file) == [created]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert lines(file) == [created]


def test_the_summary_counts_outcomes_and_reasons(tmp_path: Path, store: Store) -> None:
    """The summary has the counts by outcome and reason, and the units that the command itself consumed."""
    file = tmp_path / "report.jsonl"
    store.items.units = 5
    with Report(file, store, "projects") as writing:
        writing.add("created", id="a")
        writing.add("created", id="b")
        writing.add("refused", id="c", reason="orphan", detail="There is no such project.")
        store.items.units = 7.5
    *_, summary = lines(file)
    assert isinstance(summary, dict)
    assert summary["summary"]["counts"] == {"created": 2, "refused: orphan": 1}
    assert summary["summary"]["units"] == 7.5 - 5
    assert summary["summary"] == {**writing.summary(), "seconds": summary["summary"]["seconds"]}


def test_without_a_file_and_a_terminal_nothing_is_written(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is for people: where standard error is a file, it stays empty."""
    parser = argparse.ArgumentParser()
    report.add_option(parser)
    with Report(parser.parse_args([]).report, store, "projects", total=1) as writing:
        writing.add("created")
        writing.step()
    assert capsys.readouterr() == ("", "")
