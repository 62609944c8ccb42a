// The view around an open dashboard's grid: name, save state, table, filters and actions.
import { chartsOf, themeOf } from "./config.js";
import { filterBar } from "./filter_bar.js";
import { html, icon, iconButton, live, loading, nothing } from "./html.js";
import { moreMenu } from "./more_menu.js";
import { readOnlyFilters } from "./read_only_view.js";
import { banner, failed, missing, previewBanner, saveState } from "./saving_view.js";
import { dropView, problemBanner, tableView, uploadButton } from "./table_view.js";
import { chartTitle } from "./words.js";

const THEMES = { system: "System", light: "Light", dark: "Dark" };

export function dashboardView(page) {
  const { state } = page;
  const { error, isDirty, origin } = state;
  const canSave = isDirty || state.status === "corrected";
  if (error?.status === 404 && !origin) return missing();
  if (error && !origin && !isDirty) return failed(page, state);
  return html`
    <div class="toolbar">
      <div class="inner wide">
        <div class="head"><div class="name">
          <a class="icon-button" href="#/" aria-label="All dashboards" title="All dashboards">${icon("back")}</a>
          <h1 title=${page.title}>${page.title || "Dashboard"}</h1>
          ${page.canEdit ? iconButton("edit", "Rename dashboard", () => page.rename()) : nothing}
        </div>
        ${saveState(page)}
        ${page.canEdit ? html`<button type="button" class="primary save" @click=${() => page.saving.save()} ?disabled=${!canSave || page.preview}>Save</button>` : nothing}
        <div class="banners">${banner(page)} ${problemBanner(page)}</div></div>
        <div class="buttons">${page.canEdit ? editorButtons(page) : nothing} ${sharingButtons(page)} ${moreMenu(page)}</div>
      </div>
    </div>
    <div class="inner wide dashboard">
      <p class="printed"></p>
      ${page.preview ? preview(page) : page.canEdit ? options(page) : readOnlyOptions(page)}
      ${content(page)}
      <p class="unseen" role="status">${page.announcement}</p>
      ${dropView(page)}
    </div>
  `;
}

/** What others have changed just now. The status is always there: a screen reader reads what comes into it. */
export function newsView(following) {
  const { news } = following;
  const dismiss = () => {
    following.dismiss();
    requestAnimationFrame(() => document.getElementById("main").focus({ preventScroll: true }));
  };
  return html`<div class="news"><p role="status">${news}</p>${news ? iconButton("close", "Dismiss", dismiss) : nothing}</div>`;
}

function editorButtons(page) {
  return html`
    ${page.preview ? nothing : undoButtons(page)}
    <button type="button" @click=${() => page.editing.addChart()} ?disabled=${page.preview || !page.table.dataSchema}>${icon("add")}<span>Add chart</span></button>
    <button type="button" @click=${() => page.versions.open()} ?disabled=${!page.state.version}>${icon("history")}<span>History</span></button>
  `;
}

/** Editors copy a dashboard in the list, where there is more room. */
function sharingButtons(page) {
  if (page.role === "owner") return html`<button type="button" @click=${() => page.share()}>${icon("people")}<span>Share</span></button>`;
  if (page.role === null || page.saving.isDeleted) return nothing;
  return html`
    <button type="button" @click=${() => page.share()}>${icon("people")}<span>People</span></button>
    ${page.role === "viewer" ? html`<button type="button" @click=${() => page.makeCopy()}>${icon("copy")}<span>Make my own copy</span></button>` : nothing}
  `;
}

function undoButtons({ state, editing }) {
  const button = (name, label, keys, isEnabled, action) =>
    html`<button type="button" class="icon-button" aria-label=${label} title=${`${label} (${keys})`} ?disabled=${!isEnabled} @click=${action}>${icon(name)}</button>`;
  const [undo, redo] = /Mac/.test(navigator.platform) ? ["⌘Z", "⇧⌘Z"] : ["Ctrl+Z", "Ctrl+Shift+Z"];
  return html`<span class="undo-buttons">
    ${button("undo", "Undo", undo, state.canUndo, () => editing.undo())} ${button("redo", "Redo", redo, state.canRedo, () => editing.redo())}
  </span>`;
}

