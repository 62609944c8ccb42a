"""Small CSV files as programs and people write them, each with the right table, or the reason that it is refused.

The expectations follow from the documentation and from what the author of such a file means. None is the output of the
reader under test.
"""

# ruff: noqa: RUF001 - letters and digits of other scripts are among the cases

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

type Format = Mapping[str, Any]
type Reading = tuple[str, Sequence[Any]]
"""A type that is offered for a column, and the values that its cells would then have."""


@dataclass(frozen=True)
class Note:
    """What is said of a column: its first cell that has not the type, with its row, and the readings that would fit."""

    column: str
    row: int
    cell: str
    readings: Sequence[Reading]


@dataclass(frozen=True)
class Case:
    """A file, and the right table, whose `types` are by column, or the place and part of the message of its refusal.

    `given` is the delimiter that the client names. `delimiter` is None for one column. Notes of None are not compared.
    """

    name: str
    content: bytes
    delimiter: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Sequence[Any]] = ()
    encoding: str = "utf-8"
    formats: Mapping[str, Format] = field(default_factory=dict)
    notes: Sequence[Note] | None = None
    given: str | None = None
    pointer: str | None = None
    message: str = ""

    @property
    def is_refused(self) -> bool:
        return self.pointer is not None


def _table(
    name: str,
    content: str | bytes,
    delimiter: str | None,
    types: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    *,
    encoding: str = "utf-8",
    formats: Mapping[str, Format] | None = None,
    given: str | None = None,
) -> Case:
    return Case(name, _bytes(content), delimiter, types, rows, encoding, formats or {}, given=given)


def _refused(name: str, content: str | bytes, message: str, pointer: str = "", given: str | None = None) -> Case:
    return Case(name, _bytes(content), pointer=pointer, message=message, given=given)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _column(
    name: str,
    column_type: str,
    cells: Sequence[str],
    values: Sequence[Any] | None = None,
    form: Format | None = None,
    *,
    notes: Sequence[Note] | None = None,
) -> Case:
    """Make a table of a column `value`, beside the numbers of its rows; the values are the texts if not given."""
    shown = [cell or None for cell in cells] if values is None else values
    return Case(
        name,
        b"value;row\n" + "".join(f"{cell};{row}\n" for row, cell in enumerate(cells, 1)).encode(),
        ";",
        {"value": column_type, "row": "integer"},
        [[value, row] for row, value in enumerate(shown, 1)],
        formats={"value": form} if form else {},
        notes=notes,
    )


def _noted(name: str, cells: Sequence[str], row: int, *readings: Reading) -> Case:
    """Make a column of texts whose note names the cell in that row, and offers readings with these values."""
    return _column(name, "string", cells, notes=[Note("value", row, cells[row - 1], list(readings))])


_AB: Final = {"a": "integer", "b": "integer"}
_ABC: Final = {"a": "integer", "b": "integer", "c": "integer"}

_DELIMITERS: Final = [
    _table("commas", "a,b\n1,2\n3,4\n", ",", _AB, [[1, 2], [3, 4]]),
    _table("semicolons", "a;b\n1;2\n3;4\n", ";", _AB, [[1, 2], [3, 4]]),
    _table("tabs", "a\tb\n1\t2\n3\t4\n", "\t", _AB, [[1, 2], [3, 4]]),
    _table("vertical bars", "a|b|c\n1|2|3\n", "|", _ABC, [[1, 2, 3]]),
    _table("one row", "a,b\n1,2", ",", _AB, [[1, 2]]),
    _table(
        "decimal commas in each row but not in the header",
        "Artikel;Preis\nSchraube;0,15\nMutter;0,08\n",
        ";",
        {"Artikel": "string", "Preis": "string"},
        [["Schraube", "0,15"], ["Mutter", "0,08"]],
    ),
    _table(
        "decimal commas, and a comma in the header too",
        "Betrag, brutto;Anzahl\n19,99;2\n5,00;10\n",
        ";",
        {"Betrag, brutto": "string", "Anzahl": "integer"},
        [["19,99", 2], ["5,00", 10]],
    ),
    _table(
        "one comma in each record, so that both delimiters give two columns",
        "Name, Vorname;Alter\nMeier, Anna;31\nKurz, Ben;27\n",
        ";",
        {"Name, Vorname": "string", "Alter": "integer"},
        [["Meier, Anna", 31], ["Kurz, Ben", 27]],
    ),
    _table(
        "more commas than semicolons in the header",
        "a, b, c, d;e\n1;2\n",
        ";",
        {"a, b, c, d": "integer", "e": "integer"},
        [[1, 2]],
    ),
    _table(
        "more commas than semicolons in each record",
        "x, y, z;n\n1,2,3;4\n5,6,7;8\n",
        ";",
        {"x, y, z": "string", "n": "integer"},
        [["1,2,3", 4], ["5,6,7", 8]],
    ),
    _table(
        "semicolons in the header of a file with commas",
        "colours (red; green; blue),n\nred,1\nblue,2\n",
        ",",
        {"colours (red; green; blue)": "string", "n": "integer"},
        [["red", 1], ["blue", 2]],
    ),
    _table(
        "semicolons in some cells of a file with commas",
        "name,tags\nlamp,red;metal\nchair,wood\n",
        ",",
        {"name": "string", "tags": "string"},
        [["lamp", "red;metal"], ["chair", "wood"]],
    ),
    _table(
        "a semicolon in each row, but not in the header",
        "id,path\n1,a;b\n2,c;d\n",
        ",",
        {"id": "integer", "path": "string"},
        [[1, "a;b"], [2, "c;d"]],
    ),
    _table(
        "vertical bars in some cells of a file with tabs",
        "q\tanswer\n1\tyes|no\n2\tno\n",
        "\t",
        {"q": "integer", "answer": "string"},
        [[1, "yes|no"], [2, "no"]],
    ),
    _table(
        "tabs in quoted cells of a file with commas",
        'a,b\n"x\ty",1\n"z",2\n',
        ",",
        {"a": "string", "b": "integer"},
        [["x\ty", 1], ["z", 2]],
    ),
    _table(
        "commas in some cells of a file with tabs",
        "city\tpopulation\nBerlin, DE\t3677472\nParis\t2102650\n",
        "\t",
        {"city": "string", "population": "integer"},
        [["Berlin, DE", 3677472], ["Paris", 2102650]],
    ),
    _table(
        "tabs and decimal commas",
        "x\ty\n1,5\t2,5\n3,5\t4,5\n",
        "\t",
        {"x": "string", "y": "string"},
        [["1,5", "2,5"], ["3,5", "4,5"]],
    ),
    _table(
        "vertical bars and decimal commas",
        "x|y\n1,5|2,5\n",
        "|",
        {"x": "string", "y": "string"},
        [["1,5", "2,5"]],
    ),
    _table(
        "more columns by semicolons than by bars",
        "a|b;c;d\n1|2;3;4\n",
        ";",
        {"a|b": "string", "c": "integer", "d": "integer"},
        [["1|2", 3, 4]],
    ),
    _table(
        "more columns by bars than by semicolons",
        "a;b|c|d\n1;2|3|4\n",
        "|",
        {"a;b": "string", "c": "integer", "d": "integer"},
        [["1;2", 3, 4]],
    ),
    _table(
        "more columns by tabs than by semicolons",
        "k\tv;w\tx\n1\t2;3\t4\n",
        "\t",
        {"k": "integer", "v;w": "string", "x": "integer"},
        [[1, "2;3", 4]],
    ),
    _table(
        "quoted cells that begin with other delimiters",
        'a,b\n";;;",1\n"||",2\n',
        ",",
        {"a": "string", "b": "integer"},
        [[";;;", 1], ["||", 2]],
    ),
    _table(
        "addresses with commas in quotes",
        'id,address\n1,"Main St 1, Springfield, IL"\n2,"Elm St 5, Dover"\n',
        ",",
        {"id": "integer", "address": "string"},
        [[1, "Main St 1, Springfield, IL"], [2, "Elm St 5, Dover"]],
    ),
    _table(
        "web addresses",
        "url,hits\nhttps://example.org/?a=1&b=2;c,7\nhttps://example.org/,9\n",
        ",",
        {"url": "string", "hits": "integer"},
        [["https://example.org/?a=1&b=2;c", 7], ["https://example.org/", 9]],
    ),
    _table(
        "clock times, whose colons delimit nothing",
        "from,to\n08:00,09:30\n10:15,11:45\n",
        ",",
        {"from": "string", "to": "string"},
        [["08:00", "09:30"], ["10:15", "11:45"]],
    ),
    _table("a named delimiter", "a~b\n1~2\n", "~", _AB, [[1, 2]], given="~"),
    _table("a named colon", "a:b\n1:2\n", ":", _AB, [[1, 2]], given=":"),
    _table("a named space", "a b\n1 2\n", " ", _AB, [[1, 2]], given=" "),
    _table(
        "a named comma where semicolons would win",
        "a;b,c\n1;2,3\n",
        ",",
        {"a;b": "string", "c": "integer"},
        [["1;2", 3]],
        given=",",
    ),
    _table("a named delimiter that does not occur", "a,b\n1,2\n", ";", {"a,b": "string"}, [["1,2"]], given=";"),
    _table(
        "a sentence with a comma in a file of one column, whose delimiter is named",
        "remark\nHello, world\nBye\n",
        ";",
        {"remark": "string"},
        [["Hello, world"], ["Bye"]],
        given=";",
    ),
]

