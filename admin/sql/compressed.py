"""How the content of a table is written and compressed, recognized by the content alone.

A compressed table has often passed through JSON or a text column: gzip becomes `{"0":31,"1":139,…}`, `[31,139,…]`,
`31,139,…` or base64. Each layer is taken off in turn, in bounded memory.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Final

from admin.sql import Refused

_MOST_LAYERS: Final = 4
_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
# Control characters that no text of a table contains.
_CONTROLS: Final = bytes({*range(32)} - {*b"\t\n\r\f"})

_NUMBER: Final = rb"[0-9]{1,3}"
_LIST: Final = re.compile(rb"\s*+\[?\s*+%b(?:\s*+,\s*+%b)++\s*+\]?\s*+" % (_NUMBER, _NUMBER))
_PAIR: Final = rb'"[0-9]++"\s*+:\s*+%b' % _NUMBER
_OBJECT: Final = re.compile(rb"\s*+\{\s*+%b(?:\s*+,\s*+%b)*+\s*+\}\s*+" % (_PAIR, _PAIR))
_BUFFER: Final = re.compile(rb'\s*+\{\s*+"type"\s*+:\s*+"Buffer"\s*+,\s*+"data"\s*+:\s*+(\[[^\]]*+\])\s*+\}\s*+')
_DATA_URL: Final = re.compile(rb"\s*+data:[^,]{0,200}?;base64,")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_\s-]++={0,2}\s*+")
_SPACE: Final = re.compile(rb"\s++")


def unwrapped(value: bytes | str, most_bytes: int) -> tuple[bytes, list[str]]:
    """Take off every layer of compression and encoding; return the content, and the layers from the outside.

    Raises Refused for one that is damaged, or has more bytes inside than allowed.
    """
    content = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    layers: list[str] = []
    while len(layers) < _MOST_LAYERS and (layer := _outermost(content, most_bytes)):
        name, content = layer
        layers.append(name)
    return content, layers


def is_text(content: bytes) -> bool:
    """Whether content is text in UTF-8, without the control characters of other content."""
    if content.translate(None, _CONTROLS) != content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_binary(content: bytes) -> bool:
    """Whether content is not a text in any encoding that extends ASCII."""
    return content.translate(None, _CONTROLS) != content


def _outermost(content: bytes, most_bytes: int) -> tuple[str, bytes] | None:
    if content.startswith(_GZIP_MAGIC):
        return "gzip", _inflated(content, _GZIP, most_bytes)
    if _has_zlib_header(content):
        try:
            return "zlib", _inflated(content, _ZLIB, most_bytes)
        except Refused as refused:
            # Some texts begin like zlib.
            if refused.reason == "too-large" or not is_text(content):
                raise
    if is_text(content):
        return next((layer for layer in _in_text(content) if _is_meant(layer[1], most_bytes)), None)
    return _deflated(content, most_bytes)


def _in_text(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what a text would be if it were the bytes of something else."""
    try:
        if found := _BUFFER.fullmatch(content):
            yield "byte list", _listed(found[1])
        elif _LIST.fullmatch(content):
            yield "byte list", _listed(content)
        elif _OBJECT.fullmatch(content):
            yield "byte object", bytes(_members(content))
    except ValueError:
        # These numbers are not those of bytes in their order.
        return
    prefix = _DATA_URL.match(content)
    encoded = content[prefix.end() if prefix else 0 :]
    if _BASE64.fullmatch(encoded):
        packed = _SPACE.sub(b"", encoded).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            yield "base64", base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error:
            return


def _listed(text: bytes) -> bytes:
    return bytes(int(found[0]) for found in re.finditer(_NUMBER, text))


def _members(text: bytes) -> Iterator[int]:
    """Yield the numbers of an object whose members are numbered in order. Raises ValueError for any other."""
    for index, found in enumerate(re.finditer(rb'"([0-9]+)"\s*:\s*([0-9]+)', text)):
        if int(found[1]) != index:
            raise ValueError
        yield int(found[2])


def _is_meant(inner: bytes, most_bytes: int) -> bool:
    """Whether content could be what a text encodes: compressed, or a text that can be a table."""
    if inner.startswith(_GZIP_MAGIC) or _has_zlib_header(inner):
        return True
    if is_text(inner):
        return inner.lstrip()[:1] in {b"[", b"{"} or b"\n" in inner or bool(_BASE64.fullmatch(inner))
    return _deflated(inner, most_bytes) is not None


def _has_zlib_header(content: bytes) -> bool:
    """Whether content begins as RFC 1950 requires."""
    return (
        len(content) > 2  # noqa: PLR2004 - the header
        and content[0] & 0x0F == zlib.DEFLATED
        and content[0] >> 4 <= 7  # noqa: PLR2004 - the largest window
        and int.from_bytes(content[:2]) % 31 == 0
        and not content[1] & 0x20
    )


def _deflated(content: bytes, most_bytes: int) -> tuple[str, bytes] | None:
    """Inflate content that has no header, which only its end shows."""
    try:
        return "deflate", _inflated(content, _RAW, most_bytes)
    except Refused as refused:
        if refused.reason == "too-large":
            raise
        return None


def _inflated(content: bytes, window: int, most_bytes: int) -> bytes:
    stream = zlib.decompressobj(window)
    try:
        inner = stream.decompress(content, most_bytes + 1)
    except zlib.error as exc:
        raise Refused("damaged", f"The compressed content is damaged: {exc}.") from exc
    if len(inner) > most_bytes:
        raise Refused("too-large", f"The content is larger than {most_bytes} bytes when it is decompressed.")
    if not stream.eof:
        raise Refused("truncated", "The compressed content ends too early.")
    if stream.unused_data:
        raise Refused("damaged", f"{len(stream.unused_data)} bytes follow the compressed content.")
    return inner
