// The view of the list of dashboards: its tools, the cards of both parts, and what a list without dashboards says.
import { html, icon, live, nothing, repeat } from "./html.js";
import { ORDERS } from "./listing_order.js";
import { projectCard } from "./project_card.js";
import { count } from "./words.js";

export function projectsView(page) {
  const { own, shared } = page;
  const hasFailed = own.error && !own.projects.length;
  const isPending = own.isLoading && !own.projects.length;
  const hasAny = own.projects.length > 0 || shared.projects.length > 0;
  return html`<div class="inner wide page">
    <div class="heading">
      <h1>Dashboards</h1>
      <button type="button" class="primary" @click=${() => page.create()}>${icon("add")}New dashboard</button>
    </div>
    <div class="list-tools">
      ${hasAny ? tools(page) : nothing}
      <a class="button quiet" href="#/trash">${icon("remove")}Trash</a>
    </div>
    <p class="found" role="status">${hasAny ? status(page) : ""}</p>
    ${hasFailed ? failed(page) : isPending ? pending() : html`${ownPart(page)} ${sharedPart(page)}`}
  </div>`;
}

function tools(page) {
  return html`
    <input type="search" class="search" aria-label="Search by name" placeholder="Search by name" autocomplete="off" .value=${live(page.search)} @input=${(event) => page.searchFor(event.target.value)}>
    <label class="inline"><span>Sort by</span>
      <select .value=${live(page.order)} @change=${(event) => page.sortBy(event.target.value)}>
        ${Object.entries(ORDERS).map(([order, { label }]) => html`<option value=${order} ?selected=${order === page.order}>${label}</option>`)}
      </select>
    </label>
  `;
}

/** What a search has found, and whether dashboards are still loaded for it or for another order. */
function status(page) {
  const { search, order, own, shared } = page;
  const isLoading = own.isLoading || shared.isLoading;
  if (isLoading && (search || order !== "changed")) return "Loading all dashboards…";
  if (!search || isLoading) return "";
  const found = page.shown("own").count + page.shown("shared").count;
  return found ? `${count(found, "dashboard")} found` : `No dashboard's name has “${search}”.`;
}

function failed(page) {
  return html`<div class="notice" role="alert">
    <h2>The dashboards could not be loaded</h2>
    <p>${page.own.error.message}</p>
    <button type="button" @click=${() => page.retry()}>Try again</button>
  </div>`;
}

const pending = () => html`<ul class="cards" aria-label="Loading dashboards" aria-busy="true">${[1, 2, 3].map(() => html`<li class="skeleton"></li>`)}</ul>`;

function ownPart(page) {
  const { own, shared, search } = page;
  const isEmpty = !own.projects.length && own.isWhole;
  if (isEmpty && search) return nothing;
  if (isEmpty && shared.projects.length) return html`<p class="hint">You have no dashboards of your own yet.</p>`;
  if (isEmpty) {
    return html`<div class="notice">
      <h2>No dashboards yet</h2>
      <p>Create a dashboard, upload a table and arrange its charts. Every save is kept as a version and is there on all your devices.</p>
      <button type="button" class="primary" @click=${() => page.create()}>Create your first dashboard</button>
    </div>`;
  }
  return cards(page, "own", "Show more");
}

function sharedPart(page) {
  const { projects, error } = page.shared;
  const isSeen = error || (projects.length && page.shown("shared").count);
  if (!isSeen) return nothing;
  return html`<section class="shared" aria-labelledby="shared-title">
    <h2 id="shared-title">Shared with me</h2>
    ${cards(page, "shared", "Show more shared with me")}
  </section>`;
}

function cards(page, part, more) {
  const { error, isLoading } = page[part];
  const { projects, hasMore } = page.shown(part);
  return html`
    <ul class="cards">${repeat(projects, ({ address }) => address, (project) => projectCard(project, page))}</ul>
    ${error ? html`<p class="more" role="alert">Not all dashboards could be loaded. ${error.message} <button type="button" @click=${() => page.retry()}>Try again</button></p>` : nothing}
    ${hasMore && !error ? html`<p class="more"><button type="button" ?disabled=${isLoading} @click=${() => page.showMore(part)}>${more}</button></p>` : nothing}
  `;
}
