"""A user's own copy of a project that they may read: its newest config and table, with the analysis."""

from dataclasses import replace

from dashboard_store.documents.project import NewProject, ProjectCopy
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.branches import saved_again
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.datasets import dataset_summary, newest_of
from dashboard_store.repository.expressions import Item, put
from dashboard_store.repository.items import Items
from dashboard_store.repository.project_items import editable
from dashboard_store.repository.projects import ProjectCreation, Projects
from dashboard_store.repository.table_copies import TableCopies


class ProjectCopies:
    def __init__(self, projects: Projects, copies: TableCopies) -> None:
        self._projects = projects
        self._copies = copies

    def create(self, owner: str, wanted: ProjectCopy, source: ProjectAddress, items: Items) -> ProjectCreation:
        """Create a project from another one; `items` are those through which its user reads the source.

        Raises NoProject, Gone, or like `Projects.create`.
        """
        project, config, table, analysis = items.get_snapshot(
            [keys.project(source), keys.config(source.config()), keys.dataset(source), keys.analysis(source)]
        )
        if project is None or config is None:
            raise NoProject
        new = NewProject(wanted.applied(editable(project)), wanted.id, saved_again(ConfigVersion.from_item(config)))
        dataset = newest_of(table, analysis)
        if dataset is None or table is None or analysis is None:
            return self._projects.create(owner, new)
        # The id is chosen here, so that the copy of the table can be stored under it.
        address = ProjectAddress(owner, new.id or self._projects.new_id())
        content, takeover = self._copies.copy(table, address)
        # The times are the source's: the same request again finds the project as it would create it.
        newest = {**content, **keys.dataset(address), "version": 1, "updatedAt": table["updatedAt"], "kept": []}
        kept: Item = {name: analysis[name] for name in ("digest", "answer", "format", "updatedAt") if name in analysis}
        own = {**kept, **keys.analysis(address), "version": 1, "analysisVersion": int("answer" in analysis)}
        summary = dataset_summary(dataset.schema, 1, dataset.updated_at, has_analysis=dataset.analysis is not None)
        writes = [put(newest), put(own), *takeover]
        return self._projects.create(owner, replace(new, id=address.project_id), data=(summary, writes))
