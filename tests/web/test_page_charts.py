"""What charts say: the names and values drawn on them, in every size of a card."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect
from support.running.browser import Device, Json, Project, chart

type Devices = Callable[..., Device]

NARROW = (390, 844)
COUNTRIES = ("Brazil", "Democratic Republic of the Congo", "Dominican Republic", "Germany", "Japan", "Saint Lucia")
ROWS = [
    {
        "Country": country,
        "City": f"{country}, city {city}",
        "Sales": 1_234.5 * (place + 1) + city,
        "Day": f"2026-0{city + 1}-15",
    }
    for place, country in enumerate(COUNTRIES)
    for city in range(9)
]

# What is drawn on a canvas can be read nowhere else.
RECORD = """
    const draw = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...place) {
        (this.canvas.texts ??= new Set()).add(text);
        return draw.call(this, text, ...place);
    };
"""


def _chart(title: str, kind: str, place: tuple[int, int, int, int], **mapping: str) -> Json:
    return chart(title, kind=kind, position=dict(zip("xywh", place, strict=True)), dataMapping=mapping)


def _open(device: Device, make_project: Callable[..., Project], *charts: Json) -> Device:
    device.run_first(RECORD)
    config = {"chartCustomizations": {f"c{index}": each for index, each in enumerate(charts)}}
    return device.open(make_project(config, ROWS).id)


def _texts(card: Locator, new: Callable[[], object] | None = None) -> set[str]:
    """Return the texts drawn in a card, or those of what an action draws."""
    card.scroll_into_view_if_needed()
    canvas = card.locator("canvas")
    canvas.evaluate("async (canvas) => { while (!canvas.texts) await new Promise(requestAnimationFrame); }")
    if new:
        canvas.evaluate("canvas => { canvas.texts.clear(); }")
        new()
        canvas.evaluate("async (canvas) => { while (!canvas.texts.size) await new Promise(requestAnimationFrame); }")
    return set(canvas.evaluate("canvas => [...canvas.texts]"))


def test_every_bar_is_named(make_device: Devices, make_project: Callable[..., Project]) -> None:
    """Every bar is named in a card of any size; what has no room is part of “Other”, which says how much it is."""
    by_country = _chart("Countries", "bar", (0, 0, 6, 5), xAxis="Country", yAxis="Sales")
    by_city = _chart("Cities", "bar", (6, 0, 3, 4), xAxis="City", aggregate="count")
    over_time = _chart("Months", "line", (0, 5, 6, 4), xAxis="Day", yAxis="Sales", aggregate="mean")
    for size in ((1280, 900), NARROW):
        device = _open(make_device(size=size), make_project, by_country, by_city, over_time)
        names = _texts(device.card("Countries"))
        for country in COUNTRIES:
            assert any(country.startswith(name.removesuffix("…")) for name in names if len(name) > 4), (country, names)
        names = _texts(device.card("Cities"))
        [other] = (name for name in names if name.startswith("Other"))
        cities = {name for name in names if "city" in name or name.endswith("…")}
        assert other == f"Other ({54 - len(cities)} more)"
        assert "Jan 2026" in _texts(device.card("Months"))


def test_a_tooltip_has_the_exact_value(device: Device, make_project: Callable[..., Project]) -> None:
    """Pointing at a bar or slice names it in full and what is measured, with all digits, and a slice's share."""
    _open(
        device,
        make_project,
        _chart("Bars", "bar", (0, 0, 3, 4), xAxis="Country", yAxis="Sales"),
        _chart("Slices", "pie", (3, 0, 5, 4), xAxis="Country", yAxis="Sales"),
    )

    def point(title: str, x: float, y: float) -> set[str]:
        canvas = device.card(title).locator("canvas")
        box = canvas.bounding_box()
        assert box
        return _texts(
            device.card(title),
            lambda: device.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"]),
        )

    assert {"Saint Lucia", "Sales, sum: 66,699"} <= point("Bars", 0.6, 0.1)
    assert {"Democratic Republic of the Congo", "Sales, sum: 22,257"} <= {
        *point("Bars", 0.6, 0.1),
        *point("Bars", 0.6, 0.65),
    }
    assert {"Saint Lucia", "Sales, sum: 66,699 (28.6%)"} <= point("Slices", 0.56, 0.3)


def test_a_small_card_keeps_its_number_and_title(device: Device, make_project: Callable[..., Project]) -> None:
    """In the smallest card the number fits, the title has the whole width, and focus shows tools and all digits."""
    title = "Sales of all countries in the first half of the year"
    _open(device, make_project, _chart(title, "number", (0, 0, 2, 2), yAxis="Sales", aggregate="sum"))
    card = device.card(title)
    figure, exact, heading = card.locator(".figure"), card.get_by_text("233,536.5"), card.get_by_role("heading")
    expect(figure).to_have_text("233.5K")
    expect(card.get_by_text("Sum of Sales")).to_be_visible()
    expect(heading).to_have_attribute("title", title)
    outer, number, name = (each.bounding_box() for each in (card, figure, heading))
    assert outer
    assert number
    assert name
    assert name["y"] + name["height"] <= number["y"]
    assert number["y"] + number["height"] <= outer["y"] + outer["height"]
    assert name["width"] > outer["width"] - 40
    expect(exact).to_be_hidden()
    card.locator(".number").focus()
    expect(exact).to_be_visible()
    expect(card.locator(".tools")).to_have_css("opacity", "1")
    assert heading.bounding_box() == name
    tools = card.locator(".tools").bounding_box()
    assert tools
    assert tools["y"] < name["y"] + name["height"]


def test_tools_are_reached_by_touch(make_device: Devices, make_project: Callable[..., Project]) -> None:
    """Without a pointer that hovers, the tools of a chart are always there, and do not cover its title."""
    device = make_device(size=(1024, 768), has_touch=True, is_mobile=True)
    _open(device, make_project, _chart("Total of all sales", "number", (0, 0, 2, 2), yAxis="Sales", aggregate="sum"))
    card = device.card("Total of all sales")
    heading, tools, figure = (card.locator(each).bounding_box() for each in ("h3", ".tools", ".figure"))
    assert heading
    assert tools
    assert figure
    assert heading["y"] + heading["height"] <= tools["y"] or heading["x"] + heading["width"] <= tools["x"]
    assert tools["y"] + tools["height"] <= figure["y"]
    expect(card.locator(".tools")).to_have_css("opacity", "1")
    device.button("Edit Total of all sales").tap()
    expect(device.dialog.get_by_label("Title")).to_have_value(re.compile("Total"))
