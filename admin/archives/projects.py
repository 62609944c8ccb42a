"""A project in an archive: its entries under `projects/<id>/`. docs/archive.md describes each."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from admin.archives.checks import RefusedError
from admin.archives.contents import PLACE, Contents, is_table, kind_of, without
from admin.archives.file import ArchiveReader, ArchiveWriter
from admin.archives.items import ItemError, encoded
from admin.archives.shapes import read_item
from dashboard_store.documents.dataset.csv_text import csv_rows
from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.grants import incarnation_of
from dashboard_store.repository.project_items import project_document
from dashboard_store.settings import Settings

TABLE: Final = "table"
"""The member that takes the place of a table's rows, and names their entries."""

_SHARES: Final = {
    "ROSTER": "roster",
    "MEMBER": "members",
    "TEAM": "teams",
    "INVITATION": "invitations",
    "LINK": "links",
    "REMOVED": "removed",
}
_PINS: Final = "pins"
_HEADS: Final = ("PROJECT", "CONFIG", "ANALYSIS", "DATA")
# Escapes make a character of a config six bytes long; an item has some more attributes.
_ESCAPED: Final = 6
_REST_OF_LINE: Final = 1_000_000
# The items of one document of an archive: a table and an analysis for each earlier upload, or a pin for each link.
_LINES_OF_DOCUMENT: Final = 128


def most_line_bytes(settings: Settings) -> int:
    """Return how long a line of an archive may be that a deployment reads."""
    return _ESCAPED * max(settings.max_config_bytes, settings.max_analysis_bytes) + _REST_OF_LINE


def write_lines(archive: ArchiveWriter, name: str, items: Iterable[Item]) -> Counter[str]:
    """Write an entry with an item a line; return how many of each kind."""
    counts = Counter[str]()
    with archive.entry(name) as file:
        for item in items:
            file.write(compact(encoded(without(item, "pk"))).encode() + b"\n")
            counts[kind_of(item)] += 1
    return counts


def write_project(archive: ArchiveWriter, contents: Contents) -> dict[str, int]:
    """Write a project; return how many versions, drafts and tables it has, and of how many the rows were lost.

    What describes the project comes last: without it, there is no project.
    """
    at = _folder(contents.address.project_id)
    versions = write_lines(archive, f"{at}config.jsonl", contents.versions())
    drafts = write_lines(archive, f"{at}drafts.jsonl", contents.drafts())
    tables = [_write_table(archive, contents, item) for item in contents.with_tables]
    heads = {kind_of(item): encoded(without(item, "pk", *PLACE)) for item in contents.heads}
    data = {
        "newest": next((table for table in tables if table["sk"].startswith("DATA#")), None),
        "analysis": heads.get("ANALYSIS"),
        "kept": [table for table in tables if table["sk"].startswith("DATAVERSION#")],
        _PINS: [table for table in tables if table["sk"].startswith("PIN#")],
    }
    archive.document(f"{at}data.json", data)
    archive.document(f"{at}sharing.json", _sharing(contents))
    project = {
        "document": project_document(contents.project),
        "isDeleted": contents.is_deleted,
        "people": contents.people,
        "project": heads["PROJECT"],
        "config": heads.get("CONFIG"),
    }
    archive.document(f"{at}project.json", project)
    lost = sum(table[TABLE]["stored"] is None for table in tables)
    tables_written = {"tables": len(tables), "lostTables": lost}
    return {"versions": versions["CONFIGVERSION"], "drafts": drafts["CONFIG"], **tables_written}


def read_project(archive: ArchiveReader, owner: str, project_id: str, settings: Settings) -> Contents:
    """Read a project of an archive. Raises RefusedError, or CannotRunError if the archive is damaged."""
    try:
        return _read(archive, ProjectAddress(owner, project_id), settings)
    except (AttributeError, KeyError, TypeError, ItemError, NoProject) as exc:
        raise RefusedError("malformed", f"It is not described as a project: {exc!r}") from exc


def _folder(project_id: str) -> str:
    return f"projects/{project_id}/"


def _write_table(archive: ArchiveWriter, contents: Contents, item: Item) -> JsonObject:
    """Write the rows of a table, as they are stored and as CSV, and return what describes it."""
    parts = keys.parts(item)[1]
    name = f"pins/{parts[2]}" if parts[0] == "PIN" else f"data/{item['version']}"
    described = encoded(without(item, "pk", *PLACE))
    stored = contents.stored(item)
    if stored is None:
        lost = {"stored": None, "bytes": item["objectBytes"], "sha256": item["object"].rpartition("/")[2]}
        return {**described, TABLE: lost}
    at = _folder(contents.address.project_id)
    with archive.entry(f"{at}{name}.stored", is_compressed=True) as file:
        file.write(stored)
    with archive.entry(f"{at}{name}.csv") as file:
        file.writelines(csv_rows(io.BytesIO(stored), json.loads(item["schema"])["columnNames"]))
    digest = hashlib.sha256(stored).hexdigest()
    files = {"stored": f"{name}.stored", "csv": f"{name}.csv", "bytes": len(stored), "sha256": digest}
    return {**described, TABLE: files}


