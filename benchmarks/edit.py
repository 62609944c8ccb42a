"""The main thread's cost of an edit in a store of 160 KB: Zustand's own `persist`, and this client, in Chromium.

`persist` writes the whole state to `localStorage` with each edit, which is what applications do without a server.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from typing import Any, Final

from playwright.sync_api import Page
from support.running.browser import chromium

from benchmarks.report import Claim, Section, Table
from local import ROOT

EDITS: Final = 300
CHARTS: Final = 280
LIMIT_MS: Final = 1.0

# Each contender is a store whose state is the config; `edit` changes one chart's title, as an application does.
_PAGE: Final = """
const { createStore } = await import("/client/node_modules/zustand/esm/vanilla.mjs");
const { persist } = await import("/client/node_modules/zustand/esm/middleware.mjs");
const { createDashboardClient } = await import("/client/dist/index.js");
const { dashkeep } = await import("/client/dist/zustand.js");

const answer = JSON.stringify({ config: CONFIG, version: 1, updatedAt: "2026-11-24T10:00:00.000Z" });
const client = createDashboardClient({
  baseUrl: location.origin,
  getToken: () => `e30.${btoa(JSON.stringify({ sub: "user-1" }))}.`,
  fetch: async () => new Response(answer, { headers: { ETag: '"1"' } }),
});
const initial = () => ({ chartCustomizations: {}, filters: [], theme: null });
window.stores = {
  persist: createStore(persist(() => ({ ...initial(), ...CONFIG }), { name: "dashboard" })),
  dashkeep: createStore(dashkeep(initial, { client, projectId: "sales", autosave: false })),
};
while (stores.dashkeep.dashkeep.state.status !== "clean") await new Promise((next) => setTimeout(next, 10));

const pause = () => new Promise((next) => setTimeout(next, 4));
window.run = async (name, edits) => {
  const times = [];
  for (let count = 0; count < edits; count += 1) {
    const started = performance.now();
    stores[name]?.setState(({ chartCustomizations }) => {
      const id = `chart-${count % 50}`;
      const chart = { ...chartCustomizations[id], title: `Title ${count}` };
      return { chartCustomizations: { ...chartCustomizations, [id]: chart } };
    });
    times.push(performance.now() - started);
    await pause();
  }
  return times.sort((one, other) => one - other);
};
window.isKept = () => stores.dashkeep.dashkeep.state.isKept;
"""


def report() -> list[Section]:
    """Measure both stores side by side, in alternating rounds."""
    size = len(json.dumps(config(), separators=(",", ":")).encode())
    with chromium() as browser, _served() as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/client/README.md")
        page.evaluate(f"async () => {{ const CONFIG = {json.dumps(config())}; {_PAGE} }}")
        rounds = [{name: _measured(page, name) for name in ("nothing", "persist", "dashkeep")} for _ in range(3)]
        is_kept = page.wait_for_function("isKept()").json_value()
        context.close()
    idle, persist, ours = (_median([each[name] for each in rounds]) for name in ("nothing", "persist", "dashkeep"))
    cells = [("Zustand `persist`", persist), ("`dashkeep`", ours)]
    rows = [[name, f"{call:.2f}", f"{task - idle[1]:.2f}"] for name, (call, task) in cells]
    cost, whole = ours[1] - idle[1], persist[1] - idle[1]
    claim = Claim(
        f"Edit of a config of {size:,} bytes, main thread",
        "-",
        f"{whole:.2f} ms (`persist`)",
        f"< {LIMIT_MS:.0f} ms",
        f"{cost:.2f} ms, {whole / cost:.1f} times less",
        holds=cost < LIMIT_MS and bool(is_kept),
    )
    measured = (
        f"{EDITS} edits of one chart's title in a config of {size:,} bytes and {CHARTS} charts, in Chromium, in three "
        "alternating rounds: the time of the call, and all main-thread time that it causes (the browser's task time, "
        "less that of the same loop without edits), storage included. Every edit was durable in IndexedDB at the end."
    )
    table = Table(["ms an edit", "the call", "main thread"], rows)
    return [Section("An edit in the browser", measured, [table], claims=[claim])]


def config() -> dict[str, Any]:
    """Make a config of about 160 KB."""
    return {
        "chartCustomizations": {f"chart-{number}": _chart(number) for number in range(CHARTS)},
        "currentLayout": {"id": "two-columns"},
        "filters": [
            {"id": f"f{number}", "column": "region", "operator": "in", "values": ["EU", "US"]} for number in range(20)
        ],
        "theme": {"id": "dark"},
        "extensions": {},
    }


def _chart(number: int) -> dict[str, Any]:
    series = [
        {"name": name, "color": "#4477aa", "stack": True, "options": {"width": 1}} for name in ("a", "b", "c", "d")
    ]
    return {
        "title": f"Chart {number}",
        "type": "bar",
        "isVisible": True,
        "position": {"x": number % 3 * 4, "y": number // 3 * 3, "w": 4, "h": 3},
        "dataMapping": {"xAxis": "month", "yAxis": ["revenue", "cost"], "series": series},
        "options": {"legend": True, "labels": {"show": False, "rotate": 45}, "palette": ["#111", "#222", "#333"]},
    }


def _measured(page: Page, name: str) -> tuple[float, float]:
    """Return the median time of a call, and the main thread's time per edit, in milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def task_time() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = task_time()
    times = page.evaluate("([name, edits]) => run(name, edits)", [name, EDITS])
    spent = task_time() - before
    session.detach()
    return float(times[len(times) // 2]), spent / EDITS * 1_000


def _median(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    calls, tasks = (sorted(values)[len(rounds) // 2] for values in zip(*rounds, strict=True))
    return calls, tasks


@contextmanager
def _served() -> Iterator[str]:
    """Serve `web/` on a free port."""
    handler = partial(_Quiet, directory=str(ROOT / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def guess_type(self, path: str | PathLike[str]) -> str:
        return "text/javascript" if str(path).endswith(".mjs") else super().guess_type(path)

    def log_message(self, *_: object) -> None:
        pass
