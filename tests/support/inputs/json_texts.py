"""JSON texts by the rules of RFC 8259: valid ones, invalid ones, and those that the RFC leaves to the implementation.

Each is derived from a rule: https://www.rfc-editor.org/rfc/rfc8259
"""

import string
from itertools import product

# Section 3, and what some parsers accept in addition.
LITERALS = ("true", "false", "null")
INVALID_LITERALS = (
    *(literal[:end] for literal in LITERALS for end in range(1, len(literal))),
    *(change(literal) for literal in LITERALS for change in (str.upper, str.title)),
    *(f"{literal}{more}" for literal in LITERALS for more in ("x", "1", '"', "null")),
    *("undefined", "None", "nil", "yes", "TRUE ", "word", "$", "@", "{}.a", "(1)", "<null>", "`a`", "new Date()"),
)

# Section 6: [ minus ] int [ frac ] [ exp ].
NUMBERS = tuple(
    map(
        "".join,
        product(
            ("", "-"),
            ("0", "1", "10", "9007199254740993", "123456789012345678901234567890"),
            ("", ".0", ".5", ".000001"),
            ("", "e1", "E+2", "e-3", "E00"),
        ),
    )
)
INVALID_NUMBERS = (
    *("-", "+", "+1", "++1", "--1", "1-", "1+1", "-x", "- 1", ".", ".5", "-.5", "1.", "-1.", "1.e1", "1..5", "1.5.5"),
    *("e", "1e", "1E", "1e+", "1e-", "e1", ".e1", "1e1.5", "1e1e1", "1ee1", "1e +1", "1 e1", "1e1_"),
    *(f"{sign}0{digits}" for sign in ("", "-") for digits in ("0", "1", "07", "00.5", "1e1")),
    *("0x10", "0X1F", "0b1", "0o7", "1_000", "1f", "1L", "1n", "1.0d", "1/2", "1%", "$1", "1 2", "1'000"),
    # Digits in Unicode, but not in JSON.
    *("\uff11", "\u0661", "\u0967", "1\u0660", "\u2460", "\u00b2", "\u221e"),
)

