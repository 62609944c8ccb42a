"""The tags that a text may contain, and whether any of them runs script if a page inserts the text as HTML.

Theory of operation
===================

A browser's tokenizer begins a tag at `<` and a letter, and from there reads it in the same way, whatever came before
(WHATWG HTML, 13.2.5.6 "Tag open state" to 13.2.5.40 "Self-closing start tag state":
https://html.spec.whatwg.org/multipage/parsing.html#tag-open-state). Whether it begins a tag at a given position depends
on everything before it: comments, tables, foreign content, the place of insertion, the browser's version. This module
avoids that question: it reads a tag at every position where one could begin, and a text is harmless if all are.

A tag is harmful because of its name (`script`) or an attribute: an event handler, a URL that is a script or a document
that can contain scripts, `srcdoc`, `http-equiv=refresh`, the `href` of a `base`.

A tag is harmful, too, if it does not end within the text, and the next text could add an attribute to it. If the text
ends within a quoted value, or where a value is due, the value goes on through the page's own tags until the next text
closes it: `<img alt='` and `' src=1 onerror=alert(1)>`. Any other tag is ended by the page's next tag, unless the page
joins two texts with nothing but text between them. Then only the tag's form can tell it from a comparison, such as
`a <b and c=1`: it is a tag if an attribute with a value follows the name of an element directly, on the same line.

The time is linear in the length of the text. Tags may begin within each other's attributes, so each position is read as
an attribute at most once: `_Tags._known` caches what the attributes from a position onwards could do.
"""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from dashboard_store.documents.unsafe_html.html_names import ELEMENTS, HANDLERS

# HTML's white space; browsers turn a carriage return into a line feed before tokenizing.
_WHITE: Final = "\t\n\f\r "
_SPACE: Final = re.escape(_WHITE)
_TAG: Final = re.compile(r"<[A-Za-z]")
# Every harmful tag that ends has one of these, in lower case. Searching for them first avoids reading most texts, such
# as a table of links.
_SIGN: Final = re.compile(r"<script|<base|srcdoc|http-equiv|values|=[\0- ]*+[\"']?[\0- ]*[djv&]")
_HANDLER: Final = re.compile(rf"(?<![a-z])on[a-z]+[{_SPACE}]*=")
# Elements whose content a browser may parse differently after serialising it, the usual way past a sanitizer.
# Inside them, escaped text counts too.
_MUTATING: Final = re.compile(
    r"<(?:iframe|math|noembed|noframes|noscript|plaintext|select|style|svg|template|textarea|title|xmp)\b",
    re.IGNORECASE,
)

# `html.unescape` converts these digits to an int, which Python refuses beyond a limit; code points have at most seven.
_NUMBER: Final = re.compile(r"&#0*([0-9]+);?")
_MAX_DIGITS: Final = 7

_NAME_END: Final = re.compile(rf"[{_SPACE}/>]|\Z")
_BETWEEN: Final = re.compile(rf"[{_SPACE}/]*")
_ATTRIBUTE: Final = re.compile(rf"=?[^{_SPACE}/>=]*")
_EQUALS: Final = re.compile(rf"[{_SPACE}]*=[{_SPACE}]*")
_UNQUOTED_END: Final = re.compile(rf"[{_SPACE}>]")

_VALUE_AFTER_NAME: Final = re.compile(r"[ \t/]+[a-z][a-z-]*[ \t]*=", re.IGNORECASE)
# What an unfinished tag has after the last `>`: itself or a quote.
_START_OR_QUOTE: Final = re.compile("<[A-Za-z]|[\"']")

# No relevant name is longer.
_LONGEST_ELEMENT: Final = max(map(len, ELEMENTS))
_LONGEST_ATTRIBUTE: Final = max(map(len, HANDLERS))
_URL_ATTRIBUTES: Final = frozenset(
    {
        *("action", "archive", "background", "by", "cite", "classid", "code", "codebase", "data", "dynsrc"),
        *("formaction", "from", "href", "icon", "longdesc", "lowsrc", "manifest", "ping", "poster", "profile"),
        *("src", "srcset", "to", "usemap", "values", "xlink:href", "xml:base"),
    }
)
# Elements that show a URL as an image, in which no script runs.
_PICTURES: Final = frozenset({"img", "image", "feimage"})


