"""What merges: ours, and others as their documentation recommends.

A merger takes the three documents of a pair and answers with the outcomes of both orders and the microseconds of one
merge: of the library's merge alone, without starting a process and without building what the library merges. Only
`git merge-file` is a process, which is started for every merge.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from merging.checker import ANYTHING, Outcome
from support.running.line_process import LineProcess

from dashboard_store.documents.merge import merge
from local import ROOT

_HERE: Final = Path(__file__).parent
_NPM: Final = _HERE / "npm"
_PYTHON: Final = ROOT / ".venv-merging" / "bin" / "python"


@dataclass(frozen=True)
class Answer:
    forward: Outcome
    backward: Outcome
    microseconds: float


type Merger = Callable[[Any, Any, Any], Answer]
"""Merges a base, theirs and mine."""


@dataclass(frozen=True)
class Peer:
    """`package` is what is installed; `used` says in Markdown how."""

    name: str
    package: str
    used: str


NODE_PEERS: Final = (
    Peer(
        "trimerge", "trimerge", "its mergers of equal values, arrays with keys and objects, combined as in its own test"
    ),
    Peer("json-diff3", "json-diff3", "`diff3` with a key for each element"),
    Peer("jsondiffpatch", "jsondiffpatch", "the changes from base to mine, patched onto theirs, with `objectHash`"),
    Peer(
        "automerge",
        "@automerge/automerge",
        "a fork of the base for each side, changed as a front end would and merged; an element that changes its "
        "position in an array is deleted and inserted; a conflict is what `getConflicts` reports anywhere",
    ),
    Peer(
        "yjs",
        "yjs",
        "a copy of the base for each side, changed like automerge's, and mine's update applied to theirs; it knows no "
        "conflicts",
    ),
)
NBDIME: Final = Peer("nbdime", "nbdime", "`decide_merge` and `apply_decisions`, which merge any JSON")
GIT: Final = Peer("git merge-file", "git", "the documents as `JSON.stringify` writes them with an indent of 2")
LAST: Final = Peer("last writer wins", "", "mine replaces theirs")
PEERS: Final = (GIT, *NODE_PEERS, NBDIME, LAST)


def ours(base: Any, theirs: Any, mine: Any) -> Answer:
    began = time.perf_counter()
    merged = merge(base, theirs, mine)
    microseconds = (time.perf_counter() - began) * 1e6
    other = merge(base, mine, theirs)
    forward, backward = (
        Outcome(each.document, tuple(each.conflicts), tuple(each.adjusted)) for each in (merged, other)
    )
    return Answer(forward, backward, microseconds)


def last_writer_wins(_base: Any, theirs: Any, mine: Any) -> Answer:
    return Answer(Outcome(mine), Outcome(theirs), 0)


@contextmanager
def opened(peer: Peer) -> Iterator[Merger]:
    """Start what a peer needs; the end of the block stops it."""
    if peer is LAST:
        yield last_writer_wins
    elif peer is GIT:
        with tempfile.TemporaryDirectory() as folder:
            yield _git(Path(folder))
    else:
        command = [str(_PYTHON), str(_HERE / "nbdime_peer.py")]
        if peer is not NBDIME:
            command = ["node", str(_NPM / "peer.js"), peer.name]
        with LineProcess(command, os.environ) as process:
            yield _asking(process)


def version_of(peer: Peer) -> str:
    if peer is LAST:
        return ""
    if peer is GIT:
        return _run("git", "--version").split()[-1]
    if peer is NBDIME:
        return _run(str(_PYTHON), "-c", "from importlib.metadata import version; print(version('nbdime'))").strip()
    return str(json.loads((_NPM / "node_modules" / peer.package / "package.json").read_text())["version"])


def _asking(process: LineProcess) -> Merger:
    def merger(base: Any, theirs: Any, mine: Any) -> Answer:
        answer = process.ask({"base": base, "theirs": theirs, "mine": mine})
        forward, backward = answer["forward"], answer["backward"]
        return Answer(_outcome(forward), _outcome(backward), forward["microseconds"])

    return merger


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    return Outcome(answer["document"]) if "document" in answer else Outcome(None, ANYTHING)


def _git(folder: Path) -> Merger:
    def merged(base: str, theirs: str, mine: str) -> Outcome:
        paths = {name: folder / f"{name}.json" for name in ("theirs", "base", "mine")}
        for name, text in zip(("theirs", "base", "mine"), (theirs, base, mine), strict=True):
            paths[name].write_text(text)
        command = ["git", "merge-file", "-p", "--quiet", *map(str, paths.values())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the command is fixed
        if done.returncode:
            return Outcome(None, ANYTHING)
        try:
            return Outcome(json.loads(done.stdout))
        except ValueError:
            return Outcome(None, is_broken=True)

    def merger(base: Any, theirs: Any, mine: Any) -> Answer:
        texts = [json.dumps(each, indent=2, ensure_ascii=False) + "\n" for each in (base, theirs, mine)]
        began = time.perf_counter()
        forward = merged(texts[0], texts[1], texts[2])
        microseconds = (time.perf_counter() - began) * 1e6
        return Answer(forward, merged(texts[0], texts[2], texts[1]), microseconds)

    return merger


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - fixed commands
