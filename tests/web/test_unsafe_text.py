"""Stored text runs no script in a real browser, wherever a page inserts it as HTML."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, Route
from support.handlers.http_api import Client
from support.inputs.unsafe_texts import HARMLESS, RUNNING, RUNNING_TOGETHER, UNSAFE, collection

from dashboard_store.documents.unsafe_html import is_unsafe
from dashboard_store.documents.unsafe_html.html_names import HANDLERS
from dashboard_store.settings import Settings

URL = "http://dashboard.test/"
# Time for frames and animations to run something.
MILLISECONDS = 300
# Most run at once; on a busy machine, a frame may load late.
WAITS = (20, MILLISECONDS, MILLISECONDS, 1_000, 2_000)
BATCH = 200
CONFIG = "/api/projects/p/config"


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that reports every script; no request that a text causes leaves the machine."""
    context = browser.new_context()
    context.add_init_script(path=Path(__file__).parent / "insert.js")
    context.route("**/*", _answer)
    made = context.new_page()
    made.goto(URL)
    yield made
    context.close()


def _answer(route: Route) -> None:
    if route.request.url != URL:
        # No content, so following a link does not leave the page.
        route.fulfill(status=204)
        return
    policy = {"Content-Security-Policy-Report-Only": "script-src 'report-sample' 'none'"}
    route.fulfill(body="<!doctype html><title>A page</title>", content_type="text/html", headers=policy)


def ran(page: Page, texts: Sequence[str], milliseconds: int = MILLISECONDS) -> list[str]:
    """Insert texts into the page, use every element that they create, and return what was run in some time."""
    reported: list[str] = page.evaluate("([texts, wait]) => insertAll(texts, wait)", [texts, milliseconds])
    return reported


def culprits(page: Page, texts: Sequence[str]) -> list[str]:
    """Find the texts that run something, so that a failure names them."""
    if not ran(page, texts):
        return []
    if len(texts) == 1:
        return list(texts)
    half = len(texts) // 2
    # If neither half runs anything alone, the texts are dangerous only together.
    return culprits(page, texts[:half]) + culprits(page, texts[half:]) or list(texts)


@pytest.mark.parametrize("name", RUNNING)
def test_this_browser_runs_dangerous_text(page: Page, name: str) -> None:
    """Each of these texts runs a script in this browser, so the tests below would notice it."""
    assert any(ran(page, [RUNNING[name]], wait) for wait in WAITS)


@pytest.mark.parametrize("name", RUNNING_TOGETHER)
def test_this_browser_runs_dangerous_pairs(page: Page, name: str) -> None:
    """Each of these texts runs a script together with the next one, but neither of them alone does."""
    pair = RUNNING_TOGETHER[name]
    assert any(ran(page, pair, wait) for wait in WAITS)
    # On a busy machine an image of the pair may fail to load, and report its handler, only after this.
    page.goto(URL)
    assert [text for text in pair if ran(page, [text])] == []


@pytest.fixture
def stored(client: Client, connect: Callable[[Settings], None], settings: Settings) -> Callable[[list[str]], list[str]]:
    """Send texts in configs and return those that are stored; each attempt leaves out what the last one refused."""
    # An answer names at most twenty refused texts, so the collection needs more writes than a minute allows.
    connect(replace(settings, writes_per_minute=100_000, requests_per_minute=100_000))
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


def test_no_stored_text_runs(page: Page, stored: Callable[[list[str]], list[str]]) -> None:
    """Of thousands of published payloads, none that the service stores runs a script in the page."""
    texts = collection()
    assert len(texts) > 4_000
    kept: list[str] = []
    for start in range(0, len(texts), BATCH):
        batch = stored(texts[start : start + BATCH])
        kept += batch
        assert culprits(page, batch) == []
    # Harmless tags among them are kept.
    assert len(kept) > 1_500


def test_harmless_text_is_stored_and_runs_nothing(page: Page, stored: Callable[[list[str]], list[str]]) -> None:
    """Every harmless text is stored unchanged, and the page shows it without running anything."""
    assert stored(HARMLESS) == HARMLESS
    assert culprits(page, HARMLESS) == []


def test_unsafe_text_is_refused(stored: Callable[[list[str]], list[str]]) -> None:
    """Every unsafe text is refused, and a harmless one beside them is stored."""
    assert stored([*UNSAFE.values(), "kept"]) == ["kept"]


def test_every_handler_of_this_browser_is_known(page: Page) -> None:
    """An attribute named after any of this browser's event handlers is refused."""
    names: set[str] = set(page.evaluate("handlerNames()"))
    assert len(names) > 100
    assert names <= HANDLERS
    assert [name for name in names if not is_unsafe(f"<b {name}=x>")] == []


def test_no_other_attribute_of_the_form_is_a_handler(page: Page) -> None:
    """Words that begin with on and are no known handler run nothing in this browser."""
    words = ["onion", "onsale", "oncall", "ontime", "onboard", "onset", "onsomethingnew", "onhand", "onto"]
    texts = [f"<b {name}=alert(1) tabindex=0>x</b>" for name in words]
    assert [text for text in texts if is_unsafe(text)] == []
    assert culprits(page, texts) == []


# --- generated texts ---

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
    """A script or an address with some of its characters escaped or altered."""
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
    """Mostly a start tag, well-formed or not."""
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


def test_no_accepted_text_runs(page: Page) -> None:
    """No accepted combination of tags, attributes, escapes and syntax errors runs anything."""

    @settings(max_examples=max(1, settings().max_examples // 4))
    @given(st.lists(fragments, min_size=10, max_size=40))
    def check(texts: list[str]) -> None:
        accepted = [text for text in texts if not is_unsafe(text)]
        assert culprits(page, accepted) == []

    check()
