"""Run one command: `python -m admin sweep --stack dashkeep-prod --dry-run`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from admin import CannotRunError, stacks, sweep

type Command = Callable[[argparse.Namespace], int]


def run_sweep(options: argparse.Namespace) -> int:
    """Sweep a stack's bucket; return 1 if something is left that needs attention."""
    storage, now = stacks.opened(options), datetime.now(UTC)
    findings = sweep.find(storage, now)
    removed = [] if options.dry_run else sweep.remove(storage, findings, now)
    print("\n".join(sweep.report(findings, removed)))
    return int(len(removed) < len(findings.unnamed) or bool(findings.gone))


COMMANDS: Final[dict[str, tuple[Command, str]]] = {
    "sweep": (run_sweep, "find objects that no item names, and remove those older than two days"),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m admin", description="Commands for the operator of a stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--dry-run", action="store_true", help="change nothing, only report")
        stacks.add_options(command)
    options = parser.parse_args(arguments)
    return COMMANDS[options.command][0](options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRunError as error:
        sys.exit(str(error))
