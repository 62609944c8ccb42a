"""How the content of a table is packed is recognized by the content alone."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest
from support.sql.contents import PACKINGS, byte_object, deflated

from admin.sql import Refused
from admin.sql.compressed import unwrapped

LIMIT = 100_000
ROWS = json.dumps([{"name": "Zoë", "n": index} for index in range(200)], ensure_ascii=False).encode()


BINARY = ("gzip", "zlib", "deflate", "gzip of base64 of gzip")


@pytest.mark.parametrize("content", [ROWS, "name,n\nZoë,1\n".encode()], ids=["JSON", "CSV"])
@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_every_packing_is_taken_off(pack: Callable[[bytes], bytes], content: bytes) -> None:
    """What is packed in any known way comes back byte for byte."""
    assert unwrapped(pack(content), LIMIT)[0] == content


@pytest.mark.parametrize("pack", [pack for name, pack in PACKINGS.items() if name not in BINARY])
def test_a_text_column_is_like_a_binary_one(pack: Callable[[bytes], bytes]) -> None:
    """What a text column can hold is recognized there, too."""
    assert unwrapped(pack(ROWS).decode(), LIMIT) == unwrapped(pack(ROWS), LIMIT)


TEXTS = (
    "name\nAlice\nBob1\n",
    "1,2,3\n4,5,6\n",
    "x^2,y\n1,2\n",
    '{"0": 1, "1": 300}',
    '{"1": 31, "0": 139}',
    "[1, 2.5]",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_what_it_is(text: str) -> None:
    """A text that only resembles base64, a list of bytes or zlib is not unpacked."""
    assert unwrapped(text, LIMIT) == (text.encode(), [])


def test_an_object_of_other_members_is_not_unpacked() -> None:
    """Members that are not numbered from 0 in order are not those of bytes, even if their values would be."""
    packed = {str(index): byte for index, byte in enumerate(gzip.compress(ROWS), 1)}
    assert unwrapped(json.dumps(packed), LIMIT)[1] == []


def test_the_layers_are_named() -> None:
    """The layers are named from the outside."""
    assert unwrapped(byte_object(gzip.compress(ROWS)), LIMIT)[1] == ["byte object", "gzip"]


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda content: byte_object(gzip.compress(content))])
def test_truncated_content_is_refused(pack: Callable[[bytes], bytes]) -> None:
    """Content that ends within its compression is refused: no table loses its last rows silently."""
    packed = pack(ROWS)
    cut = packed[: len(packed) * 2 // 3]
    if packed.startswith(b"{"):
        cut = cut[: cut.rindex(b",")] + b"}"
    with pytest.raises(Refused) as refused:
        unwrapped(cut, LIMIT)
    assert refused.value.reason == "truncated"


def test_damaged_content_is_refused() -> None:
    """A wrong checksum, and content after the end, are refused."""
    packed = bytearray(gzip.compress(ROWS))
    for damaged in (packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:], packed + b"more"):
        with pytest.raises(Refused) as refused:
            unwrapped(bytes(damaged), LIMIT)
        assert refused.value.reason == "damaged"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, deflated])
def test_a_bomb_is_refused(pack: Callable[[bytes], bytes]) -> None:
    """What would be larger than allowed is refused once the limit is reached, also inside another layer."""
    with pytest.raises(Refused) as refused:
        unwrapped(gzip.compress(pack(b"[" + b" " * 50_000_000)), LIMIT)
    assert refused.value.reason == "too-large"