def _reference(codes: str, hexadecimal: str) -> str:
    """Match a numeric character reference as browsers parse it: leading zeros, all digits, an optional semicolon."""
    return rf"&#(?:0*(?:{codes})(?![0-9])|[xX]0*(?:{hexadecimal})(?![0-9a-fA-F]));?"


def _letter(letter: str) -> str:
    both = sorted({letter.lower(), letter.upper()})
    codes = "|".join(str(ord(each)) for each in both)
    hexadecimal = "|".join(f"{ord(each):x}" for each in both)
    named = "|&colon;" if letter == ":" else ""
    return rf"(?:[{''.join(both)}]|{_reference(codes, f'(?i:{hexadecimal})')}{named})"


# Characters that browsers ignore anywhere in a URL, and before it.
_IGNORED: Final = rf"(?:[\t\n\r]|&Tab;|&NewLine;|{_reference('9|10|13', '9|[aA]|[dD]')})*+"
_LEADING: Final = rf"(?:[\0- ]|&Tab;|&NewLine;|{_reference('3[0-2]|[12]?[0-9]', '20|1?[0-9a-fA-F]')})*+"


def _spelled(word: str) -> str:
    """Match a word in every spelling that a URL attribute allows."""
    return _IGNORED.join(map(_letter, word))


_SCRIPT_SCHEME: Final = "|".join(map(_spelled, ("javascript:", "vbscript:")))
_SCRIPT: Final = re.compile(_LEADING + rf"(?:{_SCRIPT_SCHEME})")
_SCRIPT_ANYWHERE: Final = re.compile(_SCRIPT_SCHEME)
_DATA: Final = re.compile(_LEADING + _spelled("data:"))
# Types of `data:` URLs that cannot run script; only plainly written ones are recognised.
_INERT: Final = re.compile(
    r"(?:(?:audio|font|image|video)/(?!svg)[a-z0-9.+-]+|application/(?:json|octet-stream|pdf|zip)"
    r"|text/(?:calendar|css|csv|markdown|plain|tab-separated-values)|)(?=[;,])",
    re.IGNORECASE,
)
_REFRESH: Final = re.compile("".join(map(_letter, "refresh")))


# What the attributes from a position onwards could do, as bits: with a Flag, reading takes half as long again.
_NONE: Final = 0
_ALWAYS: Final = 1
_UNLESS_PICTURE: Final = 2
_TO_BASE: Final = 4
_UNFINISHED: Final = 8


def could_run(text: str) -> bool:
    """Whether the text's tags must be read: a fast check, which rules out most texts with tags."""
    return _may_be_harmful(text) or _mutates(text)


def run_script(text: str) -> bool:
    """Whether any tag that the text could contain runs script."""
    return _harms(text) or (_mutates(text) and _harms(_unescaped(text)))


def _mutates(text: str) -> bool:
    return "&" in text and bool(_MUTATING.search(text))


def _unescaped(text: str) -> str:
    return html.unescape(
        _NUMBER.sub(lambda found: f"&#{found[1]};" if len(found[1]) <= _MAX_DIGITS else "\ufffd", text)
    )


def _harms(text: str) -> bool:
    return _may_be_harmful(text) and _Tags(text).are_harmful()


def _may_be_harmful(text: str) -> bool:
    lower = text.lower()
    return bool(_SIGN.search(lower)) or ("on" in lower and bool(_HANDLER.search(lower))) or _may_be_unfinished(text)


def _may_be_unfinished(text: str) -> bool:
    """Whether the text may end within a tag: a fast check, which rules out most texts with tags."""
    # `>` does not end a quoted value, which the last quote of its kind opens.
    has_quote = '"' in text or "'" in text
    is_quote_open = has_quote and any(text.rpartition(quote)[0].rstrip(_WHITE).endswith("=") for quote in "\"'")
    end = text.rfind(">") + 1
    return is_quote_open or (end < len(text) and bool(_START_OR_QUOTE.search(text, end)))


