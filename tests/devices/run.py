"""A run of three devices of two users against a running stack, and what it has shown."""

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import httpx
from devices.device import CHARTS, PROJECTS, Device
from devices.log import Config, Log
from devices.proxy import Proxy
from devices.verdict import Verdict
from support.project.template import ROOT
from support.running.engines import engine
from support.running.local_stack import LocalStack

CLIENT: Final = ROOT / "web" / "client" / "dist"
REDUCED: Final = 210
"""The operations of a run of about a minute."""
UNLIMITED: Final = {"WritesPerMinute": "100000", "RequestsPerMinute": "1000000"}
"""The parameters of a stack that accepts more than people ask for and save."""
FIRST: Final[Config] = {
    "chartCustomizations": {chart: {"title": f"Chart {chart}"} for chart in CHARTS},
    "currentLayout": [{"id": chart, "x": 0} for chart in CHARTS],
    "extensions": {"edits": {}},
}


@dataclass(frozen=True)
class Outcome:
    """What a run did, and the violations of each promise."""

    done: Counter[str]
    faults: Counter[str]
    edits: int
    states: int
    versions: int
    saves: int
    other_keys: int
    """Edits that a closed page and the next one saved with different keys; the second save finds them made."""
    violations: Mapping[str, list[str]]

    def figures(self) -> dict[str, str | int]:
        faults = ", ".join(f"{number} {name}" for name, number in self.faults.most_common())
        return {
            "operations": self.done.total(),
            "kills": self.done["kill"],
            "reloads and closed tabs": self.done["reload"] + self.done["reopen"] + self.done["switch"],
            "faults": faults,
            "saves that reached the server": self.saves,
            "versions": self.versions,
            "states seen": self.states,
            "edits kept or saved": self.edits,
            "edits saved again with another key": self.other_keys,
            **{promise: len(found) for promise, found in self.violations.items()},
        }


def client_files(replacements: Mapping[tuple[str, str], str] | None = None) -> dict[str, bytes]:
    """Read the compiled client, and replace texts of its modules: `(module, text)`, which must be there once."""
    files = {file.name: file.read_bytes() for file in CLIENT.glob("*.js")}
    for (module, text), replacement in (replacements or {}).items():
        before = files[module].decode()
        assert before.count(text) == 1, f"{module} has {before.count(text)} times: {text}"
        files[module] = before.replace(text, replacement).encode()
    return files


