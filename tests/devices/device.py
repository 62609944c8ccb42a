"""One device: a browser with two tabs, and what its users do in them, chosen at random from a seed."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.log import Act, End, Log, Place
from devices.proxy import Proxy
from support.running.engines import Engine, Tab

PROJECTS: Final = ("sales", "costs")
CHARTS: Final = ("c1", "c2", "c3")
TABS: Final = ("left", "right")
HOUR: Final = 3_600_000
PATIENCE: Final = 120
"""Seconds until what should happen without faults is missed."""
SETTLED: Final = 5
"""How often both tabs are found clean before they are taken to have nothing more to do."""
RELOADS: Final = 3
"""How often a tab is reloaded to take over the edits of closed tabs."""

FREED: Final = 0.1
"""How likely it is before each operation that a full storage is freed."""

_READY = "async () => { await window.ready; return window.page; }"
_LOOK = "async () => { await window.ready; return window.look(); }"
_ACT = "async (act) => { await window.ready; return window.act(act); }"
_SIGN_IN = "async (user) => localStorage.setItem('user', user)"
_FAIL_WRITES = "async (isFull) => localStorage.setItem('isFull', isFull)"
_NEXT_TOKENS = "async (tokens) => sessionStorage.setItem('tokens', JSON.stringify(tokens))"
_TOKENS: Final = ("rejects", "signed out", "hangs", "rejected")

type Given = Mapping[str, Any]


@dataclass
class Opened:
    """A tab with a dashboard; `was_full`: the browser's storage was full while this page was open."""

    tab: Tab
    place: Place
    page: str = ""
    was_full: bool = False


