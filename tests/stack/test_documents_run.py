"""The commands of README.md and docs/tour.md work as printed."""

import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from support.project.template import ROOT
from support.running.local_stack import LocalStack

README = ROOT / "README.md"
TOUR = ROOT / "docs" / "tour.md"
TOKEN = "$(make -s token SUB=user-1)"
SEPARATOR = "\x1e"
# What differs from run to run: times, ids of requests, uploads and people, and the owner's part of addresses.
VARYING = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "<date>"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
    (r"\b[0-9a-f]{32}\b", "<upload>"),
    (r'"[A-Za-z0-9_-]+~', '"<owner>~'),
    (r"(?<![\w-])[\w-]{22}(?![\w-])", "<person>"),
)


class Step(NamedTuple):
    command: str
    output: str


def steps(text: str) -> list[Step]:
    """Return the commands of the console blocks with what they print, without those that call `make` themselves."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = [
        Step(command, output.strip())
        for block in blocks
        for command, output in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    ]
    return [step for step in found if not step.command.startswith("make ")]


def run(commands: list[str], stack: LocalStack, folder: Path) -> list[str]:
    """Run the commands in one shell, as a user of the stack, and return what each prints."""
    script = "".join(f"{command}\nprintf '{SEPARATOR}'\n" for command in commands)
    script = script.replace(TOKEN, stack.token("user-of-the-tour")).replace("http://127.0.0.1:8000", stack.url)
    shell = subprocess.run(["bash"], input=script, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S607
    return [output.strip() for output in shell.stdout.split(SEPARATOR)[:-1]]


def settled(text: str) -> str:
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return text.replace("user-of-the-tour", "user-1").replace("\r", "")


def matches(printed: str, output: str) -> bool:
    """Compare an output with the printed one: as JSON if it is, else as text where an ellipsis stands for anything."""
    printed, output = settled(printed), settled(output)
    if printed.startswith("{"):
        return bool(json.loads(printed) == json.loads(output))
    pattern = ".*".join(re.escape(part) for part in printed.split("…"))
    return re.fullmatch(pattern, output, re.DOTALL) is not None


def test_the_readme_works(stack: LocalStack, tmp_path: Path) -> None:
    """Each save of the README is answered with the version or the status of its comment."""
    commands = [step.command for step in steps(README.read_text())]
    outputs = run(commands, stack, tmp_path)
    promised = [re.search(r"# (version|status) (\d+)$", command) for command in commands]
    found = [(json.loads(output), match) for output, match in zip(outputs, promised, strict=True) if match]
    assert [response[match[1]] for response, match in found] == [1, 2, 412]
    assert [int(match[2]) for _, match in found] == [1, 2, 412]


def test_the_tour_works(stack: LocalStack, tmp_path: Path) -> None:
    """Each command of the tour prints what the tour says, times and ids aside."""
    tour = steps(TOUR.read_text())
    assert len(tour) > 10
    outputs = run([step.command for step in tour], stack, tmp_path)
    differing = [(step, output) for step, output in zip(tour, outputs, strict=True) if not matches(step.output, output)]
    assert differing == []
