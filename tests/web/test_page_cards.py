"""Cards of several series, with formats and chosen periods, tables and texts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import Device, Json, Project, chart, violations

type Devices = Callable[..., Device]
type MakeProject = Callable[..., Project]

ROWS = [
    {
        "Day": f"2026-{1 + place % 6:02}-15",
        "Region": ("North", "South", "East")[place % 3],
        "Channel": ("Web", "Store")[place // 3 % 2],
        "Revenue": 100.5 + place,
        "Units": 1 + place % 7,
        "Year": 2020 + place % 3,
    }
    for place in range(240)
]
EUROS = {"style": "currency", "currency": "EUR"}
SPLIT = {"xAxis": "Region", "yAxis": "Revenue", "splitBy": "Channel"}
TWO = {"xAxis": "Day", "yAxis": "Revenue", "second": {"yAxis": "Units", "aggregate": "mean"}, "grain": "quarter"}
# What is drawn on a canvas can be read nowhere else.
RECORD = """
    const draw = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        (this.canvas.texts ??= new Set()).add(text);
        return draw.call(this, text, ...place);
    };
"""
TEXT = """\
# Goals

Revenue is *booked*, see [the shop](https://shop.example/) or [this](javascript:alert(1)).

![A map](https://pictures.example/map.png)

- <b>Returns</b> & others

> # Not a heading of the page
"""


def _card(title: str, kind: str, place: int, mapping: Json, **members: Any) -> Json:
    position = {"x": place % 2 * 6, "y": place // 2 * 5, "w": 6, "h": 5}
    return chart(title, kind=kind, position=position, dataMapping=mapping, **members)


def _config(*cards: Json) -> Json:
    return {"chartCustomizations": {f"c{index}": each for index, each in enumerate(cards)}}


def _drawn(card: Locator) -> set[str]:
    """Return the texts on a card's canvas."""
    card.scroll_into_view_if_needed()
    canvas = card.locator("canvas")
    canvas.evaluate("async (canvas) => { while (!canvas.texts) await new Promise(requestAnimationFrame); }")
    return set(canvas.evaluate("canvas => [...canvas.texts]"))


def _tooltip(device: Device, card: Locator, x: float, y: float) -> set[str]:
    """Return the texts of the tooltip at a place of a card's canvas."""
    _drawn(card)
    canvas = card.locator("canvas")
    canvas.evaluate("canvas => { canvas.texts.clear(); }")
    box = canvas.bounding_box()
    assert box
    device.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    canvas.evaluate("async (canvas) => { while (!canvas.texts.size) await new Promise(requestAnimationFrame); }")
    return set(canvas.evaluate("canvas => [...canvas.texts]"))


def test_a_split_is_named_in_legend_tooltip_and_description(device: Device, make_project: MakeProject) -> None:
    """A stacked chart names each series in its legend; its tooltip and its label have all values in the format."""
    device.run_first(RECORD)
    device.open(make_project(_config(_card("Split", "bar", 0, SPLIT, isStacked=True, format=EUROS)), ROWS).id)
    card = device.card("Split")
    expect(card.locator(".legend li")).to_have_text(["Store", "Web"])
    label = "Split. 3 bars in 2 series. Store: largest €8,900.00 at East, smallest €8,820.00 at North. Web: largest "
    expect(card.get_by_role("img")).to_have_attribute("aria-label", re.compile(re.escape(label)))
    assert "€10K" in _drawn(card)
    found = _tooltip(device, card, 0.3, 0.5)
    assert {"East", "Store: €8,900.00", "Total: €17,680.00"} <= found


def test_a_second_measure_has_its_own_axis_and_periods_are_as_chosen(device: Device, make_project: MakeProject) -> None:
    """A measure of another scale has its own axis and no format; chosen periods name the axis of time."""
    device.run_first(RECORD)
    device.open(make_project(_config(_card("Two", "line", 0, TWO, format=EUROS)), ROWS).id)
    card = device.card("Two")
    expect(card.locator(".legend li")).to_have_text(["Revenue, sum", "Units, average (second axis)"])
    texts = _drawn(card)
    assert {"Q1 2026", "Q2 2026"} <= texts
    assert any(text.startswith("€") for text in texts)
    assert any(re.fullmatch(r"[3-5](\.\d+)?", text) for text in texts)


def test_bars_are_limited_and_lie(device: Device, make_project: MakeProject) -> None:
    """A limit leaves the largest groups, sorted as chosen, and names the rest; bars lie as chosen."""
    device.run_first(RECORD)
    mapping = {"xAxis": "Day", "yAxis": "Revenue", "limit": 2, "sort": "name"}
    device.open(make_project(_config(_card("Bars", "bar", 0, mapping, isHorizontal=True)), ROWS).id)
    card = device.card("Bars")
    assert {"May 2026", "Jun 2026", "Other (4 more)"} <= _drawn(card)
    assert "May 2026" in _tooltip(device, card, 0.5, 0.12)


def test_a_table_card_shows_rows_in_words_and_sorts_them_for_its_reader(
    device: Device, make_device: Devices, make_project: MakeProject
) -> None:
    """A table card formats its cells, says how many rows it shows, and is sorted by its head without an edit."""
    columns = ["Day", "Revenue", "Units", "Year"]
    mapping = {"columns": columns, "orderBy": {"column": "Revenue", "isDescending": True}}
    project = make_project(_config(_card("Orders", "table", 0, mapping, format=EUROS)), ROWS)
    device.open(project.id)
    reader = make_device()
    reader.page.goto(f"/#/links/{project.link()}")
    for each in (device, reader):
        card = each.card("Orders")
        first = card.get_by_role("row").nth(1).get_by_role("cell")
        expect(card.get_by_role("columnheader")).to_have_text(columns)
        expect(first).to_have_text(["15 Jun 2026", "€339.50", "2", "2022"])
        expect(first.nth(1)).to_have_css("text-align", "right")
        expect(card.get_by_text("200 of 240 rows shown")).to_be_visible()
        each.button("Units", card).click()
        expect(card.get_by_role("columnheader", name="Units")).to_have_attribute("aria-sort", "ascending")
        expect(first.nth(2)).to_have_text("1")
        each.button("Units", card).click()
        expect(first.nth(2)).to_have_text("7")
        each.button("Units", card).click()
        expect(card.get_by_role("columnheader", name="Revenue")).to_have_attribute("aria-sort", "descending")
        expect(first.nth(1)).to_have_text("€339.50")
    device.says("Saved")
    assert project.charts["c0"]["dataMapping"] == mapping


def test_a_text_card_shows_markdown_and_never_markup(device: Device, make_project: MakeProject) -> None:
    """Markdown becomes headings, lists and safe links; HTML stays text, an image is a link that loads nothing."""
    asked: list[str] = []
    device.page.on("request", lambda request: asked.append(request.url))
    device.open(make_project(_config(_card("", "text", 0, {}, text=TEXT)), ROWS).id)
    text = device.page.locator(".prose")
    expect(text.get_by_role("heading")).to_have_text("Goals")
    expect(text.locator("em")).to_have_text("booked")
    expect(text.get_by_role("link")).to_have_text(["the shop", "A map"])
    expect(text.get_by_role("link").first).to_have_attribute("rel", "noopener noreferrer")
    expect(text.get_by_role("listitem")).to_have_text("<b>Returns</b> & others")
    expect(text.locator("b, img, script")).to_have_count(0)
    expect(text).to_contain_text("or this.")
    assert not [url for url in asked if "example" in url]
    assert any("text_card" in url for url in asked)


def test_a_text_that_cannot_be_taken_apart_says_so(device: Device, make_project: MakeProject) -> None:
    """Texts that are too long or nested too deeply are replaced by the reason, and the other cards are drawn."""
    texts = ["> " * 5_000, "x" * 20_001, "- " * 100 + "x", "*a " * 3_000]
    cards = [_card(f"Text {place}", "text", place, {}, text=text) for place, text in enumerate(texts)]
    device.open(make_project(_config(*cards, _card("Split", "bar", 4, SPLIT)), ROWS).id)
    for place in range(3):
        expect(device.card(f"Text {place}")).to_contain_text("too long or too deeply nested")
    expect(device.card("Text 3")).to_contain_text("*a *a")
    expect(device.card("Split").locator(".legend")).to_be_visible()


def test_cards_of_plain_charts_load_nothing_more(device: Device, project: Project) -> None:
    """What draws tables and texts is loaded only for them."""
    asked: list[str] = []
    device.page.on("request", lambda request: asked.append(request.url))
    device.open(project.id)
    expect(device.page.locator("article canvas")).to_have_count(2)
    device.page.wait_for_load_state("networkidle")
    assert not [url for url in asked if re.search("text_card|table_card", url)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_cards(make_device: Devices, make_project: MakeProject, scheme: str) -> None:
    """In light and dark, axe-core finds nothing in legends, tables and texts."""
    cards = [
        _card("Split", "bar", 0, SPLIT, isStacked=True),
        _card("Two", "line", 1, TWO),
        _card("Orders", "table", 2, {}),
        _card("About", "text", 3, {}, text=TEXT),
    ]
    device = make_device(color_scheme=scheme).open(make_project(_config(*cards), ROWS).id)
    expect(device.card("Orders").get_by_role("table")).to_be_visible()
    expect(device.card("About").get_by_role("link")).to_have_count(2)
    expect(device.page.locator("article canvas")).to_have_count(2)
    assert violations(device.page) == []