class _Tags:
    """All tags that a text could contain: one at each `<` that is followed by a letter."""

    def __init__(self, text: str) -> None:
        self._text = text
        # What the attributes from a position onwards could do, by that position.
        self._known: dict[int, int] = {}

    def are_harmful(self) -> bool:
        return any(self._is_harmful(name, end) for name, end in self._names())

    def _names(self) -> Iterator[tuple[str, int]]:
        end = 0
        for tag in _TAG.finditer(self._text):
            start = tag.start() + 1
            if start > end:
                end = _NAME_END.search(self._text, start).start()  # type: ignore[union-attr]
            yield self._text[start : min(end, start + _LONGEST_ELEMENT + 1)].lower(), end

    def _is_harmful(self, name: str, end: int) -> bool:
        if name == "script":
            return True
        harm = self._harm_from(end)
        return (
            bool(harm & _ALWAYS)
            or (bool(harm & _UNLESS_PICTURE) and name not in _PICTURES)
            or (bool(harm & _TO_BASE) and name == "base")
            or (bool(harm & _UNFINISHED) and name in ELEMENTS and bool(_VALUE_AFTER_NAME.match(self._text, end)))
        )

    def _harm_from(self, place: int) -> int:
        """Collect what the attributes from a position onwards could do, backwards from the first known position."""
        passed: list[tuple[int, int]] = []
        while place not in self._known:
            following, harm = self._attribute(place)
            passed.append((place, harm))
            if following is None:
                self._known[place] = harm
                break
            place = following
        harm = self._known[place]
        for earlier, own in reversed(passed):
            harm |= own
            self._known[earlier] = harm
        return harm

    def _attribute(self, place: int) -> tuple[int | None, int]:
        """Read one attribute; return its harm, and where the next one may begin, or None where the tag ends."""
        text = self._text
        start = _BETWEEN.match(text, place).end()  # type: ignore[union-attr]
        if start == len(text) or text[start] == ">":
            return None, _UNFINISHED if start == len(text) else _NONE
        end = _ATTRIBUTE.match(text, start).end()  # type: ignore[union-attr]
        equals = _EQUALS.match(text, end)
        if not equals:
            return end, _NONE
        value = equals.end()
        if value == len(text) or text[value] == ">":
            return None, _ALWAYS if value == len(text) else _NONE
        quote = text[value] if text[value] in "\"'" else ""
        first = value + len(quote)
        last = self._end_of_value(first, quote)
        if quote and last == len(text):
            return None, _ALWAYS
        name = text[start : min(end, start + _LONGEST_ATTRIBUTE + 1)].lower()
        return last + len(quote), self._harm_of(name, first, last) if first < last else _NONE

    def _end_of_value(self, first: int, quote: str) -> int:
        if quote:
            found = self._text.find(quote, first)
            return len(self._text) if found < 0 else found
        index = bisect_left(self._ends_of_unquoted, first)
        return self._ends_of_unquoted[index]

    @cached_property
    def _ends_of_unquoted(self) -> list[int]:
        return [*(end.start() for end in _UNQUOTED_END.finditer(self._text)), len(self._text)]

    @cached_property
    def _last_script(self) -> int:
        return max((found.start() for found in _SCRIPT_ANYWHERE.finditer(self._text)), default=-1)

    def _harm_of(self, name: str, first: int, last: int) -> int:
        """Classify an attribute whose value is the text from `first` to `last`."""
        if name == "srcdoc" or name in HANDLERS:
            return _ALWAYS
        if name == "http-equiv" and _REFRESH.match(self._text, first, last):
            return _ALWAYS
        if name not in _URL_ATTRIBUTES:
            return _NONE
        # An animation's `values` are a list of URLs.
        if _SCRIPT.match(self._text, first, last) or (name == "values" and self._last_script >= first):
            return _ALWAYS
        data = _DATA.match(self._text, first, last)
        harm = _TO_BASE if name == "href" else _NONE
        return harm | _UNLESS_PICTURE if data and not _INERT.match(self._text, data.end(), last) else harm
