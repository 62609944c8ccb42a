"""The report of a verification, as Markdown for a ticket: no token, no user's id, no signed address."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

HIDDEN: Final = "(hidden)"
_WHAT: Final = 700

# Claims that say how a token was made, not for whom.
_SETTINGS: Final = {"iss", "aud", "azp", "client_id", "scope", "scp", "token_use", "typ", "ver", "acr", "tid"}

type Outcome = Literal["passed", "FAILED", "not checked"]


@dataclass(frozen=True)
class Check:
    """One check: its chapter, the sentence that it checks, its outcome, and why it failed or was not checked."""

    chapter: str
    sentence: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0


@dataclass
class Report:
    """What a verification found, and `facts` about the deployment and the run; `early` says why checks are missing."""

    facts: dict[str, str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    early: str = ""

    @property
    def exit_code(self) -> int:
        """0 if something was checked, to the end, and nothing failed; otherwise 1."""
        counted = self._counted()
        return int(counted["FAILED"] > 0 or counted["passed"] == 0 or bool(self.early))

    @property
    def verdict(self) -> str:
        counted = self._counted()
        rest = f", {counted['not checked']} not checked" if counted["not checked"] else ""
        rest += f", ENDED EARLY: {self.early}" if self.early else ""
        if counted["FAILED"]:
            return f"{counted['FAILED']} of {len(self.checks)} checks FAILED{rest}"
        return f"{counted['passed']} of {len(self.checks)} checks passed{rest}"

    def markdown(self, tokens: Iterable[str]) -> str:
        """Render the report; the tokens and the users in them are hidden wherever they occur."""
        lines = [f"# Verification of a deployment: {self.verdict}", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {_cell(value)} |" for name, value in self.facts.items()]
        for chapter in dict.fromkeys(check.chapter for check in self.checks):
            lines += ["", f"## {chapter}", "", "| Check | Result |", "|---|---|"]
            lines += [_row(check) for check in self.checks if check.chapter == chapter]
        return without_secrets("\n".join(lines) + "\n", tokens)

    def _counted(self) -> Counter[str]:
        return Counter(check.outcome for check in self.checks)


def _row(check: Check) -> str:
    outcome = f"**{check.outcome}**" if check.outcome == "FAILED" else check.outcome
    why = f": {_cell(check.why[:_WHAT])}" if check.why else f", {check.seconds:.1f} s"
    return f"| {_cell(check.sentence)} | {outcome}{why} |"


def _cell(text: str) -> str:
    """Fit a text into a cell: on one line, with nothing that Markdown would take for a border or a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def claims(token: str) -> dict[str, Any]:
    """Read a token's claims without checking anything; ValueError if it is not a JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("A JWT has three parts.")
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(found, dict):
        raise ValueError("A JWT's claims are an object.")  # noqa: TRY004 - what is wrong is the value
    return found


def user_hash(user: str) -> str:
    """Return what a report calls a user: anyone who knows the id can compute it, and nobody can read it from that."""
    return hashlib.sha256(user.encode()).hexdigest()[:12]


def without_secrets(text: str, tokens: Iterable[str]) -> str:
    """Hide tokens and their parts, their users in any form, and what a presigned address proves its right by."""
    for token in tokens:
        for secret in _secrets(token):
            text = re.sub(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", HIDDEN, text)
    text = re.sub(r"\beyJ[\w-]{10,}(\.[\w-]+)*", HIDDEN, text)
    return re.sub(r"(?i)\b(x-amz-[a-z-]+|signature|policy)(=|\"?: ?\"?)[^&\s\"|]+", rf"\1\2{HIDDEN}", text)


def _secrets(token: str) -> Sequence[str]:
    """Return what must not be shown of a token, the longest first: whatever it says may name the person."""
    said = claims(token).items()
    people = [value for name, value in said if isinstance(value, str) and value and name not in _SETTINGS]
    owners = [base64.urlsafe_b64encode(value.encode()).decode().rstrip("=") for value in people]
    return sorted([token, *(part for part in token.split(".") if part), *people, *owners], key=len, reverse=True)
