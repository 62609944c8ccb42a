"""JSON as this service stores it: it is returned as it was sent, or rejected with the location of the error.

A text is parsed once (`parse`), then checked and written in one form (`checked`): no spaces, members in their original
order, characters unescaped. `served` makes that form safe inside an HTML page. `json_fast` reads, checks and writes at
once, which is faster if there is nothing to reject.
"""

import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from dashboard_store.documents.unsafe_html import MESSAGE, TextCheck, may_be_unsafe
from dashboard_store.errors import BadInput, FieldError, MalformedJson, UnsafeText

# Parsing an integer takes time quadratic in its length, so there must be a limit; Python's own is 4,300 digits.
LONGEST_INTEGER: Final = 10_000
sys.set_int_max_str_digits(LONGEST_INTEGER)

MAX_FIELD_ERRORS: Final = 20

type JsonObject = dict[str, Any]

type Path = tuple[Path, str | int] | None
"""The location of a value: its parent's path and its own name or index; None is the document itself."""


_UNSAFE_NAME: Final = "A browser would execute a member's name if a page inserted it as HTML."

# An escaped NUL in a JSON text: u0000 after an odd number of backslashes, since two are one escaped backslash.
_NUL: Final = re.compile(rb"\\(?<!\\\\)(?:\\\\)*+u0000")

_LINE_SEPARATOR: Final = "\u2028".encode()
_PARAGRAPH_SEPARATOR: Final = "\u2029".encode()


class _Refused:
    """A placeholder for a value that JSON or this service does not allow, until `field_errors` locates it."""

    def __init__(self, message: str) -> None:
        self.message = message


class _Duplicated(_Refused):
    """An object with a duplicate member: keeping either one would lose the other."""


def _constant(name: str) -> _Refused:
    return _Refused(f"{name} is not a JSON number.")


def _integer(digits: str) -> int | float | _Refused:
    # JavaScript reads -0 as minus zero, which no integer is.
    if digits == "-0":
        return -0.0
    if len(digits.removeprefix("-")) > LONGEST_INTEGER:
        return _Refused(f"This integer has more than {LONGEST_INTEGER} digits.")
    return int(digits)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Duplicated:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    # `add` returns None.
    twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return _Duplicated(f"The member {json.dumps(twice)} appears more than once.")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_constant, parse_int=_integer)