_QUOTES: Final = [
    _table("all cells", '"a","b"\n"1","2"\n', ",", _AB, [[1, 2]]),
    _table("only the header", '"a";"b"\n1;2\n', ";", _AB, [[1, 2]]),
    _table("only texts, as R writes", '"n","t"\n1,"x"\n', ",", {"n": "integer", "t": "string"}, [[1, "x"]]),
    _table("doubled quotes", 'a,b\n"say ""hi""",1\n', ",", {"a": "string", "b": "integer"}, [['say "hi"', 1]]),
    _table("only a quote", 'a,b\n"""",1\n', ",", {"a": "string", "b": "integer"}, [['"', 1]]),
    _table(
        "a quote within an unquoted cell",
        'pipe,n\n5" long,1\n',
        ",",
        {"pipe": "string", "n": "integer"},
        [['5" long', 1]],
    ),
    _table(
        "inches and feet",
        "size,n\n6'2\",1\n5'11\",2\n",
        ",",
        {"size": "string", "n": "integer"},
        [["6'2\"", 1], ["5'11\"", 2]],
    ),
    _table("an empty quoted cell", 'a,b\n"",1\nx,2\n', ",", {"a": "string", "b": "integer"}, [[None, 1], ["x", 2]]),
    _table("a line break in a cell", 'a,b\n"x\ny",1\n', ",", {"a": "string", "b": "integer"}, [["x\ny", 1]]),
    _table("a CR LF in a cell", 'a,b\r\n"x\r\ny",1\r\n', ",", {"a": "string", "b": "integer"}, [["x\r\ny", 1]]),
    _table(
        "a line break in the header",
        '"Revenue\n(EUR)";Region\r\n120;North\r\n',
        ";",
        {"Revenue\n(EUR)": "integer", "Region": "string"},
        [[120, "North"]],
    ),
    _table(
        "line breaks, delimiters and quotes in one cell",
        'id;text\n1;"first; ""second""\nthird, fourth"\n2;x\n',
        ";",
        {"id": "integer", "text": "string"},
        [[1, 'first; "second"\nthird, fourth'], [2, "x"]],
    ),
    _table("a blank line in a cell", 'a,b\n"x\n\ny",1\n', ",", {"a": "string", "b": "integer"}, [["x\n\ny", 1]]),
    _table("a cell that ends in a line break", 'a,b\n"x\n",1\n', ",", {"a": "string", "b": "integer"}, [["x\n", 1]]),
    _table(
        "a formula that keeps zeros, as for Excel",
        'id,zip\n1,="00123"\n',
        ",",
        {"id": "integer", "zip": "string"},
        [[1, '="00123"']],
    ),
    _table("single quotes, which quote nothing", "a,b\n'x',1\n", ",", {"a": "string", "b": "integer"}, [["'x'", 1]]),
    _table(
        "apostrophes",
        "name,n\nO'Neill,1\nD'Arcy,2\n",
        ",",
        {"name": "string", "n": "integer"},
        [["O'Neill", 1], ["D'Arcy", 2]],
    ),
    _table("a space before a quote", 'a, "b"\n1, "2"\n', ",", {"a": "integer", ' "b"': "string"}, [[1, ' "2"']]),
    _table(
        "commas before quotes within cells",
        'part;n\npipe,"A;1\nbow,"B;2\n',
        ";",
        {"part": "string", "n": "integer"},
        [['pipe,"A', 1], ['bow,"B', 2]],
    ),
    _table("typographic quotes", "a,b\n“x”,1\n„y“,2\n", ",", {"a": "string", "b": "integer"}, [["“x”", 1], ["„y“", 2]]),
    _table("backslashes", "path,n\nC:\\tmp\\,1\n", ",", {"path": "string", "n": "integer"}, [["C:\\tmp\\", 1]]),
    _table(
        "JSON in a quoted cell",
        'id,payload\n1,"{""a"": [1, 2]}"\n',
        ",",
        {"id": "integer", "payload": "string"},
        [[1, '{"a": [1, 2]}']],
    ),
    _table(
        "numbers in quotes remain numbers", '"x","y"\n"1.5","-2"\n', ",", {"x": "number", "y": "integer"}, [[1.5, -2]]
    ),
    _table(
        "the last cell quoted, without a line end", 'a,b\n1,"x y"', ",", {"a": "integer", "b": "string"}, [[1, "x y"]]
    ),
]

_LINE_ENDS: Final = [
    _table("CR LF", "a,b\r\n1,2\r\n", ",", _AB, [[1, 2]]),
    _table("CR", "a,b\r1,2\r3,4\r", ",", _AB, [[1, 2], [3, 4]]),
    _table("CR without a last one", "a;b\r1;2", ";", _AB, [[1, 2]]),
    _table(
        "CR and decimal commas", "a;b\r1,5;2\r2,5;3\r", ";", {"a": "string", "b": "integer"}, [["1,5", 2], ["2,5", 3]]
    ),
    _table("LF without a last one", "a,b\n1,2\n3,4", ",", _AB, [[1, 2], [3, 4]]),
    _table("CR LF without a last one", "a\tb\r\n1\t2", "\t", _AB, [[1, 2]]),
    _table("CR LF after the header only", "a,b\r\n1,2\n3,4\n", ",", _AB, [[1, 2], [3, 4]]),
    _table("all three", "a,b\r\n1,2\r3,4\n5,6", ",", _AB, [[1, 2], [3, 4], [5, 6]]),
    _table("LF in a cell of a file with CR", 'a,b\r"x\ny",1\r', ",", {"a": "string", "b": "integer"}, [["x\ny", 1]]),
    _table("CR in a cell of a file with LF", 'a,b\n"x\ry",1\n', ",", {"a": "string", "b": "integer"}, [["x\ry", 1]]),
    _table("one column with CR", "n\r1\r2\r", None, {"n": "integer"}, [[1], [2]]),
    _table(
        "separators of Unicode, which end no line",
        "a,b\nx\u2028y,1\nv\x85w,2\n",
        ",",
        {"a": "string", "b": "integer"},
        [["x\u2028y", 1], ["v\x85w", 2]],
    ),
    _table(
        "a form feed and a vertical tab in cells",
        "a,b\nx\x0cy,1\nv\x0bw,2\n",
        ",",
        {"a": "string", "b": "integer"},
        [["x\x0cy", 1], ["v\x0bw", 2]],
    ),
]

