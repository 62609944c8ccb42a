"""JSON Patch (RFC 6902) with strict JSON Pointers (RFC 6901).

`read_json_patch` checks the form of a patch, `JsonPatch.applied` applies it to a copy of a document. The copy is
changed in place, so an operation costs as much as its path and its value, whatever the size of the document. Two limits
bound the cost of a patch. Its text is at most twice as large as the largest config, because each new value may come
with a test of the old one. And its copies add at most the largest config, because copies of copies would double the
document each time.

Members keep the order of a Python dict: a value added to an existing member stays at its place, and a member that was
moved is the last one. `move` and `copy` keep each number as it is written.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, NamedTuple

from dashboard_store.documents.excerpts import shortened
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, JsonObject, Rules, checked, compact
from dashboard_store.documents.merge import same
from dashboard_store.errors import FieldError, InvalidConfig
from dashboard_store.settings import Settings

_MEMBERS: Final = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}
_POINTER: Final = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
# An index of more digits is beyond the end of any array.
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_END: Final = "-"
# An operation's value is inside an object inside an array.
_DEPTH_OF_VALUES: Final = 2
_SIZE_OF_PATCH: Final = 2
_LONGEST_SHOWN: Final = 200


class _Inapplicable(Exception):  # noqa: N818 - a sentence about an operation, for the client
    pass


class Operation(NamedTuple):
    """One operation; `source` is its member `from`."""

    name: str
    path: str
    source: str
    value: Any


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """A well-formed patch; its copies may add `max_copied_bytes` of compact JSON."""

    operations: tuple[Operation, ...]
    max_copied_bytes: int

    def applied(self, document: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return the patched document. Raises InvalidConfig with the index of an operation that cannot be applied."""
        target = _Target(document, self.max_copied_bytes)
        for index, operation in enumerate(self.operations):
            try:
                target.apply(operation)
            except _Inapplicable as exc:
                raise _not_applied(index, str(exc)) from exc
            except RecursionError as exc:
                raise _not_applied(index, "The value here is nested too deeply.") from exc
        return target.document


def read_json_patch(document: Any, settings: Settings) -> JsonPatch:  # noqa: ANN401
    """Check that a body is a JSON Patch that can be stored. Raises InvalidConfig or UnsafeText naming the places."""
    text = checked(document, Rules(settings.max_depth + _DEPTH_OF_VALUES, InvalidConfig))
    if not isinstance(document, list):
        raise InvalidConfig("A JSON Patch must be an array.", [FieldError("", "This must be an array.")])
    size, limit = len(text.encode()), _SIZE_OF_PATCH * settings.max_config_bytes
    if size > limit:
        error = FieldError("", f"This is {size} bytes as compact JSON; the limit is {limit}.")
        raise InvalidConfig("The patch is too large.", [error])
    errors = list(islice(_form_errors(document), MAX_FIELD_ERRORS))
    if errors:
        raise InvalidConfig("The body is not a valid JSON Patch.", errors)
    return JsonPatch(tuple(map(_operation, document)), settings.max_config_bytes)


def _operation(member: JsonObject) -> Operation:
    return Operation(member["op"], member["path"], member.get("from", ""), member.get("value"))


def _form_errors(patch: list[Any]) -> Iterator[FieldError]:
    for index, operation in enumerate(patch):
        if not isinstance(operation, dict):
            yield FieldError(f"/{index}", "This must be an object.")
        elif "op" not in operation:
            yield FieldError(f"/{index}/op", "This member is required.")
        elif operation["op"] not in list(_MEMBERS):
            yield FieldError(f"/{index}/op", f"This must be one of {', '.join(_MEMBERS)}.")
        else:
            yield from _member_errors(operation, index)


def _member_errors(operation: JsonObject, index: int) -> Iterator[FieldError]:
    for name in _MEMBERS[operation["op"]]:
        if name not in operation:
            yield FieldError(f"/{index}/{name}", "This member is required.")
        elif name != "value" and not (isinstance(operation[name], str) and _POINTER.fullmatch(operation[name])):
            yield FieldError(f"/{index}/{name}", 'This must be a JSON Pointer such as "/theme/id".')


