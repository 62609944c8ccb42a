"""What the service stores runs no script in a real browser, wherever a page inserts it as HTML."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route
from support.handlers.http_api import Client
from support.inputs.unsafe_texts import HARMLESS, RUNNING, UNSAFE, collection

from dashboard_store.documents.unsafe_html import is_unsafe
from dashboard_store.settings import Settings

URL = "http://dashboard.test/"
# How long frames and animations may take to run something.
MILLISECONDS = 300
BATCH = 200
CONFIG = "/api/projects/p/config"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that notices every script; nothing that a text asks for leaves the machine."""
    context = browser.new_context()
    context.add_init_script(path=Path(__file__).parent / "insert.js")
    context.route("**/*", _answer)
    made = context.new_page()
    made.goto(URL)
    yield made
    context.close()


def _answer(route: Route) -> None:
    if route.request.url != URL:
        # No content: a link that was followed leaves the page where it is.
        route.fulfill(status=204)
        return
    policy = {"Content-Security-Policy-Report-Only": "script-src 'report-sample' 'none'"}
    route.fulfill(body="<!doctype html><title>A page</title>", content_type="text/html", headers=policy)


def ran(page: Page, texts: Sequence[str]) -> list[str]:
    """Insert texts into the page, use all that they make, and return what was run."""
    told: list[str] = page.evaluate("([texts, wait]) => insertAll(texts, wait)", [texts, MILLISECONDS])
    return told


def culprits(page: Page, texts: Sequence[str]) -> list[str]:
    """Find the texts that run something, so that a failure names them."""
    if not ran(page, texts):
        return []
    if len(texts) == 1:
        return list(texts)
    half = len(texts) // 2
    # What runs only beside others is told as the whole.
    return culprits(page, texts[:half]) + culprits(page, texts[half:]) or list(texts)


@pytest.mark.parametrize("name", RUNNING)
def test_this_browser_runs_what_is_dangerous(page: Page, name: str) -> None:
    """What the tests below would notice: each of these texts does run script in this browser."""
    # On a busy machine a frame may load later than the wait.
    assert any(ran(page, [RUNNING[name]]) for _ in range(5))


@pytest.fixture
def stored(client: Client, connect: Callable[[Settings], None], settings: Settings) -> Callable[[list[str]], list[str]]:
    """Send texts in configs and return what of them is stored; what is refused is left out of the next attempt."""
    # Refused by twenties, the collection takes more writes than a minute has.
    connect(replace(settings, writes_per_minute=100_000))
    client.post("/api/projects", {"id": "p", "name": "P"})

    def send(texts: list[str]) -> list[str]:
        charts = {str(number): {"title": text} for number, text in enumerate(texts)}
        while True:
            reply = client.put(CONFIG, {"chartCustomizations": charts}, if_match="*")
            if reply.status == 412:
                reply = client.put(CONFIG, {"chartCustomizations": charts}, if_none_match="*")
            if reply.status == 200:
                break
            assert reply.code in {"unsafe-text", "invalid-config"}
            for error in reply.json["errors"]:
                del charts[error["pointer"].split("/")[2]]
        loaded: dict[str, Any] = client.get(CONFIG).json["config"]["chartCustomizations"]
        assert loaded == charts
        return [chart["title"] for chart in loaded.values()]

    return send


def test_nothing_that_is_stored_runs(page: Page, stored: Callable[[list[str]], list[str]]) -> None:
    """Of thousands of published payloads sent to the service, none that it stores runs script in the page."""
    texts = collection()
    assert len(texts) > 4_000
    kept: list[str] = []
    for start in range(0, len(texts), BATCH):
        batch = stored(texts[start : start + BATCH])
        kept += batch
        assert culprits(page, batch) == []
    # The tags among them that harm nobody are kept.
    assert len(kept) > 1_500


def test_what_is_harmless_is_stored_and_runs_nothing(page: Page, stored: Callable[[list[str]], list[str]]) -> None:
    """Every harmless text is stored as it is, and the page shows it without running anything."""
    assert stored(HARMLESS) == HARMLESS
    assert culprits(page, HARMLESS) == []


