"""The time of one merge at 2, 20 and 200 KB, on the dashboards of all benchmarks."""

import copy
import time
from statistics import median
from typing import Any, Final

from benchmarks.report import Table
from benchmarks.workload import NAMES
from dashboard_store.documents.merge import merge
from local.dashboards import dashboard

_MERGES: Final = 51


def table() -> Table:
    rows = [
        [name, f"{len(dashboard(size)['chartCustomizations'])}", f"{_milliseconds(size):.2f}"]
        for size, name in NAMES.items()
    ]
    return Table(["Dashboard", "Charts", "ms per merge"], rows)


def _milliseconds(size: str) -> float:
    """Theirs makes the first chart taller, which pushes what is below it; mine retitles the last and adds a filter."""
    base = dashboard(size)
    theirs, mine = copy.deepcopy(base), copy.deepcopy(base)
    charts = list(theirs["chartCustomizations"].values())
    charts[0]["position"]["h"] += 2
    for chart in charts[2::2]:
        chart["position"]["y"] += 2
    list(mine["chartCustomizations"].values())[-1]["title"] = "Revenue, all regions"
    mine["filters"].append({"id": "f-new", "column": "region", "operator": "in", "values": ["EU"]})
    return median(_took(base, theirs, mine) for _ in range(_MERGES)) * 1e3


def _took(base: Any, theirs: Any, mine: Any) -> float:
    # Copies, because documents that were parsed apart share no values whose comparison would cost nothing.
    documents = copy.deepcopy(base), copy.deepcopy(theirs), copy.deepcopy(mine)
    began = time.perf_counter()
    merged = merge(*documents)
    took = time.perf_counter() - began
    if merged.conflicts:
        raise AssertionError("The edits are apart, so there is no conflict to measure.")
    return took
