"""Prose is plain English: no file of the project has a phrase that readers stumble over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project.files import LOCKS, committed
from support.project.template import ROOT

COMPARATIVES = "longer|more|less|larger|smaller|shorter|older|newer|better|worse"
# Each pattern with what to write instead.
PHRASES = {
    r"\b(?-i:[Hh]e|[Hh]im|[Hh]is|[Ss]he|[Hh]ers?)\b": "they, or name the person: user, client, caller",
    r"\banew\b": "again, or re-: rewritten, reread",
    r"\b(?:is|are|was|were) (?-i:none)\b": "there is no …, or no … exists",
    r"\b(?:what|all that) came of\b": "the result",
    r"\b(?:told|tells?|tell) (?:from|apart)\b": "inferred from, distinguish",
    r"\b(?:is|are|be|was|were) told\b": "learns, receives, is answered with",
    rf"\b(?:that|which|it|this) (?:is|are) no (?!{COMPARATIVES})\w+": "is not a …",
    r"\bwho(?:so)?ever\b": "the client, anyone who",
    r"\bwho sends\b": "a request with … is answered with …",
    r"\bthe longer the more\b": "exponential back-off",
    r"\ba time that grows with\b": "linear in",
    r"\b(?:is|are) said to be\b": "claims to be, or leave it out",
    r"\bhas not seen\b": "silently overwrites",
}
# No prose: pictures, certificates, lock files, the licence, and this list.
BINARY = {".png", ".svg", ".br", ".der", ".pem", ".xz"}
EXCLUDED = {*LOCKS, "LICENSE", Path(__file__).name}
PROSE = [name for name in committed() if Path(name).name not in EXCLUDED and Path(name).suffix not in BINARY]


def _findings(text: str) -> Iterator[str]:
    """Yield the phrases in a text, also those that a line break splits."""
    plain = re.sub(r"\s*\n[ \t]*(?:[#*>]|//)*[ \t]*", " ", text)
    for pattern, instead in PHRASES.items():
        for found in re.finditer(pattern, plain, re.IGNORECASE):
            yield f"{plain[max(0, found.start() - 40) : found.end() + 20]!r}: write {instead}"


@pytest.mark.parametrize("name", PROSE)
def test_prose_is_plain(name: str) -> None:
    """No text of the project has a phrase of the list."""
    assert list(_findings((ROOT / name).read_text())) == []