class Device:
    """`users` take turns on the device; the first one begins."""

    def __init__(self, users: tuple[str, ...], engine: Engine, proxy: Proxy, chance: random.Random, log: Log) -> None:
        self.name = proxy.device
        self.done: Counter[str] = Counter()
        self.users = users
        self._user = users[0]
        self._engine = engine
        self._proxy = proxy
        self._chance = chance
        self._log = log
        self._is_full = False
        self._numbers = 0
        self._patience = PATIENCE
        self._tabs: dict[str, Opened] = {}

    # --- the browser ---

    def start(self) -> None:
        """Start the browser, sign in, and open both tabs."""
        self._engine.start()
        first = self._engine.tab()
        first.open(f"{self._proxy.url}/blank")
        first.run(_SIGN_IN, self._user)
        if self._is_full and not self._engine.fill_storage(full=True):
            first.run(_FAIL_WRITES, True)  # noqa: FBT003 - the argument of a JavaScript function
        for name, tab in zip(TABS, (first, self._engine.tab()), strict=True):
            self._open(name, tab, self._chance.choice(PROJECTS))

    def close(self) -> None:
        self._engine.close()

    def _open(self, name: str, tab: Tab, project: str) -> None:
        opened = Opened(tab, Place(self.name, self._user, project), was_full=self._is_full)
        self._tabs[name] = opened
        tab.open(f"{self._proxy.url}/?tab={name}&project={project}")
        opened.page = tab.run(_READY)

    def _end(self, opened: Opened, *, forgets: bool = False) -> None:
        self._log.ends.append(End(self._log.next(), opened.place, opened.page, forgets, opened.was_full))

    # --- what is done, by name ---

    def play(self, steps: int, pause: float) -> None:
        """Do so many things, with a random time between two, on average `pause` seconds."""
        try:
            for _ in range(steps):
                if self._log.is_over:
                    break
                self.step()
                time.sleep(self._chance.uniform(0, 2 * pause))
        except BaseException:
            self._log.is_over = True
            raise

    def step(self) -> None:
        """Do one thing."""
        if self._is_full and self._chance.random() < FREED:
            self._free()
        (name,) = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        self.done[name] += 1
        tab = self._chance.choice(TABS)
        if name in _OF_THE_BROWSER:
            _OF_THE_BROWSER[name](self, tab)
        else:
            self._act(self._tabs[tab], name, _GIVEN[name](self) if name in _GIVEN else {})

    def _act(self, opened: Opened, name: str, given: Given) -> None:
        found = opened.tab.run(_ACT, {"name": name, **given})
        edit = given["id"] if name == "edit" and not found["failure"] else None
        at = self._log.next()
        done = found["seq"], name, found["changes"], found["seen"], found["theirs"], found["mine"], edit
        self._log.acts.append(Act(at, opened.place, found["page"], *done))

    def _id(self) -> str:
        """Return a value that nobody else issues; it names the user."""
        self._numbers += 1
        return f"{self._user}.{self.name}.{self._numbers}"

    def _new(self, **given: Any) -> Given:
        return {"id": self._id(), "number": self._number(), **given}

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers * 100 + int(self.name[-1])

    def _some_tokens(self) -> list[str]:
        return self._chance.choices(_TOKENS, k=self._chance.randint(1, 3))

    def _reload_signed_out(self, name: str) -> None:
        """Reload a tab that then gets no token for a while: it shows the copy of the last user that was stored."""
        if not self._is_full:
            self._tabs[name].tab.run(_NEXT_TOKENS, self._some_tokens())
            self._reload(name)

    def _reload(self, name: str) -> None:
        opened = self._tabs[name]
        self._end(opened)
        opened.tab.reload()
        opened.was_full = self._is_full
        opened.page = opened.tab.run(_READY)

    def _reopen(self, name: str) -> None:
        """Close a tab and open another one, perhaps with another project."""
        self._end(self._tabs[name])
        # First the new tab, because a browser ends with its last one.
        tab = self._engine.tab()
        self._tabs[name].tab.close()
        self._open(name, tab, self._chance.choice(PROJECTS))

    def _switch(self, name: str) -> None:
        """Open another project in a tab."""
        opened = self._tabs[name]
        self._end(opened)
        (other,) = set(PROJECTS) - {opened.place.project}
        self._open(name, opened.tab, other)

    def _kill(self, _: str) -> None:
        """Kill the browser and start it again."""
        self._kill_browser()
        self.start()

    def _kill_browser(self) -> None:
        self._engine.kill()
        for opened in self._tabs.values():
            self._end(opened, forgets=opened.was_full or not self._engine.keeps_its_profile)

    def _sign_in(self, name: str) -> None:
        """Another user signs in; edits made before the pages notice belong to the one before. Then both tabs reload."""
        if len(self.users) == 1 or self._is_full:
            return
        opened = self._tabs[name]
        (other,) = set(self.users) - {self._user}
        opened.tab.run(_SIGN_IN, other)
        for each in self._tabs.values():
            self._act(each, "edit", self._new())
            self._act(each, "save", {})
        self._user = other
        for each_name, each in list(self._tabs.items()):
            self._end(each)
            self._open(each_name, each.tab, each.place.project)

    def _fill(self, name: str) -> None:
        """Use up the storage for a while: in the pages alone, or in the browser, which notices when it is restarted."""
        self._is_full = True
        if self._chance.choice((True, False)):
            self._kill_browser()
            self.start()
        else:
            self._tabs[name].tab.run(_FAIL_WRITES, True)  # noqa: FBT003 - the argument of a JavaScript function
            for opened in self._tabs.values():
                opened.was_full = True

    def _free(self) -> None:
        self._is_full = False
        self._engine.fill_storage(full=False)
        self._tabs["left"].tab.run(_FAIL_WRITES, False)  # noqa: FBT003 - the argument of a JavaScript function

    # --- afterwards ---

    def calm(self) -> None:
        """End every fault of this device; what its tabs have not saved stays for `settle`."""
        self._free()
        for opened in self._tabs.values():
            for name, given in (("tokens", {"tokens": []}), ("clock", {"clock": 0}), ("autosave", {"on": True})):
                self._act(opened, name, given)
            self._act(opened, "show", {})

    def settle(self) -> list[str]:
        """Save what every user has left on this device, and return what cannot be saved."""
        places = [(user, project) for user in self.users for project in PROJECTS]
        return [problem for place in places if (problem := self._settle(*place))]

    def _settle(self, user: str, project: str) -> str | None:
        self._go_to(user, project)
        problem = self._save_all()
        return problem and f"{self.name} {user} {project}: {problem}"

    def _save_all(self) -> str | None:
        """Save until both tabs are clean and the browser has no edits left; return what is left if nothing helps."""
        reloads = 0
        deadline = time.monotonic() + PATIENCE
        while not self._is_saved(deadline):
            # An unanswered save of a closed tab waits for a page that shows no newer version yet.
            if reloads == RELOADS:
                return str([opened.tab.run(_LOOK) for opened in self._tabs.values()])
            reloads += 1
            self._reload("left")
        return None

    def _is_saved(self, deadline: float) -> bool:
        """Save what is unsaved; return whether nothing is left, or whether both tabs are clean and something is."""
        settled = 0
        while settled < SETTLED and time.monotonic() < deadline:
            for opened in self._tabs.values():
                self._act(opened, "resolve", {"choice": "mine"})
                self._act(opened, "save", {})
                self._act(opened, "load", {})
            seen = [opened.tab.run(_LOOK) for opened in self._tabs.values()]
            is_clean = all(each["status"] in {"clean", "corrected"} for each in seen)
            if is_clean and not any(each["left"] for each in seen):
                return True
            settled = settled + 1 if is_clean else 0
            time.sleep(0.2)
        return False

    def shows(self, user: str, project: str, text: str) -> list[str]:
        """Return what the tabs show if, without faults and edits, one of them does not come to show this config."""
        self._go_to(user, project)
        return [wrong for name in TABS if (wrong := self._shows(name, text))]

    def _shows(self, name: str, text: str) -> str | None:
        deadline = time.monotonic() + self._patience
        self._act(self._tabs[name], "load", {})
        while (seen := self._tabs[name].tab.run(_LOOK))["text"] != text or seen["status"] != "clean":
            if time.monotonic() > deadline:
                # One that is missed fails the run, so the others need not be waited for as long.
                self._patience = 5
                return f"{self.name} {name} shows {seen}"
            # A correction stays until something is edited; a reload drops it.
            if seen["status"] == "corrected":
                self._reload(name)
            time.sleep(0.1)
        return None

    def _go_to(self, user: str, project: str) -> None:
        """Show a user's project in both tabs."""
        self._user = user
        self._tabs["left"].tab.run(_SIGN_IN, user)
        for name, opened in list(self._tabs.items()):
            if opened.place != Place(self.name, user, project):
                self._end(opened)
                self._open(name, opened.tab, project)


