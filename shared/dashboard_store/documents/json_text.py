"""JSON as this service keeps it: what comes back equals what was sent, or it was refused with its place.

A text is read once (`parse`), then checked and written in one form (`checked`): no spaces, the members in the order
they came in, every character as itself. `served` is that form made safe to stand inside an HTML page. `quick_json` does
both at once, in less time where there is nothing to refuse.
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from dashboard_store.documents.unsafe_html import MESSAGE, is_unsafe, may_be_unsafe
from dashboard_store.errors import BadInput, FieldError, MalformedJson, UnsafeText

# Reading an integer takes time quadratic in its length, so there must be a bound; Python's own is 4,300 digits.
LONGEST_INTEGER: Final = 10_000
sys.set_int_max_str_digits(LONGEST_INTEGER)

MOST_FAULTS: Final = 20

type Path = tuple[Path, str | int] | None
"""Where a value stands: its parent's path and its own name or index; None is the document itself."""


class _Refused:
    """Stands where the text had something that JSON or this service does not take, until `faults` can say where."""

    def __init__(self, message: str) -> None:
        self.message = message


class _Duplicated(_Refused):
    """An object that names a member twice: keeping either of the two would lose the other."""


def _constant(name: str) -> _Refused:
    return _Refused(f"{name} is not a JSON number")


def _integer(digits: str) -> int | _Refused:
    if len(digits.removeprefix("-")) > LONGEST_INTEGER:
        return _Refused(f"an integer of more than {LONGEST_INTEGER} digits")
    return int(digits)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Duplicated:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return _Duplicated(f"the member {json.dumps(twice)} appears more than once")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_constant, parse_int=_integer)
# What was parsed from a text has no circles to look for.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def parse(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read one JSON text (RFC 8259; a byte order mark is skipped, as section 8.1 allows).

    What `checked` refuses with its place may still be inside. Raises MalformedJson with the place in the text.
    """
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        skipped = len(body) - len(exc.object)  # the byte order mark
        raise MalformedJson(f"The body is not UTF-8 at byte {skipped + exc.start}.") from exc
    except json.JSONDecodeError as exc:
        raise MalformedJson(f"The body is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}.") from exc
    except RecursionError:
        return _Refused("nested too deeply to be read")


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """Read one JSON value that begins at `start`, like `parse`; returns it and where it ends.

    Raises json.JSONDecodeError or RecursionError: whether more of the text would help, only the caller knows.
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
    """Write halves of surrogate pairs, which no answer can hold, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def checked(  # noqa: PLR0913
    document: Any,  # noqa: ANN401
    max_depth: int,
    error: type[BadInput],
    at: Path = None,
    first: int = 0,
    *,
    text: str | None = None,
) -> str:
    """Write a parsed document as compact JSON, or raise `error` naming the places that cannot be kept as they came.

    Or UnsafeText, naming those that a browser would execute.

    `at` is the path of the document in the body, which the names begin with. Where the document is a slice of a longer
    array, `first` is the index of its first element there. `text` is its JSON where that could be written already.

    Most documents have none, which a look at the written text and at the nesting shows in a tenth of the time that
    naming the places takes.
    """
    try:
        written = _encodable_json(document) if text is None else text
    except (TypeError, ValueError, RecursionError):
        suspicious = True
    else:
        suspicious = "\\u0000" in written or _is_deeper(document, max_depth)
    if suspicious and (found := faults(document, max_depth, at, first)):
        raise error("The document holds what cannot be stored and returned as it came.", found)
    if may_be_unsafe(written) and (found := list(islice(_unsafe(document, max_depth, at, first), MOST_FAULTS))):
        raise UnsafeText(found)
    return written


def _encodable_json(document: Any) -> str:  # noqa: ANN401
    text = compact(document)
    text.encode()
    return text


def _is_deeper(document: Any, max_depth: int) -> bool:  # noqa: ANN401
    level = [document] if type(document) is dict or type(document) is list else []
    for _ in range(max_depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def faults(document: Any, max_depth: int, at: Path = None, first: int = 0) -> list[FieldError]:  # noqa: ANN401
    """Name the first places of a parsed document that cannot be kept as they came, in their order; see `checked`."""
    found = (
        FieldError(pointer(path), message)
        for value, path, depth in _values(document, max_depth, at, first)
        if (message := _fault(value, depth, max_depth))
    )
    return list(islice(found, MOST_FAULTS))


def _values(document: Any, max_depth: int, at: Path, first: int) -> Iterator[tuple[Any, Path, int]]:  # noqa: ANN401
    """Yield each value of a document with its path and its depth, in their order; nothing inside what is too deep."""
    waiting: list[tuple[Any, Path, int]] = [(document, at, 1)]
    while waiting:
        value, path, depth = waiting.pop()
        yield value, path, depth
        if isinstance(value, dict | list) and depth <= max_depth:
            start = first if value is document else 0
            inside = list(value.items() if isinstance(value, dict) else enumerate(value, start))
            waiting.extend((inner, (path, name), depth + 1) for name, inner in reversed(inside))


def _unsafe(document: Any, max_depth: int, at: Path, first: int) -> Iterator[FieldError]:  # noqa: ANN401
    for value, path, _ in _values(document, max_depth, at, first):
        if isinstance(value, str) and is_unsafe(value):
            yield FieldError(pointer(path), MESSAGE)
        elif isinstance(value, dict) and any(map(is_unsafe, value)):
            yield FieldError(pointer(path), f"a member's name is {MESSAGE}")


def _fault(value: Any, depth: int, max_depth: int) -> str | None:  # noqa: ANN401
    match value:
        case dict() | list() if depth > max_depth:
            return f"nested more than {max_depth} levels deep"
        case dict():
            return next((f"a member's name holds {found}" for name in value if (found := _text_fault(name))), None)
        case str():
            found = _text_fault(value)
            return found and f"the text holds {found}"
        case float() if not math.isfinite(value):
            return "a number beyond the range of a double"
        case _Refused():
            return value.message
    return None


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character (U+0000)"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair, which is no character"
    return None


def compact(document: Any) -> str:  # noqa: ANN401
    """Write a document that has no faults as compact JSON, members in their order."""
    return _ENCODER.encode(document)


def served(text: str) -> bytes:
    """Encode a JSON text so that it stays data inside an HTML page or a script.

    The five characters occur in a JSON text only inside strings, where an escape means the same.
    """
    # Each is sought where that is quick: the two in a text of such characters, the others in bytes.
    encoded = text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029").encode()
    return encoded.replace(b"<", rb"\u003c").replace(b">", rb"\u003e").replace(b"&", rb"\u0026")


def largest(document: Any, count: int, at: Path = None) -> list[tuple[str, int]]:  # noqa: ANN401
    """Find the parts that make a document large: (pointer, bytes as compact JSON), the largest first.

    A part is a chart or another value two levels down; a smaller unit says little, a larger one names everything.
    """
    sizes = [(pointer(path), len(compact(value).encode())) for path, value in _parts(document, at, levels=2)]
    return sorted(sizes, key=lambda part: part[1], reverse=True)[:count]


def _parts(value: Any, path: Path, levels: int) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
    if not levels or not isinstance(value, dict | list) or not value:
        yield path, value
        return
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _parts(inner, (path, name), levels - 1)