def _sharing(contents: Contents) -> JsonObject:
    found: dict[str, list[JsonObject]] = {name: [] for name in (*_SHARES.values(), _PINS, "others")}
    for item in contents.shares:
        parts = keys.parts(item)[1]
        name = _PINS if parts[0] == "PIN" else _SHARES.get(parts[2], "others")
        found[name].append(encoded(without(item, "pk")))
    return {**found, "listedAs": dict(contents.listed)}


def _read(archive: ArchiveReader, address: ProjectAddress, settings: Settings) -> Contents:
    at, most_line = _folder(address.project_id), most_line_bytes(settings)
    for name in ("project.json", "data.json", "sharing.json"):
        if archive.size_of(f"{at}{name}") > most_line * _LINES_OF_DOCUMENT:
            raise RefusedError("too-large", f"{at}{name} is larger than this deployment allows.")
    described, data, sharing = (archive.document(f"{at}{name}.json") for name in ("project", "data", "sharing"))
    tables = [table for table in (data["newest"], *data["kept"], *data[_PINS]) if table]
    files = {str(table["sk"]): table[TABLE] for table in tables}
    items = [
        {**read_item(address, without(table, TABLE), "DATA", "DATAVERSION", "PIN"), **_lost(table[TABLE])}
        for table in tables
    ]
    has_newest = int(data["newest"] is not None)
    own = [document for document in (described["config"], data["analysis"]) if document]
    heads = [read_item(address, document, *_HEADS) for document in (described["project"], *own)]
    shares = [
        read_item(address, document, "SHARE", "PIN")
        for name, some in sharing.items()
        if name != "listedAs"
        for document in some
    ]
    _require_heads([*heads, *items[:has_newest]], items[has_newest:])

    def lines(name: str, *kinds: str, is_draft: bool) -> Iterator[Item]:
        for line in archive.lines(f"{at}{name}", most_line):
            item = read_item(address, line, *kinds)
            if bool(keys.parts(item)[1][2]) != is_draft:
                raise ItemError(f"{item['sk']} is not expected in {name}")
            yield item

    return Contents(
        address,
        [*heads, *items[:has_newest]],
        lambda: lines("config.jsonl", "CONFIGVERSION", is_draft=False),
        lambda: lines("drafts.jsonl", "CONFIG", "CONFIGVERSION", is_draft=True),
        items[has_newest:],
        shares,
        _texts(sharing["listedAs"]),
        _texts(described["people"]),
        lambda item: _rows(archive, at, files[item["sk"]], settings),
    )


def _require_heads(heads: Sequence[Item], others: Sequence[Item]) -> None:
    """Raise ItemError unless a project has an item of its own and a config, and each table is where it belongs."""
    kinds = [kind_of(item) for item in heads]
    is_whole = kinds[0] == "PROJECT" and "CONFIG" in kinds and ("DATA" in kinds) == ("ANALYSIS" in kinds)
    has_tables = all(map(is_table, [*others, *(item for item in heads if kind_of(item) == "DATA")]))
    if not (is_whole and has_tables and len(set(kinds)) == len(kinds)) or "DATA" in map(kind_of, others):
        raise ItemError("it has not the items that a project has")
    incarnation_of(heads[0])


def _lost(table: Mapping[str, Any]) -> Item:
    """Return the attributes of a table whose rows were lost before the export: it names an object that is gone."""
    return {} if table["stored"] else {"object": f"lost/{table['sha256']}", "objectBytes": table["bytes"]}


def _rows(archive: ArchiveReader, at: str, table: Mapping[str, Any], settings: Settings) -> bytes | None:
    """Read a table's rows. Raises RefusedError if they are not those that were exported."""
    if table["stored"] is None:
        return None
    name = f"{at}{table['stored']}"
    if archive.size_of(name) > 2 * settings.max_upload_bytes:
        raise RefusedError("too-large", f"{name} is larger than this deployment allows.")
    stored = archive.content(name)
    if hashlib.sha256(stored).hexdigest() != table["sha256"]:
        raise RefusedError("digest", f"{name} is not the table that was exported.")
    return stored


def _texts(document: Mapping[str, Any]) -> dict[str, str]:
    if not all(isinstance(text, str) for text in document.values()):
        raise ItemError("a text is expected")
    return dict(document)