_BOM: Final = b"\xef\xbb\xbf"
_UMLAUTS: Final = {"Größe": "integer", "Straße": "string"}

_ENCODINGS: Final = [
    _table("UTF-8 with umlauts", "Größe;Straße\n3;Föhr\n", ";", _UMLAUTS, [[3, "Föhr"]]),
    _table("UTF-8 with a mark", _BOM + b"a;b\r\n1;2\r\n", ";", _AB, [[1, 2]]),
    _table("two marks", _BOM * 2 + b"a,b\n1,2\n", ",", _AB, [[1, 2]]),
    _table("a mark before a quoted header", _BOM + b'"a","b"\n1,2\n', ",", _AB, [[1, 2]]),
    _table(
        "a mark before a quoted header with a delimiter",
        _BOM + b'"a;b",c\n1,2\n',
        ",",
        {"a;b": "integer", "c": "integer"},
        [[1, 2]],
    ),
    _table("a mark before one column", _BOM + b"n\n1\n", None, {"n": "integer"}, [[1]]),
    _table(
        "UTF-16, little-endian, tabs, as Excel's Unicode text",
        "\ufeffa\tb\r\n1\tü\r\n".encode("utf-16-le"),
        "\t",
        {"a": "integer", "b": "string"},
        [[1, "ü"]],
        encoding="utf-16le",
    ),
    _table("UTF-16, big-endian", "\ufeffa,b\n1,2\n".encode("utf-16-be"), ",", _AB, [[1, 2]], encoding="utf-16be"),
    _table(
        "UTF-16 with emoji",
        "\ufeffa;b\n1;😀\n".encode("utf-16-le"),
        ";",
        {"a": "integer", "b": "string"},
        [[1, "😀"]],
        encoding="utf-16le",
    ),
    _table(
        "UTF-16 with decimal commas",
        "\ufeffWert;n\n1,5;2\n2,5;3\n".encode("utf-16-be"),
        ";",
        {"Wert": "string", "n": "integer"},
        [["1,5", 2], ["2,5", 3]],
        encoding="utf-16be",
    ),
    _table(
        "UTF-16, one column",
        "\ufeffn\n1\n\n2\n".encode("utf-16-le"),
        None,
        {"n": "integer"},
        [[1], [None], [2]],
        encoding="utf-16le",
    ),
    _table(
        "UTF-16 whose characters contain the bytes of delimiters",
        "\ufeffа,б\nЬ,ⰻ\n".encode("utf-16-le"),
        ",",
        {"а": "string", "б": "string"},
        [["Ь", "ⰻ"]],
        encoding="utf-16le",
    ),
    _table(
        "a mark within the text, which is a character",
        "a,b\nx\ufeffy,1\n",
        ",",
        {"a": "string", "b": "integer"},
        [["x\ufeffy", 1]],
    ),
    _table("Japanese", "都市;人口\n東京;13960000\n", ";", {"都市": "string", "人口": "integer"}, [["東京", 13960000]]),
    _table("Arabic", "المدينة,عدد\nالقاهرة,5\n", ",", {"المدينة": "string", "عدد": "integer"}, [["القاهرة", 5]]),
    _table("emoji in the header", "👍,👎\n3,1\n", ",", {"👍": "integer", "👎": "integer"}, [[3, 1]]),
    _table(
        "a decomposed character stays decomposed",
        "a,b\ne\u0301,1\n",
        ",",
        {"a": "string", "b": "integer"},
        [["e\u0301", 1]],
    ),
    _refused("Latin-1", "ort;n\nKöln;1\n".encode("latin-1"), "The byte 0xF6", "/0/ort"),
    _refused("Windows-1252 with a euro sign", b"a,b\n1,5\n2,\x80 7\n", "The byte 0x80", "/1/b"),
    _refused("Latin-1 in the header", "größe;n\n1;2\n".encode("latin-1"), "Header, column 1: The byte 0xF6"),
    _refused("Latin-1 in one column", "ort\nBonn\nKöln\n".encode("latin-1"), "The byte 0xF6", "/1/ort"),
    _refused("half a character at the end", "a,b\n1,ü".encode()[:-1], "The byte 0xC3", "/0/b"),
    _refused("a surrogate in UTF-8", b"a,b\n1,\xed\xa0\x80\n", "The byte 0xED", "/0/b"),
    _refused("an overlong form", b"a,b\n1,\xc0\xaf\n", "The byte 0xC0", "/0/b"),
    _refused("UTF-16 without a mark", "a,b\n1,2\n".encode("utf-16-le"), "NUL"),
    _refused("UTF-32", "\ufeffa,b\n1,2\n".encode("utf-32-le"), "NUL"),
    _refused("half a character of UTF-16", "\ufeffa,b\n1,2\n".encode("utf-16-le")[:-1], "UTF-16"),
    _refused("half a surrogate pair of UTF-16", "\ufeffa,b\n1,".encode("utf-16-le") + b"\x3d\xd8\n\x00", "UTF-16"),
    _refused("a NUL", "a,b\n1,x\0y\n", "NUL", "/0/b"),
]

_SEP_LINES: Final = [
    _table(
        "a semicolon",
        "sep=;\r\nland;umsatz\r\nDE;12\r\nAT;7\r\n",
        ";",
        {"land": "string", "umsatz": "integer"},
        [["DE", 12], ["AT", 7]],
    ),
    _table("a comma", "sep=,\na,b\n1,2\n", ",", _AB, [[1, 2]]),
    _table("a tab", "sep=\t\na\tb\n1\t2\n", "\t", _AB, [[1, 2]]),
    _table("a bar", "sep=|\na|b\n1|2\n", "|", _AB, [[1, 2]]),
    _table("a delimiter that is never inferred", "sep=^\na^b\n1^2\n", "^", _AB, [[1, 2]]),
    _table("in capitals", "SEP=;\r\na;b\r\n1;2\r\n", ";", _AB, [[1, 2]]),
    _table("capitalized", "Sep=,\na,b\n1,2\n", ",", _AB, [[1, 2]]),
    _table("after a mark", _BOM + b"sep=;\r\na;b\r\n1;2\r\n", ";", _AB, [[1, 2]]),
    _table("in UTF-16", "\ufeffsep=;\r\na;b\r\n1;2\r\n".encode("utf-16-le"), ";", _AB, [[1, 2]], encoding="utf-16le"),
    _table("with CR", "sep=;\ra;b\r1;2\r", ";", _AB, [[1, 2]]),
    _table("one column", "sep=,\nland\nDE\n", ",", {"land": "string"}, [["DE"]]),
    _table(
        "one column whose texts have other delimiters",
        "sep=|\nremark\na, b; c\n",
        "|",
        {"remark": "string"},
        [["a, b; c"]],
    ),
    _table("a delimiter that the rest does not use", "sep=;\na,b\n1,2\n", ";", {"a,b": "string"}, [["1,2"]]),
    _table(
        "where another delimiter would win",
        "sep=,\na;b,c\n1;2,3\n",
        ",",
        {"a;b": "string", "c": "integer"},
        [["1;2", 3]],
    ),
    _table("a blank line below it", "sep=;\n\na;b\n1;2\n", ";", _AB, [[1, 2]]),
    _table("a column that is named sep", "sep,b\n1,2\n", ",", {"sep": "integer", "b": "integer"}, [[1, 2]]),
    _table("one column that is named sep", "sep\n1\n", None, {"sep": "integer"}, [[1]]),
    _table("a row that looks like one", "a;b\nsep=,;1\n", ";", {"a": "string", "b": "integer"}, [["sep=,", 1]]),
    _refused("nothing else", "sep=;\r\n", "empty"),
    _refused("only a header", "sep=;\na;b\n", "This file has a header but no rows."),
    _refused("a ragged file below it", "sep=;\na;b\n1;2;3\n", "it has 3", "/0"),
]

