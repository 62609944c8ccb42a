"""How the page loads in a browser whose network and processor are slowed down by the DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/tot/Network/#method-emulateNetworkConditions
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from playwright.sync_api import CDPSession
from support.running.browser import Device, Json

# A slow phone network, in milliseconds and bytes per second, and a phone's processor.
SLOW: Final = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
TIMES_SLOWER: Final = 4
TABLE: Final = re.compile(r"/data(\?|/|$)")
PROJECT: Final = re.compile(r"/api/projects/[^/?]+$")
TOKEN: Final = re.compile(r"/local/token")

# The first number in a card, and the first canvas with a pixel on it, looked for in every frame.
FIRST_CHART: Final = """
    const isDrawn = (canvas) => {
        if (!canvas.width || !canvas.height) return false;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Uint32Array(data.buffer).some((pixel) => pixel !== 0);
    };
    window.firstCharts = new Promise((resolve) => {
        let number;
        const look = () => {
            const figures = [...document.querySelectorAll("article .figure")];
            if (figures.some((each) => each.textContent.trim())) number ??= performance.now();
            const canvases = [...document.querySelectorAll("article canvas")];
            if (canvases.some(isDrawn)) resolve({ number, drawing: performance.now() });
            else requestAnimationFrame(look);
        };
        look();
    });
"""
TIMES: Final = """async () => ({
    ...(await window.firstCharts),
    ...Object.fromEntries(performance.getEntriesByType("paint").map(({ name, startTime }) => [name, startTime])),
    sizes: Object.fromEntries(
        performance.getEntriesByType("resource").map(({ name, transferSize }) => [name, transferSize]),
    ),
})"""


@dataclass
class Request:
    """A request of the page, with its bytes as they came over the network, headers included; none from the cache."""

    url: str
    bytes: int = 0


@dataclass(frozen=True)
class Load:
    """One load of a dashboard: times in milliseconds since the navigation, and what was requested."""

    first_paint: float
    first_contentful_paint: float
    first_chart: float
    first_drawing: float
    requests: list[Request]

    @property
    def bytes(self) -> int:
        return sum(request.bytes for request in self.requests)

    @property
    def bytes_without_the_table(self) -> int:
        return sum(request.bytes for request in self.requests if not TABLE.search(request.url))

    def count(self, pattern: str | re.Pattern[str]) -> int:
        return sum(bool(re.search(pattern, request.url)) for request in self.requests)


class Recorder:
    """The requests of a device's page and its workers that reach the network, from now on."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._requests: dict[str, Request] = {}
        for method in ("requestWillBeSent", "requestServedFromCache", "responseReceived", "loadingFinished"):
            session.on(f"Network.{method}", partial(self._heard, f"Network.{method}"))
        session.send("Network.enable")
        # Playwright has no session for a worker; without `flatten`, its messages come through the page's session.
        session.on("Target.attachedToTarget", self._attached)
        session.on("Target.receivedMessageFromTarget", self._received)
        session.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": False})

    def take(self) -> list[Request]:
        """Return what was recorded, and forget it."""
        taken, self._requests = list(self._requests.values()), {}
        return taken

    def _attached(self, event: Json) -> None:
        for number, method in enumerate(("Network.enable", "Runtime.runIfWaitingForDebugger")):
            message = json.dumps({"id": number, "method": method})
            self._session.send("Target.sendMessageToTarget", {"sessionId": event["sessionId"], "message": message})

    def _received(self, event: Json) -> None:
        message = json.loads(event["message"])
        if "method" in message:
            self._heard(message["method"], message["params"])

    def _heard(self, method: str, event: Json) -> None:
        name = event.get("requestId", "")
        match method:
            case "Network.requestWillBeSent" if event["request"]["url"].startswith("http"):
                self._requests[name] = Request(event["request"]["url"])
            case "Network.requestServedFromCache":
                self._requests.pop(name, None)
            case "Network.responseReceived" if event["response"].get("fromDiskCache"):
                self._requests.pop(name, None)
            case "Network.loadingFinished" if name in self._requests:
                self._requests[name].bytes = int(event["encodedDataLength"])


def slowed(device: Device) -> Recorder:
    """Slow a device's network and processor down, and record its requests."""
    device.run_first(FIRST_CHART)
    session = device.context.new_cdp_session(device.page)
    recorder = Recorder(session)
    session.send("Network.emulateNetworkConditions", {"offline": False, **SLOW})
    # The protocol slows the page's thread down, and no worker.
    session.send("Emulation.setCPUThrottlingRate", {"rate": TIMES_SLOWER})
    return recorder


def measured(device: Device, recorder: Recorder, navigate: Callable[[], object]) -> Load:
    """Measure one navigation to a dashboard, until a chart is drawn and nothing more is requested."""
    recorder.take()
    navigate()
    device.page.evaluate("() => window.firstCharts")
    device.page.wait_for_load_state("networkidle")
    times = device.page.evaluate(TIMES)
    requests = recorder.take()
    for request in requests:
        # The end of a worker's own script is not an event.
        request.bytes = request.bytes or times["sizes"].get(request.url, 0)
    drawing = times["drawing"]
    return Load(
        first_paint=times["first-paint"],
        first_contentful_paint=times["first-contentful-paint"],
        first_chart=min(drawing, times.get("number", drawing)),
        first_drawing=drawing,
        requests=[request for request in requests if request.bytes],
    )