# ruff: noqa: SLF001 - these tables belong to the class
_GIVEN: Final[Mapping[str, Callable[[Device], Given]]] = {
    "edit": Device._new,
    "title": lambda device: device._new(chart=device._chance.choice(CHARTS)),
    "add": Device._new,
    "remove": lambda device: {"nth": device._chance.randint(0, 3)},
    "move": lambda device: {"nth": device._chance.randint(0, 5), "number": device._number()},
    "correct": Device._new,
    "resolve": lambda device: {"choice": device._chance.choice(("mine", "theirs"))},
    "restore": lambda device: {"back": device._chance.randint(1, 3)},
    "autosave": lambda device: {"on": device._chance.random() < 0.7},
    "tokens": lambda device: {"tokens": device._some_tokens()},
    "clock": lambda device: {"clock": device._chance.randint(-72, 72) * HOUR},
}
_OF_THE_BROWSER: Final[Mapping[str, Callable[[Device, str], None]]] = {
    "reload": Device._reload,
    "reload signed out": Device._reload_signed_out,
    "reopen": Device._reopen,
    "switch": Device._switch,
    "kill": Device._kill,
    "sign in": Device._sign_in,
    "fill": Device._fill,
}
WEIGHTS: Final[Mapping[str, int]] = {
    "edit": 300,
    "title": 140,
    "add": 50,
    "remove": 25,
    "move": 50,
    "correct": 30,
    "save": 90,
    "load": 30,
    "discard": 25,
    "undo": 50,
    "redo": 25,
    "resolve": 60,
    "restore": 12,
    "autosave": 20,
    "hide": 15,
    "show": 25,
    "online": 15,
    "tokens": 25,
    "clock": 15,
    "reload": 20,
    "reload signed out": 8,
    "reopen": 15,
    "switch": 15,
    "kill": 14,
    "sign in": 6,
    "fill": 8,
}
"""How often something is done, relative to the others."""