_HEADERS: Final = [
    _table("spaces around names", "a , b\n1,2\n", ",", {"a ": "integer", " b": "integer"}, [[1, 2]]),
    _table(
        "a nameless first column, as pandas writes",
        ",x,y\n0,5,7\n1,6,8\n",
        ",",
        {"": "integer", "x": "integer", "y": "integer"},
        [[0, 5, 7], [1, 6, 8]],
    ),
    _table(
        "a nameless first column, as R writes",
        '"","mpg"\n"Mazda",21\n',
        ",",
        {"": "string", "mpg": "integer"},
        [["Mazda", 21]],
    ),
    _table(
        "a nameless column in the middle",
        "a,,c\n1,2,3\n",
        ",",
        {"a": "integer", "": "integer", "c": "integer"},
        [[1, 2, 3]],
    ),
    _table(
        "years",
        "country,2024,2025\nDE,1,2\n",
        ",",
        {"country": "string", "2024": "integer", "2025": "integer"},
        [["DE", 1, 2]],
    ),
    _table("names that differ in case", "id,ID\n1,2\n", ",", {"id": "integer", "ID": "integer"}, [[1, 2]]),
    _table("names that differ in a space", "a,a \n1,2\n", ",", {"a": "integer", "a ": "integer"}, [[1, 2]]),
    _table("names that are paths", "a/b,a~b\n1,2\n", ",", {"a/b": "integer", "a~b": "integer"}, [[1, 2]]),
    _table(
        "names of Python and JavaScript",
        "__proto__,constructor\n1,2\n",
        ",",
        {"__proto__": "integer", "constructor": "integer"},
        [[1, 2]],
    ),
    _table("quotes in a name", '"a ""b""",c\n1,2\n', ",", {'a "b"': "integer", "c": "integer"}, [[1, 2]]),
    _table("a delimiter in a quoted name", '"a,b";c\n1;2\n', ";", {"a,b": "integer", "c": "integer"}, [[1, 2]]),
    _table(
        "more delimiters in a quoted name than outside",
        'x;"a, b, c, or d"\n1;2\n',
        ";",
        {"x": "integer", "a, b, c, or d": "integer"},
        [[1, 2]],
    ),
    _table("units in brackets", "v [m/s],t {s}\n1,2\n", ",", {"v [m/s]": "integer", "t {s}": "integer"}, [[1, 2]]),
    _table("a hash sign before the first name", "#id,n\n1,2\n", ",", {"#id": "integer", "n": "integer"}, [[1, 2]]),
    _table("a header like the rows", "1,2\n3,4\n", ",", {"1": "integer", "2": "integer"}, [[3, 4]]),
    _table("a long name", "x" * 300 + ",b\n1,2\n", ",", {"x" * 300: "integer", "b": "integer"}, [[1, 2]]),
    _table("a percent sign and a tab in quotes", '"a\t%",b\n1,2\n', ",", {"a\t%": "integer", "b": "integer"}, [[1, 2]]),
    _refused("a name twice", "a,b,a\n1,2,3\n", 'An earlier column is also named "a"'),
    _refused("two nameless columns with values", "a,,\n1,2,3\n", 'An earlier column is also named ""'),
    _refused("one name for all columns", "x;x\n1;2\n", 'An earlier column is also named "x"'),
]

_BLANKS: Final = [
    _table("a blank first line", "\r\na;b\r\n1;2\r\n", ";", _AB, [[1, 2]]),
    _table("three blank first lines", "\n\n\na,b\n1,2\n", ",", _AB, [[1, 2]]),
    _table("a blank line after a mark", _BOM + b"\r\na;b\r\n1;2\r\n", ";", _AB, [[1, 2]]),
    _table("a blank line below the header", "a,b\n\n1,2\n", ",", _AB, [[1, 2]]),
    _table("blank lines between rows", "a,b\n1,2\n\n\n3,4\n", ",", _AB, [[1, 2], [3, 4]]),
    _table("blank lines at the end", "a,b\r\n1,2\r\n\r\n\r\n", ",", _AB, [[1, 2]]),
    _table("blank lines with CR", "a,b\r\r1,2\r\r", ",", _AB, [[1, 2]]),
    _table("a line of spaces between rows", "a,b\n1,2\n   \n3,4\n", ",", _AB, [[1, 2], [3, 4]]),
    _table("a line of spaces above the header", "  \na;b\n1;2\n", ";", _AB, [[1, 2]]),
    _table("empty cells", "a,b,c\n1,,3\n,2,\n", ",", _ABC, [[1, None, 3], [None, 2, None]]),
    _table("an empty first cell", "a;b\n;1\n;2\n", ";", {"a": "string", "b": "integer"}, [[None, 1], [None, 2]]),
    _table("a row of empty cells", "a;b;c\n1;2;3\n;;\n", ";", _ABC, [[1, 2, 3], [None, None, None]]),
    _table(
        "a named column without values", "a,b\n1,\n2,\n", ",", {"a": "integer", "b": "string"}, [[1, None], [2, None]]
    ),
    _table(
        "cells of spaces, which are texts",
        "a,b\n ,1\nx,2\n",
        ",",
        {"a": "string", "b": "integer"},
        [[" ", 1], ["x", 2]],
    ),
    _table("spaces around cells", "a,b\n x ,1\n", ",", {"a": "string", "b": "integer"}, [[" x ", 1]]),
    _table("an empty last cell without a line end", "a,b\n1,2\n3,", ",", _AB, [[1, 2], [3, None]]),
    _table(
        "words for nothing, which are texts",
        "a,b\nNULL,1\nN/A,2\n,3\n",
        ",",
        {"a": "string", "b": "integer"},
        [["NULL", 1], ["N/A", 2], [None, 3]],
    ),
    _table(
        "MySQL's sign of null, which is a text",
        "a\tb\n\\N\t1\n5\t2\n",
        "\t",
        {"a": "string", "b": "integer"},
        [["\\N", 1], ["5", 2]],
    ),
    _table(
        "quoted and bare empty cells",
        'a,b,c\n"",,3\n',
        ",",
        {"a": "string", "b": "string", "c": "integer"},
        [[None, None, 3]],
    ),
]

