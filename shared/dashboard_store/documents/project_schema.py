"""The bodies of requests that create, copy or change a project."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_text import JsonObject, Rules, checked, compact
from dashboard_store.documents.merge import merge_patch
from dashboard_store.documents.project import NewProject, Project, ProjectCopy
from dashboard_store.documents.schema import Schema
from dashboard_store.documents.validation import validated
from dashboard_store.errors import FieldError, InvalidProject
from dashboard_store.identifiers import ID_PATTERN
from dashboard_store.settings import Settings

MAX_FILE_INFO_BYTES = 8192

type Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
type Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ProjectSettingsSchema(Schema):
    fileInfo: JsonObject = Field(default_factory=dict)  # noqa: N815 - the contract's names
    tags: list[Tag] = Field(default_factory=list, max_length=50)


class ProjectSchema(Schema):
    name: Name
    description: str = Field("", max_length=2000)
    settings: ProjectSettingsSchema = Field(default_factory=ProjectSettingsSchema)


class NewProjectSettingsSchema(ProjectSettingsSchema):
    dashboardConfig: JsonObject | None = None  # noqa: N815


class NewProjectSchema(ProjectSchema):
    id: str | None = Field(None, pattern=f"^{ID_PATTERN}$")
    settings: NewProjectSettingsSchema = Field(default_factory=NewProjectSettingsSchema)


class ProjectCopySchema(Schema):
    copyOf: str  # noqa: N815
    id: str | None = Field(None, pattern=f"^{ID_PATTERN}$")
    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=2000)] | None = None
    settings: ProjectSettingsSchema | None = None


class ProjectSettingsPatchSchema(Schema):
    fileInfo: Any = None  # noqa: N815
    tags: Any = None


class ProjectPatchSchema(Schema):
    """The members that a patch may have, each with any value: values are checked after it is applied."""

    name: Any = None
    description: Any = None
    settings: ProjectSettingsPatchSchema | None = None


def read_creation(document: Any, settings: Settings) -> NewProject | ProjectCopy:  # noqa: ANN401
    """Check the body of a request that creates a project, or copies one. Raises like `read_new_project`."""
    is_copy = isinstance(document, dict) and "copyOf" in document
    return _copy(document, settings) if is_copy else read_new_project(document, settings)


def read_new_project(document: Any, settings: Settings) -> NewProject:  # noqa: ANN401
    """Check the body of a create request. Raises InvalidProject, or InvalidConfig or ConfigTooLarge for its config."""
    given = document.get("settings") if isinstance(document, dict) else None
    config = None
    if isinstance(given, dict) and given.get("dashboardConfig") is not None:
        at = ((None, "settings"), "dashboardConfig")
        config = read_config(given["dashboardConfig"], settings, at)
        rest = {name: value for name, value in given.items() if name != "dashboardConfig"}
        document = {**document, "settings": rest}
    checked(document, Rules(settings.max_depth, InvalidProject))
    body = validated(NewProjectSchema.model_validate, document, InvalidProject)
    return NewProject(_project(body), body.id, config)


def patched(project: Project, patch: Any, settings: Settings) -> Project:  # noqa: ANN401
    """Apply a merge patch (RFC 7396) to a project. Raises InvalidProject naming the places of the patch."""
    checked(patch, Rules(settings.max_depth, InvalidProject))
    validated(ProjectPatchSchema.model_validate, patch, InvalidProject)
    return _project(validated(ProjectSchema.model_validate, merge_patch(project.as_document(), patch), InvalidProject))


def _copy(document: JsonObject, settings: Settings) -> ProjectCopy:
    checked(document, Rules(settings.max_depth, InvalidProject))
    body = validated(ProjectCopySchema.model_validate, document, InvalidProject)
    own = None if body.settings is None else _settings(body.settings)
    return ProjectCopy(body.copyOf, body.id, body.name, body.description, own)


def _project(body: ProjectSchema) -> Project:
    return Project(body.name, body.description, _settings(body.settings))


def _settings(body: ProjectSettingsSchema) -> JsonObject:
    settings = body.model_dump(exclude_unset=True, exclude={"dashboardConfig"})
    size = len(compact(settings.get("fileInfo", {})).encode())
    if size > MAX_FILE_INFO_BYTES:
        error = FieldError(
            "/settings/fileInfo", f"This is {size} bytes as compact JSON; the limit is {MAX_FILE_INFO_BYTES}."
        )
        raise InvalidProject("The project's fileInfo is too large.", [error])
    return settings