function options(page) {
  const { state } = page;
  return html`<div class="options">
    ${filterBar(page)}
    <div class="settings">
      <button type="button" class="quiet discard" ?hidden=${!page.editing.canDiscard} @click=${() => page.editing.discard()}>Discard changes</button>
      <label class="inline"
        ><span>Theme</span>
        <select .value=${live(themeOf(page.config))} @change=${(event) => page.editing.chooseTheme(event.target.value)}>
          ${Object.entries(THEMES).map(([id, name]) => html`<option value=${id} ?selected=${id === themeOf(page.config)}>${name}</option>`)}
        </select></label
      >
      <label class="inline switch"
        ><input type="checkbox" role="switch" .checked=${live(state.autosave)} @change=${(event) => page.saving.setAutosave(event.target.checked)}><span>Autosave</span></label
      >
    </div>
  </div>`;
}

const preview = (page) => html`${previewBanner(page)}<div class="options">${readOnlyFilters(page)}</div>`;

/** What there is in place of the options where nothing can be changed: why, and what becomes of unsaved edits. */
function readOnlyOptions(page) {
  const { isDirty } = page.state;
  const isViewer = page.role === "viewer" && !page.saving.isDeleted;
  return html`<div class="options">
    ${readOnlyFilters(page)}
    ${isViewer ? html`<p class="view-only" role="status">You can view this dashboard, not change it.${isDirty ? " Your unsaved changes are kept in this browser." : nothing}</p>` : nothing}
    ${isViewer && isDirty ? html`<button type="button" class="quiet" @click=${() => page.editing.discard()}>Discard changes</button>` : nothing}
  </div>`;
}

function content(page) {
  const { table, config } = page;
  const isEmpty = !chartsOf(config).length;
  if (page.state.status === "loading" && !page.state.origin) return html`<p class="table-line"></p>${loading("Loading the dashboard")}`;
  return html`
    ${page.saving.isDeleted && table.status === "failed" ? nothing : tableView(page, !isEmpty)} ${isEmpty ? emptyDashboard(page) : nothing}
    ${isEmpty ? nothing : html`<h2 class="unseen">Charts</h2>`}
    <div class="grid-stack" @keydown=${(event) => page.grid.onKey(event)}></div>
    ${page.hiddenCharts.length && !page.isReadOnly ? hidden(page) : nothing}
  `;
}

function emptyDashboard(page) {
  if (page.isReadOnly) return html`<div class="notice"><h2>No charts</h2><p>${page.preview ? "This version" : "This dashboard"} has no charts.</p></div>`;
  if (page.table.status === "none") {
    return html`<div class="notice">
      <h2>Start with a table</h2>
      <p>Upload a CSV or JSON file. Charts are suggested from its columns.</p>
      <p class="choose">${uploadButton(page.files, "Upload a file", "primary")}<button type="button" @click=${() => page.files.useSample()}>Use sample data</button></p>
    </div>`;
  }
  if (page.table.status !== "ready") return nothing;
  return html`<div class="notice">
    <h2>No charts yet</h2>
    <p>Start with charts suggested from the columns, or add your own.</p>
    <p class="choose">
      <button type="button" class="primary" @click=${() => page.editing.suggestCharts()}>Suggest charts</button>
      <button type="button" @click=${() => page.editing.addChart()}>Add a chart</button>
    </p>
  </div>`;
}

function hidden(page) {
  return html`<section class="hidden-charts" aria-labelledby="hidden-title">
    <h2 id="hidden-title">Hidden</h2>
    ${page.hiddenCharts.map(
      ([id, chart]) => html`<span class="chip">
        <span>${chartTitle(chart)}</span>
        <button type="button" @click=${() => page.editing.showChart(id)} aria-label=${`Show ${chartTitle(chart)}`}>Show</button>
        <button type="button" @click=${() => page.editing.removeChart(id)} aria-label=${`Remove ${chartTitle(chart)}`}>✕</button>
      </span>`,
    )}
  </section>`;
}