_ONE_COLUMN: Final = [
    _table("integers", "n\n1\n2\n", None, {"n": "integer"}, [[1], [2]]),
    _table("texts", "name\nAnna\nBen\n", None, {"name": "string"}, [["Anna"], ["Ben"]]),
    _table("an empty cell", "value\n7\n\n9\n", None, {"value": "integer"}, [[7], [None], [9]]),
    _table("an empty first cell", "value\n\n9\n", None, {"value": "integer"}, [[None], [9]]),
    _table("an empty last cell", "value\r\n7\r\n\r\n", None, {"value": "integer"}, [[7], [None]]),
    _table(
        "an empty quoted cell, as pandas writes", 'value\n1\n""\n3\n', None, {"value": "integer"}, [[1], [None], [3]]
    ),
    _table("a line of spaces, which is a text", "value\n \nx\n", None, {"value": "string"}, [[" "], ["x"]]),
    _table("a blank line above the header", "\nvalue\n7\n", None, {"value": "integer"}, [[7]]),
    _table("no last line end", "n\n1\n2", None, {"n": "integer"}, [[1], [2]]),
    _table(
        "quoted texts with commas",
        'name\n"Doe, Jane"\n"Roe, Max"\n',
        None,
        {"name": "string"},
        [["Doe, Jane"], ["Roe, Max"]],
    ),
    _table("a quoted name with delimiters", '"a;b, c"\n1\n', None, {"a;b, c": "integer"}, [[1]]),
    _table("a line break in a quoted text", 'note\n"x\ny"\nz\n', None, {"note": "string"}, [["x\ny"], ["z"]]),
    _table("spaces, which delimit nothing", "first last\nJane Doe\n", None, {"first last": "string"}, [["Jane Doe"]]),
    _table("colons, which delimit nothing", "time\n08:15\n09:45\n", None, {"time": "string"}, [["08:15"], ["09:45"]]),
    _table(
        "mail addresses",
        "mail\na@example.org\nb@example.org\n",
        None,
        {"mail": "string"},
        [["a@example.org"], ["b@example.org"]],
    ),
    _table("control characters", "t\na\x1fb\nc\x1ed\x01\n", None, {"t": "string"}, [["a\x1fb"], ["c\x1ed\x01"]]),
    _table("dates", "day\n2026-01-31\n2026-02-01\n", None, {"day": "date"}, [["2026-01-31"], ["2026-02-01"]]),
    _table("numbers", "x\n1.5\n-2\n", None, {"x": "number"}, [[1.5], [-2]]),
    _table(
        "commas in each record, which are delimiters",
        "name, first\nDoe, Jane\n",
        ",",
        {"name": "string", " first": "string"},
        [["Doe", " Jane"]],
    ),
    _refused("unquoted commas below a name", "remark\nHello, world\nBye\n", "Separated by commas", "/0"),
    _refused("a decimal comma in each row", "Preis\n1,50\n2,75\n", "Separated by commas", "/0"),
    _refused("unquoted semicolons below a name", "tags\nred;blue\ngreen\n", "Separated by semicolons", "/0"),
    _refused("a comma in the header alone", "Betrag, EUR\n12\n13\n", "it has 1", "/0/ EUR"),
]

_NAMELESS: Final = [
    _table("one", "a,b,\n1,2,\n3,4,\n", ",", _AB, [[1, 2], [3, 4]]),
    _table("two, as Excel writes", "a;b;;\r\n1;2;;\r\n3;4;;\r\n", ";", _AB, [[1, 2], [3, 4]]),
    _table("many", "a,b" + "," * 40 + "\n1,2" + "," * 40 + "\n", ",", _AB, [[1, 2]]),
    _table("quoted", 'a,b,""\n1,2,""\n', ",", _AB, [[1, 2]]),
    _table("with tabs", "a\tb\t\n1\t2\t\n", "\t", _AB, [[1, 2]]),
    _table("with empty rows below", "a;b;;\n1;2;;\n;;;\n", ";", _AB, [[1, 2], [None, None]]),
    _table(
        "one with a value, which stays", "a,b,\n1,2,\n3,4,5\n", ",", {**_AB, "": "integer"}, [[1, 2, None], [3, 4, 5]]
    ),
    _table("one with a space, which stays", "a,b,\n1,2, \n", ",", {**_AB, "": "string"}, [[1, 2, " "]]),
    _table("a named one without values, which stays", "a,b,c\n1,2,\n", ",", {**_AB, "c": "string"}, [[1, 2, None]]),
    _table(
        "one before a named one, which stays",
        "a,,c,\n1,,3,\n",
        ",",
        {"a": "integer", "": "string", "c": "integer"},
        [[1, None, 3]],
    ),
    _table(
        "bars around each line, as SAP writes",
        "|a|b|\n|1|2|\n|3|4|\n",
        "|",
        {"": "string", **_AB},
        [[None, 1, 2], [None, 3, 4]],
    ),
    _table("one beside one column", "name;\nAnna;\nBen;\n", ";", {"name": "string"}, [["Anna"], ["Ben"]]),
    _table(
        "one beside one column with an empty cell",
        "name,\nAnna,\n,\nBen,\n",
        ",",
        {"name": "string"},
        [["Anna"], [None], ["Ben"]],
    ),
    _refused("only in the rows", "a,b\n1,2,\n3,4,\n", "it has 3", "/0"),
    _refused("only in the header", "a,b,\n1,2\n3,4\n", "it has 2", "/0/"),
    _refused("nothing else", ",,\n,,\n", ""),
]

