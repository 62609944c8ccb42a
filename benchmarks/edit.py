"""The main thread's cost of an edit in a store of 150 KB: Zustand's own `persist`, and this client, in Chromium.

`persist` writes the whole state to `localStorage` with each edit, which is what applications do without a server.
"""

import json
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page, Route
from support.running.browser import chromium

from benchmarks.report import Claim, Section, Table
from local import ROOT
from local.dashboards import dashboard

EDITS: Final = 300
CHARTS: Final = 265
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
      const id = Object.keys(chartCustomizations)[count % 50];
      const chart = { ...chartCustomizations[id], title: `Title ${count}` };
      return { chartCustomizations: { ...chartCustomizations, [id]: chart } };
    });
    times.push(performance.now() - started);
    await pause();
  }
  return times;
};
window.isKept = () => stores.dashkeep.dashkeep.state.isKept;
"""


def report() -> list[Section]:
    """Measure both stores side by side, in alternating rounds."""
    config = _config()
    size = len(json.dumps(config, separators=(",", ":")).encode())
    with chromium() as browser:
        page = browser.new_page()
        page.route("http://localhost/**", _serve)
        page.goto("http://localhost/client/package.json")
        page.evaluate(f"async () => {{ const CONFIG = {json.dumps(config)}; {_PAGE} }}")
        rounds = [{name: _measured(page, name) for name in ("nothing", "persist", "dashkeep")} for _ in range(3)]
        is_kept = page.wait_for_function("isKept()").json_value()
    calls, tasks = ({name: median(each[name][index] for each in rounds) for name in rounds[0]} for index in (0, 1))
    cost, whole = tasks["dashkeep"] - tasks["nothing"], tasks["persist"] - tasks["nothing"]
    rows = [
        ["Zustand `persist`", f"{calls['persist']:.2f}", f"{whole:.2f}"],
        ["`dashkeep`", f"{calls['dashkeep']:.2f}", f"{cost:.2f}"],
    ]
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


def _config() -> dict[str, Any]:
    """Make a config of about 150 KB."""
    large = dashboard("large")
    return {**large, "chartCustomizations": dict(list(large["chartCustomizations"].items())[:CHARTS])}


def _measured(page: Page, name: str) -> tuple[float, float]:
    """Return the median time of a call, and the main thread's time per edit, in milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _task_seconds(session)
    times = page.evaluate("([name, edits]) => run(name, edits)", [name, EDITS])
    spent = _task_seconds(session) - before
    session.detach()
    return median(times), spent / EDITS * 1_000


def _task_seconds(session: CDPSession) -> float:
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _serve(route: Route) -> None:
    """Answer a request with a file of `web/`."""
    route.fulfill(path=ROOT / "web" / urlsplit(route.request.url).path.lstrip("/"))
