"""The workflows run what exists, with the least rights, and in an order in which nothing untested is published."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from samcli.yamlhelper import yaml_parse
from support.project.template import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
WORKFLOWS: dict[str, dict[Any, Any]] = {path.name: yaml_parse(path.read_text()) for path in FILES}
READ, IDENTIFIED = {"contents": "read"}, {"contents": "read", "id-token": "write"}
# What the token of each job may do; nothing that is not listed.
PERMISSIONS = {
    "test.yml/test": READ,
    "deploy.yml/test": READ,
    "deploy.yml/dev": IDENTIFIED,
    "stage.yml/changes": IDENTIFIED,
    "stage.yml/deploy": IDENTIFIED,
    "release.yml/check": READ,
    "release.yml/test": READ,
    "release.yml/prod": IDENTIFIED,
    "release.yml/npm": IDENTIFIED,
    "release.yml/github": {"contents": "write"},
}
# What the runners of GitHub have; the rest is this repository's.
PROGRAMS = {"cat", "echo", "gh", "make", "npm", "python", "tee"}


class Job(NamedTuple):
    workflow: str
    name: str
    content: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.workflow}/{self.name}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.content.get("steps", []))


class Run(NamedTuple):
    """A step that runs commands."""

    place: str
    commands: str
    folder: Path
    variables: set[str]


JOBS = [Job(file, name, job) for file, workflow in WORKFLOWS.items() for name, job in workflow["jobs"].items()]
RUNS = [
    Run(job.place, step["run"], ROOT / step.get("working-directory", "."), set(step.get("env", {})))
    for job in JOBS
    for step in job.steps
    if "run" in step
]
BY_PLACE = {job.place: job.content for job in JOBS}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a script, those in a pipe or in `$(…)`, too, without redirections."""
    inner = re.findall(r"\$\(([^()]*)\)", text)
    for command in re.split(r"\||\n", re.sub(r"\$\([^()]*\)", "x", text.strip())) + inner:
        yield shlex.split(re.sub(r">>? *\S+", "", command))


def test_zizmor_finds_nothing() -> None:
    """zizmor, which audits workflows for what attackers use, has no finding; offline, so it asks no one."""
    program = Path(sys.executable).with_name("zizmor")
    run = [str(program), "--offline", "--strict-collection", "--no-progress", "--quiet", str(ROOT / ".github")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)  # noqa: S603 - the locked zizmor
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned(path: Path) -> None:
    """An action of others is named by its commit, with its version beside it, and has one commit everywhere."""
    used = re.findall(r"uses: (\S+)(?: # (\S+))?$", path.read_text(), re.MULTILINE)
    assert len(used) == path.read_text().count("uses: ")
    for action, version in used:
        if action.startswith("./"):
            assert (ROOT / action).is_file()
        else:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), action
    everywhere = re.findall(r"uses: ([\w./-]+)@(\w+)", "".join(each.read_text() for each in FILES))
    assert len(dict(everywhere)) == len(set(everywhere))


def test_tokens_have_least_rights() -> None:
    """No workflow has rights as a whole, each job only those of the list, and no checkout leaves its token behind."""
    assert {name: workflow["permissions"] for name, workflow in WORKFLOWS.items()} == {name: {} for name in WORKFLOWS}
    assert {job.place: job.content["permissions"] for job in JOBS} == PERMISSIONS
    checkouts = [step for job in JOBS for step in job.steps if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_secret_is_stored() -> None:
    """The workflows read no secret: AWS and npm accept GitHub's own token of the job."""
    assert not [name for name in WORKFLOWS if "secrets" in (FOLDER / name).read_text()]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.place}: {run.commands.splitlines()[0][:40]}")
