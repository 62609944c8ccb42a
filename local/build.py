"""Build what is deployed, to AWS and locally: `python -m local.build --architecture arm64`.

`python -m local.build --validate` only lints the template, unless it has already passed.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped] # it ships no types

from local import ROOT
from local.processes import ChildFailedError, run_tool, tool

SAM_FOLDER = ROOT / ".aws-sam"
SAM = ROOT / ".venv" / "bin" / "sam"
# 1 January 2020; a zip archive cannot represent times before 1980.
_TIME = 1_577_836_800
# The services called with boto3. botocore ships the descriptions of 400 services, half of its size.
_SERVICES = ("apigatewaymanagementapi", "appconfigdata", "codedeploy", "lambda", "s3")
# What names the folder of a resource's code.
_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_SOURCES = ("template.yaml", "samconfig.toml", "functions", "shared", "requirements/dev.txt", "local/build.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--architecture", choices=["arm64", "x86_64"])
    wanted.add_argument("--validate", action="store_true")
    options = parser.parse_args()
    try:
        with exclusive():
            print(_validated() if options.validate else _built(options.architecture))
    except ChildFailedError as error:
        sys.exit(str(error))


def _validated() -> str:
    with _validating():
        return "template.yaml is valid"


def _built(architecture: str) -> str:
    folder = SAM_FOLDER / "build"
    built = build(folder, architecture)
    return f"{'Built' if built else 'Up to date:'} {folder.relative_to(ROOT)} ({architecture})"


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Prevent other builds while this one is in use: several stacks share one build."""
    SAM_FOLDER.mkdir(exist_ok=True)
    with (SAM_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(folder: Path, architecture: str) -> bool:
    """Build into the folder unless it is up to date; return whether a build was necessary."""
    stamp = folder.with_suffix(".stamp")
    wanted = source_fingerprint(architecture)
    if folder.exists() and _read(stamp) == wanted:
        return False
    stamp.unlink(missing_ok=True)
    with _validating():
        _sam("build", "--cached", "--build-dir", str(folder), "--parameter-overrides", f"Architecture={architecture}")
    _drop_unused_services(folder)
    _compile(folder)
    _forget_times(folder)
    stamp.write_text(wanted)
    return True


def packed(folder: Path) -> Path:
    """Pack the functions and layers of a build, unless that is done, and return a template that names the archives.

    SAM uploads archives as they are, while it hashes and packs folders at each deployment, and it reads JSON at once,
    while it parses YAML seven times: that is more than half of what deploying costs.
    """
    archives = folder.with_suffix(".packed")
    template, stamp = archives / "template.json", folder.with_suffix(".packed.stamp")
    wanted = _read(folder.with_suffix(".stamp"))
    if _read(stamp) != wanted:
        stamp.unlink(missing_ok=True)
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir()
        document = yaml_parse((folder / "template.yaml").read_text())
        for name, resource in document["Resources"].items():
            if place := _CODE.get(resource["Type"]):
                archive = f"{name}.zip"
                _pack(folder / resource["Properties"][place], archives / archive)
                resource["Properties"][place] = archive
        template.write_text(json.dumps(document))
        stamp.write_text(wanted)
    return template


def source_fingerprint(architecture: str) -> str:
    return fingerprint(architecture, _SOURCES)


def fingerprint(salt: str, names: Iterable[str]) -> str:
    """Hash files and folders of the checkout by path and content."""
    digest = hashlib.sha256(salt.encode())
    for file in _files(names):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"\n{file.relative_to(ROOT)}\n{content}".encode())
    return digest.hexdigest()


def tool_environment() -> dict[str, str]:
    """Return the environment for sam: this checkout's own tools first on the path, and never an AWS account."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return mine | {
        "PATH": f"{SAM.parent}{os.pathsep}{mine.get('PATH', os.defpath)}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def sam(log: str, *arguments: str, env: dict[str, str], state: Path) -> None:
    run_tool(log, [str(SAM), *arguments], env=env, state=state)


def _sam(*arguments: str) -> None:
    sam(arguments[0], *arguments, env=tool_environment(), state=SAM_FOLDER)


@contextlib.contextmanager
def _validating() -> Iterator[None]:
    """Lint the template in parallel with the block, if it or the linter changed: linting takes longer than building."""
    stamp = SAM_FOLDER / "validated.stamp"
    wanted = fingerprint("", ("template.yaml", "samconfig.toml", "requirements/dev.txt"))
    if _read(stamp) == wanted:
        yield
        return
    command = [str(SAM), "validate", "--lint"]
    with tool("validate", command, env=tool_environment(), state=SAM_FOLDER):
        yield
    stamp.write_text(wanted)


def _drop_unused_services(folder: Path) -> None:
    """Remove data that no function reads, so the layer packs, uploads and unpacks in a third of the time."""
    for description in folder.glob("*/python/botocore/data/*/"):
        if description.name not in _SERVICES:
            shutil.rmtree(description)


def _compile(folder: Path) -> None:
    """Ship bytecode: a function cannot save what it compiles, and starting takes 2.4 to 2.8 times as long without.

    The bytecode is unchecked, because packing changes the sources' times, and has the paths that Lambda shows in a
    traceback.
    """
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        shown = "/opt" if (part / "python").is_dir() else "/var/task"
        options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(part), "-p", shown]
        command = [sys.executable, "-m", "compileall", *options, str(part)]
        run_tool("compile", command, env=tool_environment(), state=SAM_FOLDER)


def _forget_times(folder: Path) -> None:
    """Give all files the same time, so that equal content packs to an equal archive, which is not deployed again."""
    for path in folder.rglob("*"):
        os.utime(path, (_TIME, _TIME))


def _pack(folder: Path, archive: Path) -> None:
    """Pack a folder, in a fixed order, so that equal content packs to an equal archive, which is not deployed again."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packing:
        for file in sorted(_below(folder)):
            packing.write(file, file.relative_to(folder))


def _files(names: Iterable[str]) -> list[Path]:
    found = [file for name in names for file in _below(ROOT / name)]
    return sorted(file for file in found if file.suffix != ".pyc")


def _below(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""


if __name__ == "__main__":
    main()
