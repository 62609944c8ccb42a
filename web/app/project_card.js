// The card of a dashboard in the list.
import { html, icon, nothing } from "./html.js";
import { menu } from "./menu.js";
import { nameOf, ROLES } from "./people.js";
import { blankThumbnail, iconThumbnail, thumbnail } from "./thumbnail.js";
import { ago, count, exactly } from "./words.js";

/** What names a dashboard in a URL: the user's own is named by its id. */
export const placeOf = ({ id, address, owner }) => (owner ? address : id);

/** A shared dashboard has an owner and the user's role. */
export function projectCard(project, page) {
  const { address, name, createdAt, updatedAt, dashboardConfig, data, owner, role } = project;
  const [word, time] = page.order === "created" ? ["Created", createdAt] : ["Changed", updatedAt];
  return html`<li class="card">
    ${thumbnailOf(project, page.layouts)}
    <h2 title=${name}><a href="#/dashboards/${placeOf(project)}">${name}</a></h2>
    ${page.unsaved.has(address) ? html`<span class="unsaved">${icon("edit")}Unsaved changes</span>` : nothing}
    <p>${dashboardConfig ? count(dashboardConfig.chartCount, "chart") : "Empty"}${data ? ` · ${data.fileName}` : nothing}</p>
    ${owner ? html`<p title=${nameOf(owner)}>You ${ROLES[role]} · from ${nameOf(owner)}</p>` : nothing}
    <div class="card-foot">
      <span title=${exactly(time)}>${word} ${ago(time)}</span>
      <span class="tools">${menu({ id: `menu-${address}`, label: `More for ${name}`, items: owner ? sharedItems(project, page) : ownItems(project, page) })}</span>
    </div>
  </li>`;
}

function thumbnailOf({ address, dashboardConfig, owner }, layouts) {
  if (owner) return iconThumbnail("people");
  return dashboardConfig?.chartCount ? thumbnail(layouts.of(address)) : blankThumbnail();
}

const ownItems = (project, page) => [
  { label: "Rename", icon: "edit", act: () => page.rename(project) },
  { label: "Duplicate", icon: "copy", act: () => page.duplicate(project) },
  { label: "Delete", icon: "remove", isDanger: true, act: () => page.remove(project) },
];

const sharedItems = (project, page) => [
  project.role === "editor" ? { label: "Rename", icon: "edit", act: () => page.rename(project) } : null,
  { label: "Make my own copy", icon: "copy", act: () => page.copy(project) },
];
