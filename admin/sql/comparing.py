"""Comparing what a source has with what a stack answers, by the SHA-256 of the canonical form of both."""

import hashlib
import json
from typing import Any

from admin.sql.tables import SqlTable
from dashboard_store.documents.json_fast import written
from dashboard_store.errors import Gone
from dashboard_store.repository.datasets import DatasetVersion
from dashboard_store.store import Store


def canonical_hash(document: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return hashlib.sha256(written(document).encode()).digest()


def differing_parts(store: Store, table: SqlTable, stored: DatasetVersion) -> list[str]:
    """Return which parts of a table differ; its rows, which are much to read, only if nothing else does."""
    upload = table.upload
    wanted_analysis = json.loads(upload.analysis.text) if upload.analysis else None
    parts = {
        "dataSchema": canonical_hash(upload.schema) == canonical_hash(stored.schema),
        "analysis": canonical_hash(wanted_analysis) == canonical_hash(stored.analysis_document()),
    }
    if all(parts.values()):
        wanted = DatasetVersion.unsaved(upload.schema, upload.digest, upload.content.stored)
        parts["rawData"] = _rows(store, wanted) == _rows(store, stored)
    return [name for name, is_equal in parts.items() if not is_equal]


def _rows(store: Store, table: DatasetVersion) -> bytes:
    """Hash the rows as they are answered; of lost ones, nothing."""
    try:
        return hashlib.sha256(store.downloads.rows(table, "json")).digest()
    except Gone:
        return b""
