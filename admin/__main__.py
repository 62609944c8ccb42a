"""Run one command: `python -m admin sweep --stack dashkeep-prod --dry-run`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from admin import CannotRunError, adopt, check_issuer, delete, pause, restore, stacks, sweep, usage
from admin.archives import export
from admin.archives import importing as import_archive
from admin.erasing import command as erase
from admin.sql import importing as import_sql
from admin.sql import verifying as verify_sql


class Command(NamedTuple):
    """What a command runs, which returns the exit code; its summary for `--help`; and what adds its options."""

    run: Callable[[argparse.Namespace], int]
    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]


def sweep_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    stacks.add_options(parser)


def run_sweep(options: argparse.Namespace) -> int:
    """Sweep a stack's bucket; return 1 if something is left that needs attention."""
    storage, now = stacks.opened(options), datetime.now(UTC)
    findings = sweep.find(storage, now)
    removed = [] if options.dry_run else sweep.remove(storage, findings, now)
    print("\n".join(sweep.report(findings, removed)))
    return int(len(removed) < len(findings.unnamed) or bool(findings.gone))


COMMANDS: Final = {
    "check-issuer": Command(
        check_issuer.run, "say which tokens of an issuer a deployment would accept", check_issuer.add_options
    ),
    "adopt": Command(adopt.run, "prepare a table and a bucket for a stack that is to serve them", adopt.add_options),
    "delete": Command(
        delete.run, "delete a stack, also after its flags were changed, and say what it leaves", delete.add_options
    ),
    "erase": Command(erase.run, "erase a user for good, and print a receipt", erase.add_options),
    "export": Command(export.run, "write everything that a user has into a zip", export.add_options),
    "import": Command(
        import_archive.run, "bring what was exported back, or to another stack", import_archive.add_options
    ),
    "import-sql": Command(import_sql.run, "bring dashboards of an SQL database here", import_sql.add_options),
    "pause": Command(pause.run_pause, "let no request and no record reach a stack's functions", pause.add_options),
    "restore": Command(
        restore.run, "restore a stack's table to a moment, and prepare it as adopt does", restore.add_options
    ),
    "resume": Command(pause.run_resume, "let requests and records reach a stack's functions again", pause.add_options),
    "sweep": Command(run_sweep, "find objects that no item names, and remove those older than two days", sweep_options),
    "usage": Command(usage.run, "say what each user stores, as last counted", usage.add_options),
    "verify-sql": Command(
        verify_sql.run, "compare an SQL database with what is here, row by row", verify_sql.add_options
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m admin", description="Commands for the operator of a stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.add_options(commands.add_parser(name, help=command.summary, description=command.summary))
    options = parser.parse_args(arguments)
    return COMMANDS[options.command].run(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRunError as error:
        sys.exit(str(error))
