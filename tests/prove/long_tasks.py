"""A large dashboard, and the tasks of the page's main thread that block it for long.

https://www.w3.org/TR/longtasks-1/: tasks of 50 ms or more; a browser reports no shorter ones.
"""

import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect
from support.running.browser import Device, Json, chart

LONGEST_MS: Final = 100
ROWS: Final = 120_000
CHARTS: Final = 60
COLUMNS: Final = ("Date", "Region", "City", "Product", "Channel", "Units", "Price", "Discount", "Revenue")
REGIONS: Final = ("North", "South", "East", "West", "Central", "Overseas")
PREFIXES: Final = ("Alt", "Neu", "Ober", "Unter", "Bad ", "Groß")
PLACES: Final = ("berg", "dorf", "feld", "hausen", "kirchen", "münde", "stadt", "stein", "tal", "wald")
CITIES: Final = tuple(prefix + place for prefix in PREFIXES for place in PLACES)
ARTICLES: Final = ("Desk", "Chair", "Lamp", "Shelf", "Cabinet", "Sofa", "Rug", "Mirror")
PRODUCTS: Final = tuple(f"{article} {size}" for article in ARTICLES for size in ("S", "M", "L", "XL", "XXL"))
CHANNELS: Final = ("Online", "Store", "Partner")
KINDS: Final = ("bar", "line", "area", "pie", "scatter", "number")

OBSERVE: Final = """
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ type: "longtask", buffered: true });
"""
# A task is reported after it has ended, so this waits for a moment without work.
TAKE: Final = """() => new Promise((resolve) =>
    requestIdleCallback(() => setTimeout(() => resolve(window.longTasks.splice(0)), 300)))"""
DRAWN: Final = """() => [...document.querySelectorAll("article")]
    .filter((card) => card.querySelector("canvas") || card.querySelector(".figure")?.textContent.trim())
    .map((card) => card.querySelector("h3").textContent.trim())"""
AT_THE_END: Final = "() => scrollY + innerHeight >= document.documentElement.scrollHeight - 1"


def write_table(file: Path) -> Path:
    """Write orders of six years, with the same values every time."""
    chance = random.Random(23)  # noqa: S311 - not a secret
    with file.open("w", encoding="utf-8", newline="") as output:
        rows = csv.writer(output)
        rows.writerow(COLUMNS)
        for number in range(ROWS):
            day = date(2020, 1, 1) + timedelta(days=number * 2_190 // ROWS)
            texts = [chance.choice(choices) for choices in (REGIONS, CITIES, PRODUCTS, CHANNELS)]
            units, price = chance.randint(1, 40), round(chance.lognormvariate(3.5, 0.8), 2)
            discount = chance.choice(("", "", "", "0.05", "0.1", "0.25"))
            rows.writerow((day, *texts, units, price, discount, round(units * price * (1 - float(discount or 0)), 2)))
    return file


def config() -> Json:
    """Return a dashboard with charts of every kind of most columns."""
    return {"chartCustomizations": {f"c{number}": _chart(number) for number in range(CHARTS)}, "filters": []}


def _chart(number: int) -> Json:
    kind = KINDS[number % len(KINDS)]
    measure = ("Revenue", "Units", "Price")[number // len(KINDS) % 3]
    mapping = {
        "bar": {"xAxis": ("Region", "City", "Product", "Channel")[number // len(KINDS) % 4]},
        "pie": {"xAxis": ("Region", "Channel")[number // len(KINDS) % 2]},
        "scatter": {"xAxis": "Discount"},
        "number": {},
    }.get(kind, {"xAxis": "Date"})
    aggregate = {} if kind == "scatter" else {"aggregate": ("sum", "mean", "max")[number % 3]}
    place = {"x": number % 3 * 4, "y": number // 3 * 4, "w": 4, "h": 4}
    return chart(
        f"Chart {number + 1}", kind=kind, position=place, dataMapping={**mapping, "yAxis": measure, **aggregate}
    )


class LargeDashboard:
    """The dashboard in use; each step returns its longest task in milliseconds, 0 if none was long.

    Elements are found by their text alone: to compute roles and names would block the page itself.
    """

    def __init__(self, device: Device, project: str) -> None:
        device.run_first(OBSERVE)
        self._device = device
        self._project = project
        self.drawn: set[str] = set()
        """The titles of the charts that were seen drawn."""

    def load(self) -> int:
        self._device.open(self._project)
        expect(self._page.locator("article canvas").first).to_be_visible(timeout=60_000)
        return self._longest()

    def scroll(self) -> int:
        self._page.mouse.move(640, 600)
        while not self._page.evaluate(AT_THE_END):
            self._page.mouse.wheel(0, 250)
            self._page.wait_for_timeout(100)
            self._see()
        longest = self._longest()
        self._page.evaluate("() => scrollTo(0, 0)")
        return max(longest, self._longest())

    def filter(self) -> int:
        self._button("Add filter").click()
        self._dialog.locator("select").first.select_option("Region")
        self._dialog.locator("label", has_text="North").click()
        self._dialog.locator("button", has_text="Apply").click()
        expect(self._page.locator("main", has_text="of 120,000")).to_be_visible()
        return self._longest()

    def add(self) -> int:
        self._button("Add chart").click()
        self._dialog.locator("input[type=text], input:not([type])").first.fill("One more")
        self._dialog.locator("button[type=submit]").click()
        expect(self._page.locator("article", has_text="One more").locator("canvas")).to_be_visible()
        return self._longest()

    @property
    def _page(self) -> Page:
        return self._device.page

    @property
    def _dialog(self) -> Locator:
        return self._page.locator("dialog")

    def _button(self, text: str) -> Locator:
        return self._page.locator("button", has_text=text).first

    def _see(self) -> None:
        self.drawn.update(self._page.evaluate(DRAWN))

    def _longest(self) -> int:
        self._page.wait_for_load_state("networkidle")
        self._see()
        return round(max(self._page.evaluate(TAKE), default=0))
