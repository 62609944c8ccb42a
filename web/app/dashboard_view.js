// The view around an open dashboard's grid: name, save state, table, filters and actions.
import { chartsOf, filtersOf, placeInWords, themeOf } from "./config.js";
import { inWords } from "./filters.js";
import { html, icon, iconButton, live, loading, nothing, repeat } from "./html.js";
import { tableView, uploadButton } from "./table_view.js";
import { ago, exactly, statusInWords, troubleInWords } from "./words.js";

const THEMES = { system: "System", light: "Light", dark: "Dark" };

export function dashboardView(page) {
  const { state } = page;
  const { error, isDirty, origin } = state;
  if (error?.status === 404 && !isDirty) return missing();
  if (error && !origin && !isDirty) return failed(page, error);
  return html`
    <div class="toolbar">
      <div class="inner wide">
        <div class="name">
          <a class="icon-button" href="#/" aria-label="All dashboards" title="All dashboards">${icon("back")}</a>
          <h1>${page.title || "Dashboard"}</h1>
          ${iconButton("edit", "Rename dashboard", () => page.rename())}
        </div>
        ${saveState(page)}
        <div class="buttons">
          <button type="button" @click=${() => page.addChart()} ?disabled=${page.preview || !page.table.dataSchema}>${icon("add")}<span>Add chart</span></button>
          <button type="button" @click=${() => page.openHistory()} ?disabled=${!state.version}>${icon("history")}<span>History</span></button>
          <button type="button" class="primary" @click=${() => page.save()} ?disabled=${!(isDirty || state.status === "corrected") || page.preview}>Save</button>
        </div>
      </div>
    </div>
    <div class="inner wide dashboard">
      ${page.preview ? previewBanner(page) : nothing} ${trouble(page)} ${leftBehind(page)} ${page.preview ? nothing : options(page)}
      ${content(page)}
      <p class="unseen" role="status">${page.announcement}</p>
    </div>
  `;
}

function missing() {
  return html`<div class="inner wide page"><div class="notice" role="alert">
    <h1>Dashboard not found</h1>
    <p>It was deleted, or it belongs to another user.</p>
    <a class="button" href="#/">All dashboards</a>
  </div></div>`;
}

function failed(page, error) {
  return html`<div class="inner wide page"><div class="notice" role="alert">
    <h1>The dashboard could not be loaded</h1>
    <p>${error.message}</p>
    <button type="button" @click=${() => page.retry()}>Try again</button>
  </div></div>`;
}

function saveState({ state, isUnkept }) {
  const { status, version, updatedAt } = state;
  return html`<p class="save-state" data-status=${status} role="status" title=${version && updatedAt ? `Version ${version}, ${exactly(updatedAt)}` : nothing}>
    <span>${statusInWords(state, isUnkept)}</span>${version ? html`<span class="version">Version ${version}</span>` : nothing}
  </p>`;
}

function trouble(page) {
  const { state } = page;
  const text = troubleInWords(state, page.isUnkept);
  if (!text) return nothing;
  return html`<div class="banner ${state.status === "offline" ? "" : "bad"}" role="alert"><p>${text}</p>${remedy(page)}</div>`;
}

function remedy(page) {
  const { status, isDirty, error } = page.state;
  if (status === "conflict") return html`<button type="button" @click=${() => page.decideConflict()}>Compare changes</button>`;
  if (status === "offline" || error.code === "user-changed") return nothing;
  return html`<button type="button" @click=${() => (isDirty ? page.save() : page.retry())}>Try again</button>`;
}

/** What an older version has left in this browser and the server does not accept. */
function leftBehind(page) {
  const { notMoved } = page.state;
  if (!notMoved.length || page.isNotMovedRead) return nothing;
  return html`<div class="banner" role="status">
    <div class="left-behind">
      <p>Some of what an older version kept in this browser could not be moved here. It stays in this browser.</p>
      <ul>${notMoved.map(({ pointer, message }) => html`<li><b>${placeInWords(pointer)}</b> ${message}</li>`)}</ul>
    </div>
    <button type="button" @click=${() => page.readNotMoved()}>Dismiss</button>
  </div>`;
}

