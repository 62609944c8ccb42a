"""The item of a project, and the documents made from it.

The item's `summary`, which the index `listing` holds, has all that a list shows, so a list never reads a document.
"""

import json
from datetime import datetime
from typing import Final

from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.documents.project import Project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item

_OWN_MEMBERS: Final = ("name", "description", "version", "data")


def project_item(address: ProjectAddress, project: Project, config: Item | None, moment: datetime) -> Item:
    """Build the item of a new project; `config` is what it shows of its first config."""
    created_at = keys.timestamp(moment)
    return {
        **keys.project(address),
        "listKey": keys.listed(address, created_at),
        "settings": settings_text(project),
        "summary": {
            "name": project.name,
            "description": project.description,
            "version": 1,
            "createdAt": created_at,
            "updatedAt": created_at,
            "dashboardConfig": config,
            "data": None,
        },
    }


def settings_text(project: Project) -> str:
    return compact(project.settings)


def editable(item: Item) -> Project:
    """Extract what the owner may change."""
    summary = item["summary"]
    return Project(summary["name"], summary["description"], json.loads(item["settings"]))


def is_as_created(found: Item, created: Item) -> bool:
    """Whether a project is as it was created; the content of a config that it was created with is not compared."""
    then, now = created["summary"], found["summary"]
    content = [(item["settings"], *map(item["summary"].get, _OWN_MEMBERS)) for item in (created, found)]
    # A config that was saved and deleted again is not shown, but changed `updatedAt`.
    was_saved = now["dashboardConfig"] is not None or now["updatedAt"] != now["createdAt"]
    return content[0] == content[1] and (then["dashboardConfig"] is not None or not was_saved)


def project_document(item: Item) -> JsonObject:
    """Build the project document of the contract."""
    return {**project_summary(item), "settings": json.loads(item["settings"])}


def project_summary(item: Item) -> JsonObject:
    """Build a project's summary, as shown in lists, from what the index holds."""
    summary, address = item["summary"], keys.project_of(item)
    return {
        "id": address.project_id,
        "address": address.text,
        "name": summary["name"],
        "description": summary["description"],
        "version": summary["version"],
        "createdAt": summary["createdAt"],
        "updatedAt": summary["updatedAt"],
        "dashboardConfig": config_summary(summary["dashboardConfig"]),
        "data": summary["data"],
    }


def config_summary(kept: Item | None) -> JsonObject | None:
    return kept and {name: kept[name] for name in ("version", "updatedAt", "chartCount")}
