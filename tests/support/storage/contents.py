"""What the contract tests save, and the preconditions with which they save it."""

import json
from typing import Any

from conftest import BUCKET, TABLE

from dashboard_store.documents.config import Config
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import Upload, read_upload
from dashboard_store.preconditions import Precondition
from dashboard_store.settings import Settings

SETTINGS = Settings(TABLE, BUCKET)


def at(version: int) -> Precondition:
    return Precondition(if_match=frozenset({str(version)}))


def config(**charts: Any) -> Config:
    return read_config({"chartCustomizations": {name: {"value": value} for name, value in charts.items()}}, SETTINGS)


def upload(name: str, **more: Any) -> Upload:
    return read_upload(json.dumps({"fileName": name, "rawData": [{"a": 1}], **more}).encode(), SETTINGS)