function previewBanner(page) {
  const { version, updatedAt } = page.preview;
  return html`<div class="banner" role="status">
    <p>You are viewing version ${version}, saved ${ago(updatedAt)}. The current dashboard is unchanged.</p>
    <button type="button" class="primary" @click=${() => page.restorePreview()}>Restore this version</button>
    <button type="button" @click=${() => page.leavePreview()}>Back to the current version</button>
  </div>`;
}

function options(page) {
  const { state, table } = page;
  return html`<div class="options">
    ${table.dataSchema ? filterBar(page) : html`<span class="filters"></span>`}
    <div class="settings">
      <label class="inline"
        ><span>Theme</span>
        <select .value=${live(themeOf(state.config))} @change=${(event) => page.chooseTheme(event.target.value)}>
          ${Object.entries(THEMES).map(([id, name]) => html`<option value=${id} ?selected=${id === themeOf(state.config)}>${name}</option>`)}
        </select></label
      >
      <label class="inline switch"
        ><input type="checkbox" role="switch" .checked=${live(state.autosave)} @change=${(event) => page.setAutosave(event.target.checked)}><span>Autosave</span></label
      >
    </div>
  </div>`;
}

function filterBar(page) {
  const filters = filtersOf(page.config);
  return html`<div class="filters" role="group" aria-label="Filters">
    ${repeat(
      filters,
      ({ id }) => id,
      (filter) => html`<span class="chip">
        <button type="button" @click=${() => page.editFilter(filter)}>${inWords(filter)}</button>
        <button type="button" aria-label=${`Remove the filter ${inWords(filter)}`} @click=${() => page.removeFilter(filter)}>✕</button>
      </span>`,
    )}
    <button type="button" class="quiet" @click=${() => page.editFilter(null)}>${icon("filter")}Add filter</button>
  </div>`;
}

function content(page) {
  const { table, config } = page;
  const isEmpty = !chartsOf(config).length;
  if (page.state.status === "loading" && !page.state.origin) return loading("Loading the dashboard");
  return html`
    ${tableView(page, !isEmpty)} ${isEmpty ? emptyDashboard(page) : nothing}
    <div class="grid-stack" @keydown=${(event) => page.grid.onKey(event)}></div>
    ${page.hiddenCharts.length && !page.preview ? hidden(page) : nothing}
  `;
}

function emptyDashboard(page) {
  if (page.preview) return html`<div class="notice"><h2>No charts</h2><p>This version has no charts.</p></div>`;
  if (page.table.status === "none") {
    return html`<div class="notice">
      <h2>Start with a table</h2>
      <p>Upload a CSV or JSON file. Charts are suggested from its columns.</p>
      <p class="choose">${uploadButton(page, "Upload a file", "primary")}<button type="button" @click=${() => page.useSample()}>Use sample data</button></p>
    </div>`;
  }
  if (page.table.status !== "ready") return nothing;
  return html`<div class="notice">
    <h2>No charts yet</h2>
    <p>Start with charts suggested from the columns, or add your own.</p>
    <p class="choose">
      <button type="button" class="primary" @click=${() => page.suggestCharts()}>Suggest charts</button>
      <button type="button" @click=${() => page.addChart()}>Add a chart</button>
    </p>
  </div>`;
}

function hidden(page) {
  return html`<section class="hidden-charts" aria-labelledby="hidden-title">
    <h2 id="hidden-title">Hidden</h2>
    ${page.hiddenCharts.map(
      ([id, { title = "Untitled" }]) => html`<span class="chip">
        <span>${title}</span>
        <button type="button" @click=${() => page.showChart(id)} aria-label=${`Show ${title}`}>Show</button>
        <button type="button" @click=${() => page.removeChart(id)} aria-label=${`Remove ${title}`}>✕</button>
      </span>`,
    )}
  </section>`;
}