def test_a_step_runs_what_exists(run: Run) -> None:
    """Its programs are known, its targets, modules and scripts exist, and its variables are given to it."""
    targets = set(re.findall(r"^([\w./-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for program, *words in commands(run.commands):
        assert program in PROGRAMS
        if program == "make":
            assert {word for word in words if not word.startswith("-")} <= targets
        if program == "python":
            assert find_spec(words[1])
        if program == "npm" and words[0] == "run":
            assert words[1] in json.loads((run.folder / "package.json").read_text())["scripts"]
    named = set(re.findall(r"\$\{?(\w+)", run.commands))
    assert {name for name in named if not name.startswith("GITHUB_")} <= run.variables


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.place}: {run.commands.splitlines()[0][:40]}")
def test_no_expression_becomes_code(run: Run) -> None:
    """No step puts an expression into its script, where a branch's name or an input would run as a command."""
    assert "${{" not in run.commands


def test_every_job_ends() -> None:
    """Each job that runs steps has a limit of two hours or less; GitHub's own would be six."""
    limits = {job.place: job.content.get("timeout-minutes") for job in JOBS if job.steps}
    assert all(limit and limit <= 120 for limit in limits.values()), limits


def needed(workflow: str, job: str) -> set[str]:
    """Return the jobs that have to succeed before a job starts."""
    needs = WORKFLOWS[workflow]["jobs"][job].get("needs", [])
    direct = set(needs if isinstance(needs, list) else [needs])
    return direct | {other for name in direct for other in needed(workflow, name)}


@pytest.mark.parametrize("place", ["deploy.yml/dev", "release.yml/prod", "release.yml/npm", "release.yml/github"])
def test_nothing_untested_is_deployed_or_published(place: str) -> None:
    """What leaves the repository waits for the tests of the same commit, and a release for the check of its tag."""
    workflow, job = place.split("/")
    assert {"test"} <= needed(workflow, job)
    assert WORKFLOWS[workflow]["jobs"]["test"]["uses"] == "./.github/workflows/test.yml"
    assert workflow == "deploy.yml" or "check" in needed(workflow, job)


def test_tests_run_once_for_every_push_and_pull_request() -> None:
    """Pushes to main and tags are tested by the workflow that deploys them, all others by the tests' own."""
    # YAML 1.1 reads the key `on` as true.
    triggers = {name: workflow[True] for name, workflow in WORKFLOWS.items()}
    assert triggers["test.yml"] == {"push": {"branches-ignore": ["main"]}, "pull_request": None, "workflow_call": None}
    assert triggers["deploy.yml"] == {"push": {"branches": ["main"]}}
    assert triggers["release.yml"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    assert set(triggers["stage.yml"]) == {"workflow_call"}


@pytest.mark.parametrize(("place", "stage"), [("deploy.yml/dev", "dev"), ("release.yml/prod", "prod")])
def test_deployments_of_a_stage_never_overlap(place: str, stage: str) -> None:
    """A second deployment of a stage waits for the first, from its change set to its rollout, and cancels nothing."""
    job = BY_PLACE[place]
    assert (job["uses"], job["with"]) == ("./.github/workflows/stage.yml", {"stage": stage})
    assert job["concurrency"] == {"group": f"deploy-{stage}", "cancel-in-progress": False}


def test_what_was_shown_is_executed() -> None:
    """The deploying job executes the change set that the job before it printed, in the environment with reviewers."""
    changes, deploy = BY_PLACE["stage.yml/changes"], BY_PLACE["stage.yml/deploy"]
    assert (changes["environment"], deploy["environment"]) == ("${{ inputs.stage }}-changes", "${{ inputs.stage }}")
    assert changes["outputs"] == {"arn": "${{ steps.changes.outputs.arn }}"}
    assert deploy["steps"][-1]["env"]["CHANGES"] == "${{ needs.changes.outputs.arn }}"
    assert deploy["needs"] == "changes"


def test_a_failed_command_in_a_pipe_fails_its_step() -> None:
    """Steps that pipe into the job's summary run in a shell that does not lose the exit code."""
    piping = {run.place.split("/")[0] for run in RUNS if "|" in run.commands}
    assert piping == {"stage.yml"}
    assert WORKFLOWS["stage.yml"]["defaults"]["run"]["shell"] == "bash"


def test_a_session_lasts_as_long_as_its_job() -> None:
    """The deploying job has credentials for as long as it may run, and the role allows that."""
    deploy = BY_PLACE["stage.yml/deploy"]
    (session,) = [step["with"]["role-duration-seconds"] for step in deploy["steps"] if "role-duration" in str(step)]
    roles = yaml_parse((ROOT / "docs" / "deployment-roles.yaml").read_text())["Resources"]
    assert roles["DeployRole"]["Properties"]["MaxSessionDuration"] == session == deploy["timeout-minutes"] * 60


def test_python_is_the_functions() -> None:
    """The workflows install the Python version of `.python-version`, which is the functions'."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    assert template["Globals"]["Function"]["Runtime"] == f"python{(ROOT / '.python-version').read_text().strip()}"
    pythons = [step for job in JOBS for step in job.steps if step.get("uses", "").startswith("actions/setup-python@")]
    assert all(step["with"] == {"python-version-file": ".python-version"} for step in pythons)
