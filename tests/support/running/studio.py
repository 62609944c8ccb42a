"""Where pictures of the page are taken: its devices at one width in one scheme, and what is wrong in the pictures."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, Route
from support.running.browser import Device, Json, Project, script_of
from support.running.local_stack import LocalStack

type Scheme = Literal["light", "dark"]

AXE: Final = (
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))"
)
WIDER: Final = """() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const all = [...document.querySelectorAll("body *")];
    return all
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
        .map((each) => `wider than the page: ${each.outerHTML.slice(0, 120)}`);
}"""


class Studio:
    """A width and a scheme: the devices and dashboards of its scenes, its pictures, and what was found in them."""

    def __init__(
        self, stack: LocalStack, browser: Browser, size: tuple[int, int], scheme: Scheme, folder: Path
    ) -> None:
        self._stack = stack
        self._browser = browser
        self._size = size
        self._scheme = scheme
        self._devices: list[Device] = []
        self._held: list[list[Route]] = []
        self._users = 0
        self._folder = folder
        self.taken: list[Path] = []
        self.findings: list[str] = []

    @property
    def variant(self) -> str:
        return f"{self._size[0]}-{self._scheme}"

    @property
    def is_narrow(self) -> bool:
        return self._size[0] < 720

    def user(self) -> str:
        """Return the name of a user who has nothing yet."""
        self._users += 1
        return f"user-{self._users}-{self.variant}"

    def device(self, user: str) -> Device:
        options: Json = {"color_scheme": self._scheme, "has_touch": self.is_narrow}
        self._devices.append(Device(self._browser, self._stack.url, user, size=self._size, **options))
        return self._devices[-1]

    def hold(self, device: Device, address: str) -> None:
        """Leave requests to an address without an answer until the scene is over."""
        self._held.append(device.hold(address))

    def project(self, user: str, config: Json | None, rows: list[Json] | None, name: str = "Sales") -> Project:
        return Project(self._stack.client(user), config, rows, name)

    def take(self, device: Device, view: str) -> None:
        """Take a picture of a view as it is seen, and look for what is wrong with it."""
        page = device.page
        # What the mouse or the last step has left behind is over by then.
        page.wait_for_timeout(250)
        file = self._folder / f"{view}-{self.variant}.png"
        page.screenshot(path=file)
        self.taken.append(file)
        self.findings += [f"{file.stem}: {found}" for found in (*_violations(page), *page.evaluate(WIDER))]

    def take_all(self, device: Device, view: str, most: int = 6) -> None:
        """Take a picture of each screen of a view that is longer than one."""
        for number in range(1, most + 1):
            self.take(device, view if number == 1 else f"{view}-{number}")
            before = device.page.evaluate("scrollY")
            device.page.evaluate("scrollBy(0, innerHeight - 120)")
            if device.page.evaluate("scrollY") == before:
                return

    def take_failed(self, scene: str) -> None:
        """Take a picture of where a scene has stopped."""
        for device in self._devices[-1:]:
            device.page.screenshot(path=self._folder / f"failed-{scene}-{self.variant}.png")

    def close(self, scene: str) -> None:
        """Close the devices of a scene, and report errors of their scripts."""
        for route in chain.from_iterable(self._held):
            route.abort()
        self._held.clear()
        for device in self._devices:
            self.findings += [f"{scene}: {error}" for error in device.errors]
            device.close()
        self._devices.clear()


def _violations(page: Page) -> Iterator[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(script_of("axe-core/axe.min.js"))
    for rule, places in page.evaluate(AXE):
        yield f"axe {rule}: {places[0][:160]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}"
