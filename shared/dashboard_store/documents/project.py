"""The project: the name, description and settings that an owner gives a dashboard."""

from dataclasses import dataclass

from dashboard_store.documents.config import Config
from dashboard_store.documents.json_text import JsonObject, compact


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """What a project's owner may change; `settings` contains `fileInfo` and `tags` if they were given.

    Two projects are equal if they are written alike: 1, 1.0 and true are different settings.
    """

    name: str
    description: str
    settings: JsonObject

    def as_document(self) -> JsonObject:
        return {"name": self.name, "description": self.description, "settings": self.settings}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Project) and compact(self.as_document()) == compact(other.as_document())

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class NewProject:
    project: Project
    id: str | None
    config: Config | None


@dataclass(frozen=True, slots=True)
class ProjectCopy:
    """A project to be copied, named by its id or address, and what the copy has instead; None is as it is."""

    source: str
    id: str | None
    name: str | None
    description: str | None
    settings: JsonObject | None

    def applied(self, project: Project) -> Project:
        """Return what the copy of a project is."""
        description = project.description if self.description is None else self.description
        settings = project.settings if self.settings is None else self.settings
        return Project(self.name or project.name, description, settings)