# A parsed text cannot have circular references.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse one JSON text (RFC 8259; a byte order mark is skipped, as section 8.1 allows).

    The result may contain values that `checked` rejects. Raises MalformedJson with the position in the text.
    """
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        skipped = len(body) - len(exc.object)  # the byte order mark
        raise MalformedJson(f"The body is not valid UTF-8 at byte {skipped + exc.start}.") from exc
    except json.JSONDecodeError as exc:
        raise MalformedJson(f"The body is not valid JSON: {exc.msg} (line {exc.lineno}, column {exc.colno}).") from exc
    except RecursionError:
        return _Refused("This is nested too deeply to be read.")


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """Parse the JSON value that begins at `start`, like `parse`; return it and the position of its end.

    Raises json.JSONDecodeError or RecursionError: only the caller knows whether more of the text would help.
    """
    return _DECODER.raw_decode(text, start)


def pointer(path: Path) -> str:
    """Write a path as an RFC 6901 JSON pointer."""
    tokens: list[str] = []
    while path:
        path, token = path
        tokens.append(str(token).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{encodable(token)}" for token in reversed(tokens))


def encodable(text: str) -> str:
    """Escape unpaired surrogates, which a response cannot contain."""
    return text.encode("utf-8", "backslashreplace").decode()


class Rules(NamedTuple):
    """What a document may contain, and how errors are reported.

    `error` is the class to raise; `at` is the path of the document in the request body, the prefix of every pointer.
    If the document is part of a longer array, `first` is the index of its first element there. `texts` checks the
    texts of all documents that share it; without one, the document's own.
    """

    max_depth: int
    error: type[BadInput]
    at: Path = None
    first: int = 0
    texts: TextCheck | None = None


def checked(document: Any, rules: Rules) -> str:  # noqa: ANN401
    """Write a parsed document as compact JSON. Raises like `check`."""
    try:
        text = compact(document)
        encoded = text.encode()
    except (TypeError, ValueError, RecursionError):
        raise _refusal(field_errors(document, rules), rules) from None
    check(document, encoded, rules)
    return text


def check(document: Any, text: bytes, rules: Rules) -> None:  # noqa: ANN401
    """Check a parsed document and its JSON text.

    Raises the rules' error naming the values that cannot be returned as they were sent, or UnsafeText naming the texts
    that a browser would execute. Most documents have neither, which a check of the text and the nesting shows in a
    tenth of the time that locating such values takes.
    """
    if _is_deeper(document, rules.max_depth):
        raise _refusal(field_errors(document, rules), rules)
    check_texts(document, text, rules)


def check_texts(document: Any, text: bytes, rules: Rules) -> None:  # noqa: ANN401
    """Check a document like `check`, but for its nesting."""
    if _NUL.search(text):
        raise _refusal(field_errors(document, rules), rules)
    if b"<" in text and may_be_unsafe(text.decode()):
        unsafe: list[FieldError] = []
        _find_unsafe(document, rules.at, rules.texts or TextCheck(), unsafe, rules.first)
        if unsafe:
            raise UnsafeText(unsafe)


def _refusal(found: Sequence[FieldError], rules: Rules) -> BadInput:
    return rules.error("The document contains values that cannot be stored and returned unchanged.", found)


def _is_deeper(document: Any, max_depth: int) -> bool:  # noqa: ANN401
    level: list[Any] = [[document]]
    for _ in range(max_depth + 1):
        level = [
            value
            for outer in level
            for value in (outer.values() if type(outer) is dict else outer)
            if type(value) is dict or type(value) is list
        ]
        if not level:
            return False
    return True


def field_errors(document: Any, rules: Rules) -> list[FieldError]:  # noqa: ANN401
    """List the first values of a parsed document that cannot be returned as they were sent, in document order."""
    found = (
        FieldError(pointer(path), message)
        for value, path, depth in _values(document, rules)
        if (message := _message(value, depth, rules.max_depth))
    )
    return list(islice(found, MAX_FIELD_ERRORS))


def _values(document: Any, rules: Rules) -> Iterator[tuple[Any, Path, int]]:  # noqa: ANN401
    """Yield each value of a document that may be in error, with its path and depth, in document order.

    Yields no values inside what is too deep.
    """
    yield document, rules.at, 1
    open_values = [(_inside(document, rules.first), rules.at)]
    while open_values:
        inside, outer = open_values[-1]
        for name, value in inside:
            kind = type(value)
            if kind is int or kind is bool or value is None:
                continue
            path = (outer, name)
            yield value, path, len(open_values) + 1
            if (kind is dict or kind is list) and len(open_values) < rules.max_depth:
                open_values.append((_inside(value), path))
                break
        else:
            open_values.pop()


def _inside(value: Any, first: int = 0) -> Iterator[tuple[str | int, Any]]:  # noqa: ANN401
    if isinstance(value, dict):
        return iter(value.items())
    return enumerate(value, first) if isinstance(value, list) else iter(())


def _find_unsafe(value: Any, path: Path, texts: TextCheck, found: list[FieldError], first: int = 0) -> None:  # noqa: ANN401
    """Add the errors of a value's texts in document order. Raises UnsafeText at the last one that is named."""
    # Neither a generator nor `_values`, which take several times as long.
    if type(value) is str:
        _add_unsafe(texts.message(value), path, found)
        return
    is_object = type(value) is dict
    for name in value if is_object else ():
        if "<" in name and (message := texts.message(name)):
            _add_unsafe(_UNSAFE_NAME if message == MESSAGE else message, path, found)
            break
    for name, inner in value.items() if is_object else enumerate(value, first):
        kind = type(inner)
        if kind is dict or kind is list or (kind is str and "<" in inner):
            _find_unsafe(inner, (path, name), texts, found)


def _add_unsafe(message: str | None, path: Path, found: list[FieldError]) -> None:
    if message:
        found.append(FieldError(pointer(path), message))
    if len(found) == MAX_FIELD_ERRORS:
        raise UnsafeText(found)


def _message(value: Any, depth: int, max_depth: int) -> str | None:  # noqa: ANN401
    match value:
        case dict() | list() if depth > max_depth:
            return f"This is nested more than {max_depth} levels deep."
        case dict():
            return next(
                (f"A member's name contains {found}." for name in value if (found := _text_message(name))), None
            )
        case str():
            found = _text_message(value)
            return found and f"This text contains {found}."
        case float() if not math.isfinite(value):
            return "This number is beyond the range of a double."
        case _Refused():
            return value.message
    return None


def _text_message(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character (U+0000)"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "an unpaired surrogate"
    return None


def holds_array(value: Any) -> bool:  # noqa: ANN401
    """Whether a checked value is an array, or an object that holds one at any depth."""
    return any(map(holds_array, value.values())) if isinstance(value, dict) else isinstance(value, list)


def compact(document: Any) -> str:  # noqa: ANN401
    """Write a document as compact JSON, members in their order. Raises ValueError for NaN and the infinities."""
    return _ENCODER.encode(document)


def served(text: str) -> bytes:
    """Encode a JSON text, safe inside an HTML page (see `embeddable`)."""
    return embeddable(text.encode())


def embeddable(text: bytes) -> bytes:
    """Escape what would end or break a JSON text inside an HTML page or a script, so that it remains data.

    The five characters occur in a JSON text only inside strings, where an escape means the same.
    """
    text = text.replace(_LINE_SEPARATOR, rb"\u2028").replace(_PARAGRAPH_SEPARATOR, rb"\u2029")
    return text.replace(b"<", rb"\u003c").replace(b">", rb"\u003e").replace(b"&", rb"\u0026")