_REFUSED: Final = [
    _refused("an empty file", b"", "empty"),
    _refused("blank lines", "\n\r\n\n", "empty"),
    _refused("only a mark", _BOM, "empty"),
    _refused("only a header", "a,b\n", "This file has a header but no rows."),
    _refused("only a header of one column", "a\n", "This file has a header but no rows."),
    _refused("a web page", "<!doctype html>\n<html><body>Sign in</body></html>\n", "HTML"),
    _refused("a web page with commas in each line", "<p>a, b\n<p>c, d\n", "HTML"),
    _refused("XML", '<?xml version="1.0"?>\n<rows><row a="1"/></rows>\n', "XML"),
    _refused("XML after a mark and blank lines", _BOM + b"\n<rows>\n</rows>\n", "XML"),
    _refused("a JSON array", '[\n {"a": 1}\n]\n', "JSON"),
    _refused("a JSON array on one line", '[{"a":1,"b":2},{"a":3,"b":4}]', "JSON"),
    _refused("a JSON object", '{"a": 1}\n', "JSON"),
    _refused("JSON lines of one width", '{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', "JSON"),
    _refused("rich text", "{\\rtf1\\ansi\n}\n", "not like CSV"),
    _refused("a workbook", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", "NUL"),
    _refused("a compressed file", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff", "0x8B"),
    _refused("a short row", "a,b\n1,2\n3\n", "it has 1", "/1/b"),
    _refused("a long row", "a,b\n1,2,3\n", "it has 3", "/0"),
    _refused("a title above the header", "Revenue report\n\na,b\n1,2\n", "Separated by commas", "/0"),
    _refused("a title with delimiters above the header", "Revenue;;\na;b;c\n1;2;3\n", 'also named ""'),
    _refused("a total below the rows", "a;b\n1;2\nTotal: 1 row\n", "it has 1", "/1/b"),
    _refused("the count of rows, as psql writes", "a|b\n1|2\n(1 row)\n", "it has 1", "/1/b"),
    _refused("a line of dashes below the header", "a|b\n-+-\n1|2\n", "it has 1", "/0/b"),
    _refused("two tables", "a,b\n1,2\n\nc,d,e\n3,4,5\n", "it has 3", "/1"),
    _refused("a quote that does not end", 'a,b\n1,"2\n3,4\n', "cannot be parsed", "/0"),
    _refused("text after a quote", 'a,b\n"1"2,3\n', "cannot be parsed", "/0"),
    _refused("quotes escaped by backslashes", 'a,b\n"x \\"y\\" z",1\n', "cannot be parsed", "/0"),
    _refused("commas in single quotes", "a,b\n'x, y',1\n", "it has 3", "/0"),
    _refused("a sentence", "Dear reader, this is a letter.\nIt has two lines.\n", "it has 1", "/0/ this is a letter."),
    _refused("an unquoted thousands separator", "a,b\n1,234,5\n6,7\n", "it has 3", "/0"),
    _refused("a ragged file with a named delimiter", "a;b\n1;2\n3\n", "it has 1", "/1/b", given=";"),
    _refused("a ragged file whose rows agree", "a;b\n1;2;3\n4;5;6\n", "it has 3", "/0"),
]

_INTEGERS: Final = [
    _column("small", "integer", ["0", "7", "-3"], [0, 7, -3]),
    _column("the largest", "integer", ["9007199254740991", "-9007199254740991"], [2**53 - 1, 1 - 2**53]),
    _column("one that doubles round", "string", ["9007199254740993", "1"]),
    _column("an account number of 18 digits", "string", ["123456789012345678"]),
    _column("a number of 20 digits", "string", ["12345678901234567890"]),
    _column(
        "article numbers of 13 digits", "integer", ["4006381333931", "9783161484100"], [4006381333931, 9783161484100]
    ),
    _column("postcodes", "string", ["01067", "10115"]),
    _column("telephone numbers", "string", ["+4930123456", "+14155550100"]),
    _column("a plus sign", "string", ["+1", "2"]),
    _column("two zeros", "string", ["00", "1"]),
    _column("minus zero", "string", ["-0", "5"]),
    _column("a space before", "string", [" 1", "2"]),
    _column("a space behind", "string", ["1 ", "2"]),
    _column("empty cells", "integer", ["1", "", "3"], [1, None, 3]),
    _column("one empty cell only", "string", [""]),
    _column("years", "integer", ["1999", "2026"], [1999, 2026]),
    _column("days without separators", "integer", ["20260131", "20260201"], [20260131, 20260201]),
    _column("underscores", "string", ["1_000", "2"]),
    _column("hexadecimal digits", "string", ["0x1F", "10"]),
    _column("Arabic digits", "string", ["١٢", "٣"]),
    _column("full-width digits", "string", ["１２"]),
    _column("accounting brackets", "string", ["(12)", "5"]),
    _column("a trailing minus, as SAP writes", "string", ["12-", "5"]),
    _column("a true minus sign", "string", ["−5", "3"]),
    _column("a word among numbers", "string", ["1", "n/a", "3"]),
    _column("zeros and ones", "integer", ["0", "1", "1"], [0, 1, 1]),
]

_NUMBERS: Final = [
    _column("shortest forms", "number", ["1.5", "2.25", "-0.5"], [1.5, 2.25, -0.5]),
    _column("integers among them", "number", ["1", "2.5", "3"], [1, 2.5, 3]),
    _column("small ones as JavaScript writes", "number", ["1e-7", "0.5"], [1e-7, 0.5]),
    _column("large ones as JavaScript and Python write", "number", ["1e+21", "2.5"], [1e21, 2.5]),
    _column(
        "17 digits that are a double's shortest form",
        "number",
        ["0.30000000000000004", "0.1"],
        [0.30000000000000004, 0.1],
    ),
    _column("coordinates", "number", ["52.520008", "13.4"], [52.520008, 13.4]),
    _column("two forms of one number", "string", ["1.4", "1.40"]),
    _column("a zero too many beside an integer", "string", ["12.50", "3"]),
    _column("more digits than a double has", "string", ["12345678901234567.89", "0.5"]),
    _column("20 decimals", "string", ["0.12345678901234567890", "0.5"]),
    _column("17 digits with a zero at the end", "string", ["123456789012345.60", "0.25"]),
    _column("part numbers like powers", "string", ["1E5", "12E3"]),
    _column("a power that is not its shortest form", "string", ["1e5", "2"]),
    _column("a capital E", "string", ["1.5E-7", "2"]),
    _column("no digit before the point", "string", [".5", "0.5"]),
    _column("no digit behind the point", "string", ["5.", "6"]),
    _column("too large for a double", "string", ["1e999", "1"]),
    _column("too large for a double, below others", "string", ["1", "1e400"]),
    _column("too large for a double, below part numbers", "string", ["1E5", "1e400"]),
    _column("not a number", "string", ["NaN", "1.5"]),
    _column("infinity", "string", ["Infinity", "1.5"]),
    _column("a leading zero", "string", ["01.5", "2.5"]),
    _column("a plus sign", "string", ["+1.5", "2.5"]),
    _column("a space in front", "string", [" 1.5", "2.5"]),
    _column("percent", "string", ["12.5%", "3%"]),
    _column("currency", "string", ["$1.50", "$2.75"]),
    _column("euros behind", "string", ["1,50 €", "2,75 €"]),
    _column("version numbers of three parts", "string", ["1.10.2", "1.9.0"]),
    _column("IP addresses", "string", ["10.0.0.1", "192.168.1.1"]),
    _column("empty cells", "number", ["1.5", "", "2.5"], [1.5, None, 2.5]),
]

_DECIMALS: Final = [
    _column("prices", "number", ["12.50", "3.00", "0.99"], [12.5, 3, 0.99], {"decimals": 2}),
    _column("one price", "number", ["12.50"], [12.5], {"decimals": 2}),
    _column("zero", "number", ["0.00", "0.10"], [0, 0.1], {"decimals": 2}),
    _column("negative ones", "number", ["-12.50", "-3.00"], [-12.5, -3], {"decimals": 2}),
    _column("four decimals", "number", ["1.0000", "2.5000"], [1, 2.5], {"decimals": 4}),
    _column("two decimals that are shortest forms too", "number", ["1.25", "2.75"], [1.25, 2.75]),
    _column("empty cells", "number", ["1.50", "", "2.00"], [1.5, None, 2], {"decimals": 2}),
    _column("15 digits", "number", ["1234567890123.50", "1.00"], [1234567890123.5, 1], {"decimals": 2}),
    _column("16 digits, more than a double keeps", "string", ["90071992547409.93", "1.00"]),
    _column("minus zero", "string", ["-0.00", "0.50"]),
    _column("two versions with as many decimals", "number", ["1.10", "1.20"], [1.1, 1.2], {"decimals": 2}),
    _column("two and three decimals", "string", ["1.50", "2.500"]),
    _column("two decimals and none", "string", ["1.50", "2"]),
    _column("a leading zero among them", "string", ["01.50", "2.00"]),
    _column("a power among them", "string", ["1.50", "1e-7"]),
]

_BOOLEANS: Final = [
    _column("small letters", "boolean", ["true", "false"], [True, False]),
    _column(
        "as Python and pandas write", "boolean", ["True", "False"], [True, False], {"true": "True", "false": "False"}
    ),
    _column(
        "as Excel, R and Google Sheets write",
        "boolean",
        ["TRUE", "FALSE"],
        [True, False],
        {"true": "TRUE", "false": "FALSE"},
    ),
    _column("empty cells", "boolean", ["true", "", "false"], [True, None, False]),
    _column("only true", "boolean", ["true", "true"], [True, True]),
    _column("only false", "boolean", ["false"], [False]),
    _column("two spellings of true", "string", ["true", "TRUE", "false"]),
    _column("two spellings of false", "string", ["True", "False", "false"]),
    _column("mixed case within", "string", ["tRue", "false"]),
    _column("a number among them", "string", ["true", "1"]),
    _column("a space", "string", ["true ", "false"]),
    _column("yes and no", "string", ["yes", "no"]),
    _column("letters", "string", ["Y", "N"]),
    _column("as Excel writes in German", "string", ["WAHR", "FALSCH"]),
    _column("as PostgreSQL writes", "string", ["t", "f"]),
    _column("an X or nothing, as SAP writes", "string", ["X", "", "X"]),
]

_DATES: Final = [
    _column("ISO dates", "date", ["2026-01-31", "2024-02-29"]),
    _column("empty cells", "date", ["2026-01-31", ""]),
    _column("a day that does not exist", "string", ["2026-02-30", "2026-03-01"]),
    _column("a German day that does not exist", "string", ["31.12.2025", "31.02.2026"]),
    _column("February 29 in a common year", "string", ["2025-02-29"]),
    _column("a month that does not exist", "string", ["2026-13-01"]),
    _column("no leading zeros", "string", ["2026-1-5", "2026-12-31"]),
    _column("year and month", "string", ["2026-01", "2026-02"]),
    _column("weeks", "string", ["2026-W05", "2026-W06"]),
    _column("quarters", "string", ["2026-Q1", "2026-Q2"]),
    _column("date-times in UTC", "datetime", ["2026-01-31T10:00:00Z", "2026-01-31T11:30:00Z"]),
    _column("date-times with an offset", "datetime", ["2026-01-31T10:00:00+01:00"]),
    _column(
        "date-times with a space, as SQL and pandas write", "datetime", ["2026-01-31 10:00:00", "2026-01-31 11:30:00"]
    ),
    _column("date-times with fractions", "datetime", ["2026-01-31T10:00:00.123Z", "2026-01-31T10:00:00.456Z"]),
    _column("date-times without seconds", "datetime", ["2026-01-31T10:00", "2026-02-01T11:30"]),
    _column("an hour that does not exist", "string", ["2026-01-31T25:00:00"]),
    _column("dates and date-times", "string", ["2026-01-31", "2026-01-31T10:00:00Z"]),
    _column("dates and a word", "string", ["2026-01-31", "today"]),
    _column("times", "string", ["10:00", "23:59"]),
    _column("durations", "string", ["PT1H", "PT30M"]),
    _column("seconds since 1970", "integer", ["1769850000", "1769853600"], [1769850000, 1769853600]),
]

_NOTES: Final = [
    _noted("decimal commas", ["1,50", "22,75"], 1, ("number", [1.5, 22.75])),
    _noted("decimal commas and points that group", ["1.234,50", "12,00"], 1, ("number", [1234.5, 12])),
    _noted("commas that group", ["1,234.50", "99.00"], 1, ("number", [1234.5, 99])),
    _noted("apostrophes that group, as in Switzerland", ["1'234.50", "99.00"], 1, ("number", [1234.5, 99])),
    _noted("spaces that group, as in France", ["1 234,50", "99,00"], 1, ("number", [1234.5, 99])),
    _noted("no-break spaces that group", ["1\u00a0234,50", "99,00"], 1, ("number", [1234.5, 99])),
    _noted("narrow no-break spaces that group", ["1\u202f234,50", "99,00"], 1, ("number", [1234.5, 99])),
    _noted("millions", ["1.234.567", "2.345.678"], 1, ("integer", [1234567, 2345678])),
    _noted(
        "a comma that is decimal or groups",
        ["1,234", "5,678"],
        1,
        ("number", [1.234, 5.678]),
        ("integer", [1234, 5678]),
    ),
    _noted("an integer before the first decimal comma", ["3", "1,50"], 2, ("number", [3, 1.5])),
    _noted("a trailing minus, as SAP writes", ["1.234,50-", "12,00"], 1, ("number", [-1234.5, 12])),
    _noted("German dates", ["31.12.2025", "01.01.2026"], 1, ("date", ["2025-12-31", "2026-01-01"])),
    _noted("German dates without zeros", ["31.12.2025", "1.1.2026"], 1, ("date", ["2025-12-31", "2026-01-01"])),
    _noted(
        "German dates of two digits for the year", ["31.12.25", "01.01.26"], 1, ("date", ["2025-12-31", "2026-01-01"])
    ),
    _noted("British dates", ["31/12/2025", "01/01/2026"], 1, ("date", ["2025-12-31", "2026-01-01"])),
    _noted("American dates", ["12/31/2025", "01/01/2026"], 1, ("date", ["2025-12-31", "2026-01-01"])),
    _noted(
        "dates that are British or American",
        ["01/02/2026", "03/04/2026"],
        1,
        ("date", ["2026-02-01", "2026-04-03"]),
        ("date", ["2026-01-02", "2026-03-04"]),
    ),
    _noted(
        "dates with slashes, the year first", ["2026/01/31", "2026/02/01"], 1, ("date", ["2026-01-31", "2026-02-01"])
    ),
    _noted("the month by name", ["31-Jan-2026", "01-Feb-2026"], 1, ("date", ["2026-01-31", "2026-02-01"])),
    _noted("ISO dates without zeros", ["2026-1-5", "2026-12-31"], 1, ("date", ["2026-01-05", "2026-12-31"])),
    _noted(
        "German date-times",
        ["31.12.2025 23:59", "01.01.2026 00:00"],
        1,
        ("datetime", ["2025-12-31T23:59:00", "2026-01-01T00:00:00"]),
    ),
    _noted(
        "American date-times",
        ["12/31/2025 11:59 PM", "1/1/2026 12:00 AM"],
        1,
        ("datetime", ["2025-12-31T23:59:00", "2026-01-01T00:00:00"]),
    ),
    _noted("a word among numbers, which no reading explains", ["1.5", "2.5", "n/a"], 3),
    _column("more digits than a number keeps, with a comma", "string", ["12345678901234567,89", "0,50"], notes=[]),
    _column("texts, of which nothing is to be said", "string", ["red", "green"], notes=[]),
    _column("integers, of which nothing is to be said", "integer", ["1", "2"], [1, 2], notes=[]),
]

_MIXED: Final = [
    _table(
        "Excel, German: mark, semicolons, CR LF, decimal commas, German dates",
        "\ufeffDatum;Kunde;Umsatz;bezahlt\r\n"
        '31.12.2025;Müller GmbH & Co. KG;1.234,50;WAHR\r\n01.01.2026;"Kurz; Söhne";12,00;FALSCH\r\n',
        ";",
        {"Datum": "string", "Kunde": "string", "Umsatz": "string", "bezahlt": "string"},
        [["31.12.2025", "Müller GmbH & Co. KG", "1.234,50", "WAHR"], ["01.01.2026", "Kurz; Söhne", "12,00", "FALSCH"]],
    ),
    _table(
        "Excel, French: spaces that group",
        _BOM + "Région;CA\r\nÎle-de-France;1\u202f234,50\r\nBretagne;99,00\r\n".encode(),
        ";",
        {"Région": "string", "CA": "string"},
        [["Île-de-France", "1\u202f234,50"], ["Bretagne", "99,00"]],
    ),
    _table(
        "Excel, English: commas and quoted amounts",
        'Date,Item,Amount\r\n1/31/2026,"Desk, oak","1,234.50"\r\n2/1/2026,Lamp,99.00\r\n',
        ",",
        {"Date": "string", "Item": "string", "Amount": "string"},
        [["1/31/2026", "Desk, oak", "1,234.50"], ["2/1/2026", "Lamp", "99.00"]],
    ),
    _table(
        "pandas: an index, True and False, empty cells for NaN",
        ",x,flag,when\n0,1.5,True,2026-01-31 10:00:00\n1,,False,2026-02-01 11:00:00\n",
        ",",
        {"": "integer", "x": "number", "flag": "boolean", "when": "datetime"},
        [[0, 1.5, True, "2026-01-31 10:00:00"], [1, None, False, "2026-02-01 11:00:00"]],
        formats={"flag": {"true": "True", "false": "False"}},
    ),
    _table(
        "pandas: a column of floats, of which some are whole",
        "x,y\n1.0,0.5\n2.25,3.0\n",
        ",",
        {"x": "number", "y": "number"},
        [[1.0, 0.5], [2.25, 3.0]],
    ),
    _table(
        "R: quoted texts, row names, NA",
        '"","weight","group"\n"1",4.17,"ctrl"\n"2",NA,"trt"\n',
        ",",
        {"": "integer", "weight": "string", "group": "string"},
        [[1, "4.17", "ctrl"], [2, "NA", "trt"]],
    ),
    _table(
        "Google Sheets: CR LF, TRUE and FALSE, no last line end",
        "Task,Done,Hours\r\nDraw,TRUE,1.5\r\nBuild,FALSE,8",
        ",",
        {"Task": "string", "Done": "boolean", "Hours": "number"},
        [["Draw", True, 1.5], ["Build", False, 8]],
        formats={"Done": {"true": "TRUE", "false": "FALSE"}},
    ),
    _table(
        "LibreOffice: all texts quoted, semicolons",
        '"Name";"Menge";"Preis"\n"Tisch";3;"129,90"\n"Stuhl";4;"59,90"\n',
        ";",
        {"Name": "string", "Menge": "integer", "Preis": "string"},
        [["Tisch", 3, "129,90"], ["Stuhl", 4, "59,90"]],
    ),
    _table(
        "a CRM: every cell quoted, ids, empty cells, line breaks in addresses",
        '"Id","Name","Street","Revenue"\r\n"0011x00000A","Ärzte AG","Weg 1\r\nHof","1000"\r\n'
        '"0011x00000B","Bär","",""\r\n',
        ",",
        {"Id": "string", "Name": "string", "Street": "string", "Revenue": "integer"},
        [["0011x00000A", "Ärzte AG", "Weg 1\r\nHof", 1000], ["0011x00000B", "Bär", None, None]],
    ),
    _table(
        "SAP: tabs, leading zeros, trailing minus, points that group",
        "Material\tWerk\tBetrag\n000000000000100042\t0001\t1.234,50-\n000000000000100043\t0001\t12,00\n",
        "\t",
        {"Material": "string", "Werk": "string", "Betrag": "string"},
        [["000000000000100042", "0001", "1.234,50-"], ["000000000000100043", "0001", "12,00"]],
    ),
    _table(
        "PostgreSQL: COPY with a header, t and f, empty for null",
        "id,active,created\n1,t,2026-01-31 10:00:00+00\n2,f,\n",
        ",",
        {"id": "integer", "active": "string", "created": "string"},
        [[1, "t", "2026-01-31 10:00:00+00"], [2, "f", None]],
    ),
    _table(
        "MySQL: tabs, NULL",
        "id\tname\tscore\n1\tAnn\t1.5\n2\tNULL\tNULL\n",
        "\t",
        {"id": "integer", "name": "string", "score": "string"},
        [[1, "Ann", "1.5"], [2, "NULL", "NULL"]],
    ),
    _table(
        "SQL Server: a mark, prices of two decimals, times with seven decimals",
        _BOM + b"id,price,at\r\n1,12.50,2026-01-31 10:00:00.0000000\r\n2,3.00,2026-01-31 11:00:00.5000000\r\n",
        ",",
        {"id": "integer", "price": "number", "at": "datetime"},
        [[1, 12.5, "2026-01-31 10:00:00.0000000"], [2, 3, "2026-01-31 11:00:00.5000000"]],
        formats={"price": {"decimals": 2}},
    ),
    _table(
        "psql, unaligned",
        "id|name\n1|Ann\n2|Ben\n",
        "|",
        {"id": "integer", "name": "string"},
        [[1, "Ann"], [2, "Ben"]],
    ),
    _table(
        "a bank: semicolons, quoted everything, debits with a minus",
        '"Buchungstag";"Verwendungszweck";"Betrag"\n"30.01.2026";"Miete, Januar";"-950,00"\n'
        '"31.01.2026";"Gehalt";"2.800,00"\n',
        ";",
        {"Buchungstag": "string", "Verwendungszweck": "string", "Betrag": "string"},
        [["30.01.2026", "Miete, Januar", "-950,00"], ["31.01.2026", "Gehalt", "2.800,00"]],
    ),
    _table(
        "a survey: a long question as a name, answers with delimiters",
        '"How satisfied are you (1 = low, 5 = high)?",Comment\n4,"Good; but slow, sometimes"\n5,\n',
        ",",
        {"How satisfied are you (1 = low, 5 = high)?": "integer", "Comment": "string"},
        [[4, "Good; but slow, sometimes"], [5, None]],
    ),
    _table(
        "web analytics: percentages and durations",
        "Page,Views,Bounce rate,Time\n/,1520,45.20%,00:01:12\n/about,310,38.75%,00:00:45\n",
        ",",
        {"Page": "string", "Views": "integer", "Bounce rate": "string", "Time": "string"},
        [["/", 1520, "45.20%", "00:01:12"], ["/about", 310, "38.75%", "00:00:45"]],
    ),
    _table(
        "sensors: ISO times, negative values, gaps",
        "time,temperature,humidity\n2026-01-31T10:00:00Z,-1.5,80\n2026-01-31T10:10:00Z,,81\n2026-01-31T10:20:00Z,0.25,\n",
        ",",
        {"time": "datetime", "temperature": "number", "humidity": "integer"},
        [["2026-01-31T10:00:00Z", -1.5, 80], ["2026-01-31T10:10:00Z", None, 81], ["2026-01-31T10:20:00Z", 0.25, None]],
    ),
    _table(
        "a timetable: stop names with commas, times after midnight",
        'stop_id,stop_name,departure_time\n0101,"Main St, North",24:05:00\n0102,Harbour,24:10:00\n',
        ",",
        {"stop_id": "string", "stop_name": "string", "departure_time": "string"},
        [["0101", "Main St, North", "24:05:00"], ["0102", "Harbour", "24:10:00"]],
    ),
    _table(
        "Excel's Unicode text: UTF-16, tabs, quoted cells with line breaks",
        '\ufeffName\tNotiz\r\nÄnne\t"erste\nzweite"\r\n'.encode("utf-16-le"),
        "\t",
        {"Name": "string", "Notiz": "string"},
        [["Änne", "erste\nzweite"]],
        encoding="utf-16le",
    ),
    _table(
        "an export with a sep= line, nameless columns and a blank end",
        "sep=;\r\nRegion;Wert;;\r\nNord;1,5;;\r\nSüd;2;;\r\n\r\n",
        ";",
        {"Region": "string", "Wert": "string"},
        [["Nord", "1,5"], ["Süd", "2"]],
    ),
    _table(
        "genes, which spreadsheets turn into dates",
        "gene,count\nSEPT2,5\nMARCH1,7\n",
        ",",
        {"gene": "string", "count": "integer"},
        [["SEPT2", 5], ["MARCH1", 7]],
    ),
    _table(
        "formulas, which remain texts",
        "a,b\n=1+1,1\n@SUM(A1),2\n-1+2,3\n",
        ",",
        {"a": "string", "b": "integer"},
        [["=1+1", 1], ["@SUM(A1)", 2], ["-1+2", 3]],
    ),
    _table(
        "comparisons, which are not markup",
        "rule,n\na < b,1\nc > d & e,2\n",
        ",",
        {"rule": "string", "n": "integer"},
        [["a < b", 1], ["c > d & e", 2]],
    ),
]

KINDS: Final[Mapping[str, Sequence[Case]]] = {
    "delimiters": _DELIMITERS,
    "quotes": _QUOTES,
    "line ends": _LINE_ENDS,
    "marks and encodings": _ENCODINGS,
    "sep= lines": _SEP_LINES,
    "headers": _HEADERS,
    "blank lines and empty cells": _BLANKS,
    "one column": _ONE_COLUMN,
    "nameless columns at the end": _NAMELESS,
    "not tables": _REFUSED,
    "integers": _INTEGERS,
    "numbers": _NUMBERS,
    "decimals": _DECIMALS,
    "booleans": _BOOLEANS,
    "dates": _DATES,
    "notes": _NOTES,
    "programs": _MIXED,
}
CASES: Final = [case for cases in KINDS.values() for case in cases]


def texts(case: Case) -> list[list[str]]:
    """Return the header and the rows as another reader finds them, without what is no cell of the table.

    That is blank lines (but the empty cells of one column), a `sep=` line, byte order marks, and nameless columns
    without values at the end.
    """
    text = case.content.decode(case.encoding).lstrip("\ufeff")
    if text[:4].lower() == "sep=":
        text = text[5:]
    # No table contains a NUL.
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter=case.delimiter or "\0", strict=True))
    first = next(index for index, record in enumerate(records) if "".join(record).strip())
    if len(records[first]) == 1:
        return [record or [""] for record in records[first:]]
    found = [record for record in records[first:] if len(record) > 1 or "".join(record).strip()]
    while not any(record[-1] for record in found):
        found = [record[:-1] for record in found]
    return found
