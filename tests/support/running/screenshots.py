"""The pictures in docs/images, taken of the page on a local stack: `python -m support.running.screenshots`."""

import tempfile
from pathlib import Path
from typing import Final, Literal

import httpx
from playwright.sync_api import Browser, expect
from support.project.template import ROOT
from support.running.browser import Device, chromium, placed_chart
from support.running.local_stack import LocalStack

FOLDER: Final = ROOT / "docs" / "images"
USER: Final = "user-1"
PROJECT: Final = "shop"
SIZE: Final = (1280, 730)

type Scheme = Literal["light", "dark"]


BY_MONTH: Final = {"xAxis": "Date", "yAxis": "Revenue", "aggregate": "sum", "grain": "month"}
CONFIG: Final = {
    "chartCustomizations": {
        "total": {
            **placed_chart("Total revenue", "number", (0, 0, 3, 2), yAxis="Revenue", aggregate="sum"),
            "format": {"style": "currency", "currency": "EUR", "decimals": 0},
        },
        "orders": placed_chart("Orders", "number", (0, 2, 3, 2), aggregate="count"),
        "time": {
            **placed_chart("Revenue by month", "bar", (3, 0, 9, 4), **BY_MONTH, splitBy="Region"),
            "isStacked": True,
        },
        "region": placed_chart(
            "Revenue by region",
            "bar",
            (0, 4, 4, 4),
            xAxis="Region",
            yAxis="Revenue",
            aggregate="sum",
            splitBy="Channel",
        ),
        "product": placed_chart(
            "Units by product", "bar", (4, 4, 4, 4), xAxis="Product", yAxis="Units", aggregate="sum"
        ),
        "channel": placed_chart(
            "Revenue by channel", "pie", (8, 4, 4, 4), xAxis="Channel", yAxis="Revenue", aggregate="sum"
        ),
    },
    "filters": [{"id": "region", "column": "Region", "operator": "in", "values": ["North", "South", "East"]}],
    "theme": {"id": "light"},
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stack = LocalStack(Path(folder) / "state").start()
        try:
            _make_dashboard(stack, browser)
            FOLDER.mkdir(exist_ok=True)
            _take(stack, browser, "light")
            _take(stack, browser, "dark")
        finally:
            stack.stop()


def _make_dashboard(stack: LocalStack, browser: Browser) -> None:
    """Upload the page's own sample table, then arrange charts on it."""
    with stack.client(USER) as client:
        client.post("/api/projects", json={"id": PROJECT, "name": "Shop"}).raise_for_status()
        device = Device(browser, stack.url, USER).open(PROJECT)
        device.button("Use sample data").click()
        expect(device.page.get_by_role("article").first).to_be_visible()
        device.close()
        _save(client)


def _save(client: httpx.Client) -> None:
    """Save versions of several kinds, so that the history shows them."""
    config = f"/api/projects/{PROJECT}/config"
    renamed = {"chartCustomizations": {"time": {"title": "Revenue over time"}}}
    without_filters = {**CONFIG, "filters": []}
    for response in (
        client.put(config, json=without_filters, headers={"If-None-Match": "*"}),
        client.patch(config, json=renamed, params={"source": "autosave"}),
        client.put(config, json=CONFIG, params={"onConflict": "merge"}, headers={"If-Match": '"1"'}),
        client.patch(config, json={"theme": {"id": "system"}}, params={"message": "For the board meeting"}),
    ):
        response.raise_for_status()


def _take(stack: LocalStack, browser: Browser, scheme: Scheme) -> None:
    device = Device(browser, stack.url, USER, size=SIZE, color_scheme=scheme, device_scale_factor=1.25).open(PROJECT)
    device.says("Saved")
    expect(device.page.locator("article canvas")).to_have_count(4)
    device.page.wait_for_load_state("networkidle")
    device.page.screenshot(path=FOLDER / f"dashboard-{scheme}.png")
    device.button("History").click()
    expect(device.dialog.get_by_text("6 charts added")).to_be_visible()
    device.page.screenshot(path=FOLDER / f"history-{scheme}.png")
    device.close()


if __name__ == "__main__":
    main()