# Section 7: every escape, and the unescaped characters at the boundaries of the permitted ranges.
STRINGS = (
    '""',
    *(f'"{escape}"' for escape in ('\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t")),
    *(
        f'"\\u{code}"'
        for code in ("0001", "001f", "0020", "007F", "00e9", "00E9", "20aC", "d7ff", "E000", "fffd", "FFFF")
    ),
    *(f'"\\u{high}\\u{low}"' for high, low in product(("d800", "D83D", "dbff"), ("dc00", "DE00", "dfff"))),
    *(f'"{chr(code)}"' for code in (0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7E, 0x7F, 0x80, 0x85, 0xA0, 0xAD, 0x7FF, 0x800)),
    *(f'"{chr(code)}"' for code in (0x2028, 0x2029, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10FFFF)),
    *('"\\\\u0000"', '"\\\\"', '"//"', '"/* */"', '"a\\u0020b"', '"\\u0022\\u005c"', '"e\u0301 \u00e9"'),
)
INVALID_STRINGS = (
    *('"', '"a', 'a"', "'a'", '"a""', '""a', '"\\"', '"\\\\\\"', '"a\\', "\u201ca\u201d", '""""', '"a" "b"', "a"),
    # Every control character, unescaped.
    *(f'"{chr(code)}"' for code in range(0x20)),
    # A backslash before every character that does not form an escape with it.
    *(f'"\\{sign}"' for sign in string.ascii_letters + string.digits + "'?#-" if sign not in "bfnrtu"),
    '"\\\n"',
    '"\\\u00e9"',
    '"\\\U0001f600"',
    # Fewer than four hexadecimal digits, or something else.
    *(f'"\\u{digits}"' for digits in ("", "0", "00", "00e", "{e9}", "U00e9", "+0e9", "0x41", " 041", "00e\u0661")),
    *(f'"\\u{"0041"[:at]}g{"0041"[at + 1 :]}"' for at in range(4)),
    *('"\\U00000041"', '"\\x41"', '"\\u00"e9', '"\\ud83d\\u"', '"\\ud83d\\"'),
)

# Sections 4 and 5.
STRUCTURES = (
    *("{}", "[]", "[[]]", "[{}]", '{"":0}', '{"a":{}}', '{"a":[],"b":{}}', "[null,[],{}]", '[0,"",true,[1,[2,[3]]]]'),
    *('{"a":1,"A":2}', '{"a":1,"\\u0061 ":2}', '{"e\u0301":1,"\u00e9":2}', '{"__proto__":1,"constructor":2}'),
)
INVALID_STRUCTURES = (
    *(
        "{",
        "[",
        "}",
        "]",
        "{]",
        "[}",
        "[1}",
        '{"a":1]',
        "[1",
        '{"a":1',
        '{"a"',
        '{"a":',
        '{"a"}',
        "{1}",
        "{:}",
        '{"a":}',
    ),
    *("[,]", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1:2]", "[:]", "[]]", "[][]", "[1]2", '["a":1]', "[1;2]", "[*]"),
    *(
        '{,"a":1}',
        '{"a":1,}',
        '{"a":1,,"b":2}',
        '{"a":1 "b":2}',
        '{"a"::1}',
        '{"a",1}',
        '{"a"=1}',
        '{"a"=>1}',
        '{"a":1}}',
    ),
    *("{a:1}", "{1:1}", "{null:1}", "{'a':1}", '{"a":1:2}', '{"a" "b":1}', '{["a"]:1}', "{...a}", '{"a":1;"b":2}'),
    *(
        "// a\n1",
        "1 // a",
        "/* a */ 1",
        "1 /**/",
        "# a\n1",
        "[1, // a\n 2]",
        '{"a": /* b */ 1}',
        "<!-- a --> 1",
        "-- 1",
    ),
)

# Section 2: four characters and no other; `~` in SPACED marks where they are permitted.
WHITESPACE = (" ", "\t", "\n", "\r", " \t\r\n ")
INVALID_WHITESPACE = (
    "\f",
    "\v",
    "\0",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u200b",
    "\u2060",
    "\u3000",
    "\ufeff",
)
SPACED = ("~[~1~,~2~]~", '~{~"a"~:~1~,~"b"~:~[~]~}~')

# What the grammar allows, the RFC leaves to the implementation (sections 4, 6 to 9) and this service refuses.
LEFT_OPEN = (
    *('{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '[{"b":{"a":1,"a":2}}]'),
    *("1e309", "-1e309", "1.5e+9999", "1" + "0" * 10_000, "-" + "9" * 10_001, "0." + "1" * 400 + "e400"),
    *(
        '"\\ud800"',
        '"\\udfff"',
        '"\\ud83d x"',
        '"\\ud83dx\\ude00"',
        '"\\ude00\\ud83d"',
        '"\\ud83d\\ud83d"',
        '{"\\udc00":1}',
    ),
    *('"\\u0000"', '"a\\u0000"', '{"\\u0000":1}'),
    *("[" * depth + "]" * depth for depth in (40, 1_000, 50_000)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (40, 1_000, 50_000)),
    # Numbers in ECMAScript, but not in JSON.
    *("NaN", "Infinity", "-Infinity"),
)

# Section 8.1: only UTF-8 is permitted.
NOT_UTF8 = (
    *(bytes([byte]) for byte in (0x80, 0xBF, 0xC0, 0xC1, 0xF5, 0xFE, 0xFF)),
    # Truncated sequences of each length.
    *("é€😀".encode()[start:end] for start, end in ((0, 1), (2, 3), (2, 4), (5, 6), (5, 7), (5, 8))),
    # Overlong sequences; surrogates; beyond the last code point; five and six bytes.
    *(b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf"),
    *(b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf"),
    *(b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xe9", b"caf\xe9", b"\x93a\x94"),
)
OTHER_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def _with(character: str, shape: str, place: int) -> str:
    parts = shape.split("~")
    return "".join(parts[: place + 1]) + character + "".join(parts[place + 1 :])


ACCEPTED = {
    "literals": LITERALS,
    "numbers": NUMBERS,
    "strings": STRINGS,
    "structures": STRUCTURES,
    "whitespace": tuple(shape.replace("~", space) for shape, space in product(SPACED, WHITESPACE)),
}
REFUSED = {
    "literals": INVALID_LITERALS,
    "numbers": INVALID_NUMBERS,
    "strings": INVALID_STRINGS,
    "structures": INVALID_STRUCTURES,
    # One place at a time, so that each is shown to be checked.
    "whitespace": tuple(
        _with(character, shape, place)
        for shape, character in product(SPACED, INVALID_WHITESPACE)
        for place in range(shape.count("~"))
    ),
    "left open": LEFT_OPEN,
}
