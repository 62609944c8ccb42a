"""Say which tokens of an OpenID Connect issuer a deployment would accept: `python -m admin check-issuer ISSUER`."""

import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from admin import CannotRunError
from admin.issuer import Finding, Findings, usable_keys
from admin.issuer_token import Expected, check

_ADDRESS: Final = re.compile(r"https?://[^\s\[\]]+")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("issuer", help="what JwtIssuer is to be, for example https://securetoken.google.com/my-project")
    parser.add_argument("--audience", metavar="A", help="what JwtAudience is to be; several separated by commas")
    parser.add_argument("--token", metavar="T", help="a token to check, too; it is not printed")
    parser.add_argument("--claim", metavar="NAME", default="sub", help="what UserClaim is to be (default: sub)")


def run(options: argparse.Namespace) -> int:
    """Print what was found; return 1 if something would not work. Raises CannotRunError."""
    if not _ADDRESS.fullmatch(options.issuer):
        raise CannotRunError("Name the issuer's whole address: make check-issuer ISSUER=https://…")
    audiences = [each.strip() for each in (options.audience or "").split(",") if each.strip()]
    expected = Expected(options.issuer, audiences, options.claim)
    found = list(find(expected, options.token, datetime.now(UTC)))
    print("\n".join(report(options.issuer, found)))
    return int(any(finding.is_fatal for finding in found))


def find(expected: Expected, token: str | None, now: datetime) -> Findings[None]:
    """Check the issuer and, if one is given, the token."""
    keys = yield from usable_keys(expected.issuer)
    if token:
        yield from check(token.removeprefix("Bearer "), expected, keys, now)


def report(issuer: str, found: Iterable[Finding]) -> Iterator[str]:
    """Say what was found, one finding and what to do about it after the other."""
    yield issuer
    count = 0
    for finding in found:
        count += finding.is_fatal
        yield f"  {'wrong' if finding.is_fatal else 'note '}  {_printable(finding.what)}"
        if finding.remedy:
            yield f"         {_printable(finding.remedy)}"
    yield f"{count} of these would not work." if count else "Nothing was found that would not work."


def _printable(text: str) -> str:
    """Replace what a terminal would execute: the texts contain what an issuer sent."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
