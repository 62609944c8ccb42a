"""docs/reference.md as docs/openapi.yaml makes it, to be read where nothing runs: `python -m support.reference`."""

import json
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any, Final

from support.openapi import METHODS, SOURCE, openapi, resolved
from support.template import ROOT

type Json = dict[str, Any]

TARGET: Final = ROOT / "docs" / "reference.md"
HEAD: Final = """# Reference

Every call, written from [`openapi.yaml`](openapi.yaml) by `make reference`: change that one, not this page.
In the local run the calls can be tried, at `/reference/`.
"""
# Beside each answer they would say nothing.
OF_EVERY_ANSWER: Final = ("Cache-Control", "Vary", "Content-Encoding", "X-Content-Type-Options", "X-Request-Id")
BOUNDS: Final = {"minimum": "from", "maximum": "to", "maxLength": "characters at most", "default": "else"}


def reference() -> str:
    """Write the document as Markdown, the same text for the same document."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_lines())).strip() + "\n"


def _lines() -> Iterator[str]:
    document = openapi()
    yield HEAD
    yield "| Call | Does |\n|---|---|"
    for tag in document["tags"]:
        for method, path, operation, _ in _operations(tag["name"]):
            yield f"| [`{method} {path}`](#{operation['operationId'].lower()}) | {operation['summary']} |"
    yield f"\n## Rules of every call\n\n{document['info']['description']}"
    yield "### Headers of every answer\n\n| Header | |\n|---|---|"
    headers = document["components"]["headers"]
    yield from (f"| `{name}` | {headers[name]['description']} |" for name in OF_EVERY_ANSWER)
    yield f"| `Cache-Control: no-store` | {headers['No-Store']['description']} |\n"
    for tag in document["tags"]:
        yield f"## {tag['name']}\n\n{tag['description']}\n"
        for method, path, operation, parameters in _operations(tag["name"]):
            yield from _operation(method, path, operation, parameters)
    yield "## Shared answers\n"
    for name, answer in document["components"]["responses"].items():
        yield from _answer(f"### Answer {name}", answer)
    yield "## Schemas\n"
    # As they are written there, where they are the last part.
    for part in re.split(r"\n    (?=\w+:\n)", SOURCE.read_text().partition("\n  schemas:")[2])[1:]:
        name, _, schema = part.partition(":\n")
        yield f"### Schema {name}\n\n{_block('yaml', dedent(schema))}"


def _operations(tag: str) -> Iterator[tuple[str, str, Json, list[Json]]]:
    """The operations of a tag: method, path, operation, and the parameters of its own and of its path."""
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            if method in METHODS and tag in operation["tags"]:
                yield method.upper(), path, operation, [*item.get("parameters", []), *operation.get("parameters", [])]


def _operation(method: str, path: str, operation: Json, parameters: list[Json]) -> Iterator[str]:
    name, answers = operation["operationId"], operation["responses"]
    yield f"### {name}\n\n`{method} {path}`\n\n{operation['summary']}.\n\n{operation.get('description', '')}"
    yield from _parameters(parameters)
    yield from _bodies("Request", operation.get("requestBody", {}))
    for status, answer in answers.items():
        if "$ref" not in answer:
            yield from _answer(f"#### {status} of {name}", answer)
    yield "| Answer | |\n|---|---|"
    for status, answer in answers.items():
        if "$ref" in answer:
            anchor = answer["$ref"].rpartition("/")[2].lower()
            yield f"| [{status}](#answer-{anchor}) | {_cell(resolved(answer)['description'])} |"
    yield ""


def _parameters(parameters: list[Json]) -> Iterator[str]:
    yield "\n| Parameter | In | Value | |\n|---|---|---|---|" if parameters else ""
    for parameter in map(resolved, parameters):
        needed = "**Needed.** " if parameter.get("required") else ""
        value, description = _value(parameter["schema"]), _cell(parameter["description"])
        yield f"| `{parameter['name']}` | {parameter['in']} | {_cell(value)} | {needed}{description} |"
    yield ""


def _answer(title: str, answer: Json) -> Iterator[str]:
    yield f"{title}\n\n{answer['description'].strip()}\n"
    for name, header in answer.get("headers", {}).items():
        if name not in OF_EVERY_ANSWER:
            yield f"- `{name}`: {resolved(header)['description']} For example `{resolved(header)['example']}`"
    yield ""
    yield from _bodies("Body", answer)


def _bodies(what: str, holder: Json) -> Iterator[str]:
    for media_type, body in holder.get("content", {}).items():
        yield f"{what}, `{media_type}`: {_value(body['schema'])}\n"
        for example in map(resolved, body.get("examples", {}).values()):
            value = example["value"]
            shown = _block("text", value) if isinstance(value, str) else _block("json", _json(value))
            yield f"<details><summary>{example.get('summary', 'Example')}</summary>\n\n{shown}\n</details>\n"


def _value(schema: Json) -> str:
    """Say in a few words what a schema takes: a schema with a name by a link to it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#schema-{name.lower()})"
    parts = [_value(part) for word in ("oneOf", "anyOf") for part in schema.get(word, [])]
    return " or ".join(parts) or ", ".join([*map(_value, schema.get("allOf", [])), *_facts(schema)])


def _facts(schema: Json) -> Iterator[str]:
    kinds = schema.get("type", [])
    yield from [kinds] if isinstance(kinds, str) else kinds
    code = schema.get("properties", {}).get("type", {}) if not kinds else {}
    for holder in (schema, schema.get("items", {}), code):
        values = [holder["const"]] if "const" in holder else holder.get("enum", [])
        yield from (f"`{value}`" for value in values)
    for word, said in BOUNDS.items():
        if word in schema:
            yield f"{said} {schema[word]}"


def _json(value: Any, depth: int = 0) -> str:
    """Write JSON with what fits into a line in one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + 2 * depth <= 100:
        return line
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, dict) else [""] * len(value)
    inside = value.values() if isinstance(value, dict) else value
    members = [f"{'  ' * (depth + 1)}{name}{_json(each, depth + 1)}" for name, each in zip(names, inside, strict=True)]
    return f"{line[0]}\n{',\n'.join(members)}\n{'  ' * depth}{line[-1]}"


def _block(language: str, text: str) -> str:
    return "\n".join([f"```{language}", *text.splitlines(), "```\n"])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("|", "\\|")).strip()


if __name__ == "__main__":
    TARGET.write_text(reference())