class _Target:
    """A document while it is patched: the only member, "", of `_root`, so that every value has a container."""

    def __init__(self, document: Any, max_copied_bytes: int) -> None:  # noqa: ANN401
        self._root = {"": _copied(document)}
        self._max_copied_bytes = max_copied_bytes
        self._copied_bytes = 0

    @property
    def document(self) -> Any:  # noqa: ANN401
        return self._root[""]

    def apply(self, operation: Operation) -> None:
        match operation.name:
            case "add":
                self._add(operation.path, _copied(operation.value))
            case "remove":
                self._take(operation.path)
            case "replace":
                self._replace(operation.path, _copied(operation.value))
            case "move":
                self._move(operation.source, operation.path)
            case "copy":
                self._add(operation.path, self._copy(operation.source))
            case _:
                self._test(operation.path, operation.value)

    def _add(self, path: str, value: Any) -> None:  # noqa: ANN401
        container, token = self._place(path)
        if isinstance(container, list):
            container.insert(len(container) if token == _END else _index(path, token, len(container) + 1), value)
        elif isinstance(container, dict):
            container[token] = value
        else:
            raise _absent(path)

    def _take(self, path: str) -> Any:  # noqa: ANN401
        if not path:
            raise _Inapplicable("The whole document cannot be removed.")
        container, token = self._existing(path)
        return container.pop(token)

    def _replace(self, path: str, value: Any) -> None:  # noqa: ANN401
        container, token = self._existing(path)
        container[token] = value

    def _move(self, source: str, path: str) -> None:
        if path.startswith(f"{source}/"):
            raise _Inapplicable(f"{_shown(source) or 'The whole document'} cannot be moved into itself.")
        # Moving the whole document to its own place is the only move of it that is left, and changes nothing.
        if source:
            self._add(path, self._take(source))

    def _copy(self, source: str) -> Any:  # noqa: ANN401
        container, token = self._existing(source)
        text = compact(container[token])
        self._copied_bytes += len(text.encode())
        if self._copied_bytes > self._max_copied_bytes:
            raise _Inapplicable(f"The copies of this patch add more than {self._max_copied_bytes} bytes.")
        return json.loads(text)

    def _test(self, path: str, value: Any) -> None:  # noqa: ANN401
        container, token = self._existing(path)
        if not same(container[token], value):
            raise _Inapplicable(f"The test failed: {_shown(path) or 'the whole document'} has a different value.")

    def _existing(self, path: str) -> tuple[Any, Any]:
        """Return the container of an existing value, and its name or index there."""
        container, token = self._place(path)
        return container, _key(path, container, token)

    def _place(self, path: str) -> tuple[Any, str]:
        """Return the container in which a path ends, and the last token."""
        *outer, last = (token.replace("~1", "/").replace("~0", "~") for token in path.split("/"))
        container: Any = self._root
        for token in outer:
            container = container[_key(path, container, token)]
        return container, last


def _key(path: str, container: Any, token: str) -> str | int:  # noqa: ANN401
    if isinstance(container, list):
        return _index(path, token, len(container))
    if isinstance(container, dict) and token in container:
        return token
    raise _absent(path)


def _index(path: str, token: str, end: int) -> int:
    if not _INDEX.fullmatch(token) or int(token) >= end:
        raise _absent(path)
    return int(token)


def _copied(value: Any) -> Any:  # noqa: ANN401
    """Copy a value through its text, which is faster than `deepcopy` and keeps each number as it is."""
    return json.loads(compact(value)) if isinstance(value, dict | list) else value


def _absent(path: str) -> _Inapplicable:
    return _Inapplicable(f"The path {_shown(path)} does not exist.")


def _shown(path: str) -> str:
    return shortened(path, _LONGEST_SHOWN)


def _not_applied(index: int, message: str) -> InvalidConfig:
    return InvalidConfig("The patch cannot be applied.", [FieldError(f"/{index}", message)])
