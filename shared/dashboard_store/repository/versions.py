"""The newest versions of a project's config and data, read without the documents."""

from typing import NamedTuple

from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.items import Items


class Versions(NamedTuple):
    """`config` is 0 before the first save; `data` is the upload and its analysis, `0.0` without a table."""

    config: int
    data: str


def newest_versions(items: Items, address: ProjectAddress) -> Versions:
    """Read the newest versions of a project. Raises NoProject, or Forbidden like `items`."""
    wanted = [keys.project(address), keys.dataset(address), keys.analysis(address)]
    project, dataset, analysis = items.get_together(wanted)
    if project is None:
        raise NoProject
    shown = project["summary"]["dashboardConfig"]
    # A config that was never saved or was deleted is not shown, but its item is small.
    config = shown or items.get(keys.config(address.config()))
    if config is None:
        raise NoProject
    data = f"{dataset['version']}.{analysis['analysisVersion']}" if dataset and analysis else "0.0"
    return Versions(config["version"], data)