def test_what_is_unsafe_is_refused(stored: Callable[[list[str]], list[str]]) -> None:
    """Every unsafe text is refused, whatever stands beside it."""
    assert stored([*UNSAFE.values(), "kept"]) == ["kept"]


def test_every_handler_of_this_browser_is_known(page: Page) -> None:
    """An attribute with the name of any event handler that this browser has is refused."""
    names: list[str] = page.evaluate("handlerNames()")
    assert len(names) > 100
    assert [name for name in names if not is_unsafe(f"<b {name}=x>")] == []


# -- texts that nobody thought of -------------------------------------------------------------------------------------

ELEMENTS = (
    "a animate area audio b base body br button desc details div embed form frameset iframe image img input link "
    "listing maction marquee math meta mglyph mi mtext noembed noframes noscript object option p plaintext script "
    "select set style svg table td template text textarea title tr use video xmp"
)
ATTRIBUTES = (
    "accesskey=x action attributeName autofocus background class data formaction from http-equiv=refresh href id "
    "onbegin onclick onerror onfocus onload onmouseover once only ontoggle poster src srcdoc style tabindex=1 target "
    "title to type=submit values xlink:href"
)
SCRIPTS = ("alert(1)", "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "#", "x", "text/html", "href")

spaces = st.sampled_from(["", " ", " ", "/", "\n", "\t", "\f", " / ", "\r", "\x0b"])
quotes = st.sampled_from(["", "", "'", '"', "`", "&quot;"])


@st.composite
def obfuscated(draw: st.DrawFn) -> str:
    """A script or an address with some characters written otherwise."""
    text = draw(st.sampled_from(SCRIPTS))
    ways: list[Callable[[str], str]] = [
        lambda character: f"&#{ord(character)};",
        lambda character: f"&#x{ord(character):04X}",
        lambda character: f"&Tab;{character}",
        lambda character: f"{character}\n",
        lambda character: character.upper(),
        lambda character: f"&#1;{character}",
        lambda character: "&colon;" if character == ":" else character,
        lambda character: "&lt;" if character == "<" else character,
    ]
    for place in draw(st.lists(st.integers(0, len(text) - 1), max_size=2)):
        way = draw(st.sampled_from(ways))
        if len(text[place : place + 1]):
            text = text[:place] + way(text[place]) + text[place + 1 :]
    return text


@st.composite
def tags(draw: st.DrawFn) -> str:
    """A start tag, mostly: well made, or with something wrong."""
    parts = [draw(st.sampled_from(["<", "<", "<", "</", "<!--<", "&lt;"])) + draw(st.sampled_from(ELEMENTS.split()))]
    for attribute in draw(st.lists(st.sampled_from(ATTRIBUTES.split()), max_size=3)):
        quote = draw(quotes)
        value = draw(st.one_of(obfuscated(), st.sampled_from(["", "x", "1", "<img src=x onerror=alert(1)>"])))
        equals = draw(st.sampled_from(["=", "=", " = ", "", "\n="]))
        parts.append(draw(spaces) + attribute + ("" if "=" in attribute else f"{equals}{quote}{value}{quote}"))
    return "".join(parts) + draw(st.sampled_from([">", ">", ">", " >", "/>", "-->", "", "<"]))


pieces = st.one_of(
    tags(),
    tags(),
    st.sampled_from([f"</{name}>" for name in ELEMENTS.split()]),
    st.sampled_from(["<!--", "-->", "--!>", "<![CDATA[", "]]>", "<?", "text", '"', "'", "`", "=", "<", "&lt;", "\n"]),
)
fragments = st.lists(pieces, min_size=1, max_size=6).map("".join)


def test_no_text_that_is_accepted_runs(page: Page) -> None:
    """Whatever tags, attributes, escapes and mistakes a text is made of: if it is accepted, it runs nothing."""

    @settings(max_examples=max(1, settings().max_examples // 4))
    @given(st.lists(fragments, min_size=10, max_size=40))
    def check(texts: list[str]) -> None:
        accepted = [text for text in texts if not is_unsafe(text)]
        assert culprits(page, accepted) == []

    check()