def run(
    stack: LocalStack,
    folder: Path,
    *,
    browser: str,
    operations: int,
    seed: int,
    client: Mapping[str, bytes] | None = None,
    pause: float = 0.1,
) -> Outcome:
    """Do so many operations on three devices while requests fail, let them settle, and judge what happened.

    `pause` is the average time between two operations of a device, in seconds.
    """
    users = (f"ann-{seed}", f"bob-{seed}")
    places = [(user, project) for user in users for project in PROJECTS]
    files, log = client or client_files(), Log()
    with ExitStack() as running:
        calls = {user: running.enter_context(stack.client(user)) for user in users}
        for user, project in places:
            document = {"id": project, "name": project, "settings": {"dashboardConfig": FIRST}}
            calls[user].post("/api/projects", json=document).raise_for_status()

        def proxy(name: str) -> Proxy:
            made = Proxy(name, stack.url, files, _chance(seed, name, "faults"), log)
            return running.enter_context(made.running())

        owners = {"device1": users, "device2": users[:1], "device3": users[1:]}
        proxies = {name: proxy(name) for name in owners}
        devices = [
            Device(owners[name], engine(browser, folder / name), proxies[name], _chance(seed, name), log)
            for name in owners
        ]
        threads = [running.enter_context(ThreadPoolExecutor(1)) for _ in devices]

        def all_do[T](work: Callable[[Device], T]) -> list[T]:
            """Do something on all devices at the same time, each in its own thread."""
            return [each.result() for each in [t.submit(work, d) for t, d in zip(threads, devices, strict=True)]]

        running.callback(all_do, Device.close)
        all_do(Device.start)
        _be_faulty(proxies.values(), is_faulty=True)
        with others(stack, users, proxy("others").url, _chance(seed, "others")):
            all_do(lambda device: device.play(operations // len(devices), pause))
        _be_faulty(proxies.values(), is_faulty=False)
        all_do(Device.calm)
        unsaved = list(chain(*all_do(Device.settle)))
        histories = {(user, project): history(calls[user], project) for user, project in places}
        finals = {place: as_text(found[max(found)]) for place, found in histories.items()}
        wrong = all_do(
            lambda device: [
                problem
                for place, text in finals.items()
                if place[0] in device.users
                for problem in device.shows(*place, text)
            ]
        )
    verdict = Verdict(log, histories)
    return Outcome(
        sum((device.done for device in devices), Counter()),
        sum((each.faults for each in proxies.values()), Counter()),
        verdict.edits_held(),
        len(log.states),
        sum(map(len, histories.values())),
        len(log.saves),
        verdict.repeated_with_another_key(),
        {
            **verdict.violations(),
            "edits that could not be saved": unsaved,
            "tabs that differ in the end": list(chain(*wrong)),
        },
    )


def _chance(*names: object) -> random.Random:
    return random.Random(" ".join(map(str, names)))  # noqa: S311 - reproducible, not secret


def _be_faulty(proxies: Iterable[Proxy], *, is_faulty: bool) -> None:
    for proxy in proxies:
        proxy.is_faulty = is_faulty


def as_text(config: Config) -> str:
    return json.dumps(config, separators=(",", ":"), ensure_ascii=False)


def history(calls: httpx.Client, project: str) -> dict[int, Config]:
    """Read all versions of a project's config."""
    at = f"/api/projects/{project}/config"
    newest = calls.get(at).raise_for_status().json()["version"]
    numbers = range(1, newest + 1)
    return {number: calls.get(f"{at}/versions/{number}").raise_for_status().json()["config"] for number in numbers}


@contextmanager
def others(stack: LocalStack, users: Sequence[str], url: str, chance: random.Random) -> Iterator[None]:
    """Let programs of the same users change the same projects, about once a second, until the block ends."""
    stopped = threading.Event()

    def write() -> None:
        calls = {user: httpx.Client(base_url=url, headers=_bearer(stack, user), timeout=60) for user in users}
        for number in itertools.count():
            if stopped.wait(chance.uniform(0.5, 1.5)):
                break
            user = chance.choice(users)
            _write(calls[user], chance, f"{user}.others.{number}")
        for each in calls.values():
            each.close()

    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(write)
        try:
            yield
        finally:
            stopped.set()
            writing.result()


def _bearer(stack: LocalStack, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token(user)}"}


def _write(calls: httpx.Client, chance: random.Random, name: str) -> None:
    """Change a chart of the newest config, merge an edit of an older one, or restore an older one."""
    at = f"/api/projects/{chance.choice(PROJECTS)}/config"
    newest = calls.get(at).raise_for_status().json()["version"]
    older = max(1, newest - chance.randint(1, 4))
    kind = chance.choice(("change", "change", "merge", "restore"))
    if kind == "change":
        patch = {"chartCustomizations": {chance.choice(CHARTS): {"title": name}}}
        answer = calls.patch(at, json=patch, headers={"Content-Type": "application/merge-patch+json"})
    elif kind == "merge":
        config = calls.get(f"{at}/versions/{older}").raise_for_status().json()["config"]
        config["extensions"]["edits"][name] = name
        answer = calls.put(f"{at}?onConflict=merge", json=config, headers={"If-Match": f'"{older}"'})
    else:
        answer = calls.post(f"{at}/versions/{older}/restore", headers={"If-Match": f'"{newest}"'})
    assert answer.is_success or answer.status_code == httpx.codes.PRECONDITION_FAILED, answer.text
