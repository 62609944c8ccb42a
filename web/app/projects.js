// The list of dashboards, the user's own and those that others share with them: create, rename, delete, restore and copy.
import { html, icon, iconButton, nothing, repeat } from "./html.js";
import { nameOf, ROLES } from "./people.js";
import { ago, count, exactly } from "./words.js";

const PAGE_SIZE = 24;
/** Other tabs and dashboards that were just left may still be saving. */
const UNSAVED_MS = 2_000;

export class ProjectsPage {
  title = "";
  #app;
  #status = "loading";
  #error = null;
  #projects = [];
  #cursor = null;
  /** What others share with the user: its cards, where the next page begins, and why they could not be loaded. */
  #shared = { projects: [], nextCursor: null, error: null };
  #isClosed = false;
  /** The addresses of the dashboards with unsaved edits in this browser. */
  #unsaved = new Set();
  #asking = null;
  #watch = () => {
    clearInterval(this.#asking);
    this.#asking = setInterval(() => document.visibilityState === "visible" && void this.#findUnsaved(), UNSAVED_MS);
    void this.#findUnsaved();
  };

  constructor(app) {
    this.#app = app;
  }

  open() {
    addEventListener("focus", this.#watch);
    void this.#load();
    this.#watch();
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#asking);
    removeEventListener("focus", this.#watch);
  }

  view() {
    return html`<div class="inner wide page">
      <div class="heading">
        <h1>Dashboards</h1>
        <button type="button" class="primary" @click=${() => this.#create()}>${icon("add")}New dashboard</button>
      </div>
      ${this.#content()} ${this.#status === "ready" ? this.#sharedSection() : nothing}
    </div>`;
  }

  #content() {
    if (this.#status === "loading") {
      return html`<ul class="cards" aria-label="Loading dashboards" aria-busy="true">${[1, 2, 3].map(() => html`<li class="skeleton"></li>`)}</ul>`;
    }
    if (this.#status === "failed") {
      return html`<div class="notice" role="alert">
        <h2>The dashboards could not be loaded</h2>
        <p>${this.#error.message}</p>
        <button type="button" @click=${() => this.#load()}>Try again</button>
      </div>`;
    }
    if (!this.#projects.length && this.#shared.projects.length) return html`<p class="hint">You have no dashboards of your own yet.</p>`;
    if (!this.#projects.length) {
      return html`<div class="notice">
        <h2>No dashboards yet</h2>
        <p>Create a dashboard, upload a table and arrange its charts. Every save is kept as a version and is there on all your devices.</p>
        <button type="button" class="primary" @click=${() => this.#create()}>Create your first dashboard</button>
      </div>`;
    }
    return html`
      <ul class="cards">${repeat(this.#projects, ({ id }) => id, (project) => this.#card(project))}</ul>
      ${this.#cursor ? html`<p class="more"><button type="button" @click=${() => this.#loadMore()}>Show more</button></p>` : nothing}
    `;
  }

  #sharedSection() {
    const { projects, nextCursor, error } = this.#shared;
    if (!projects.length && !error) return nothing;
    return html`<section class="shared" aria-labelledby="shared-title">
      <h2 id="shared-title">Shared with me</h2>
      ${error ? html`<p role="alert">These dashboards could not be loaded. ${error.message} <button type="button" @click=${() => this.#loadShared()}>Try again</button></p>` : nothing}
      <ul class="cards">${repeat(projects, ({ address }) => address, (project) => this.#sharedCard(project))}</ul>
      ${nextCursor ? html`<p class="more"><button type="button" @click=${() => this.#loadMoreShared()}>Show more shared with me</button></p>` : nothing}
    </section>`;
  }

  #card(project) {
    const { id, name } = project;
    return this.#cardOf(project, id, nothing, html`
      ${iconButton("edit", `Rename ${name}`, () => this.#rename(project))}
      ${iconButton("remove", `Delete ${name}`, () => this.#remove(project))}
    `);
  }

  #sharedCard(project) {
    const { address, name, owner, role } = project;
    return this.#cardOf(project, address, html`<p title=${nameOf(owner)}>You ${ROLES[role]} · from ${nameOf(owner)}</p>`, html`
      ${role === "editor" ? iconButton("edit", `Rename ${name}`, () => this.#rename({ id: address, name })) : nothing}
      ${iconButton("copy", `Make my own copy of ${name}`, () => openCopyDialog(this.#app, address, name))}
    `);
  }

  #cardOf({ address, name, updatedAt, dashboardConfig, data }, place, from, tools) {
    return html`<li class="card">
      <h2><a href="#/dashboards/${place}">${name}</a></h2>
      ${this.#unsaved.has(address) ? html`<span class="unsaved">${icon("edit")}Unsaved changes</span>` : nothing}
      <p>${dashboardConfig ? count(dashboardConfig.chartCount, "chart") : "Empty"}${data ? ` · ${data.fileName}` : nothing}</p>
      ${from}
      <div class="card-foot">
        <span title=${exactly(updatedAt)}>Changed ${ago(updatedAt)}</span>
        <span class="tools">${tools}</span>
      </div>
    </li>`;
  }

  async #load() {
    this.#status = "loading";
    this.#app.redraw();
    void this.#loadShared();
    try {
      const { projects, nextCursor } = await this.#app.client.projects.list({ limit: PAGE_SIZE });
      this.#projects = projects;
      this.#cursor = nextCursor;
      this.#status = "ready";
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#error = error;
      this.#status = "failed";
    }
    if (!this.#isClosed) this.#app.redraw();
  }

  async #loadShared() {
    try {
      this.#shared = { ...(await (await this.#app.sharing()).shared()), error: null };
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#shared = { projects: [], nextCursor: null, error };
    }
    if (!this.#isClosed) this.#app.redraw();
  }

  async #loadMoreShared() {
    await this.#attempt(async () => {
      const { projects, nextCursor } = await (await this.#app.sharing()).shared({ cursor: this.#shared.nextCursor });
      this.#shared = { projects: [...this.#shared.projects, ...projects], nextCursor, error: null };
    });
  }

  async #findUnsaved() {
    let found = [];
    try {
      found = await this.#app.client.projects.unsaved();
    } catch (error) {
      if (error.status === undefined) throw error;
      // Without a user, no edits are theirs; the list says why, and the next focus asks again.
      clearInterval(this.#asking);
    }
    if (this.#isClosed || String(found) === String([...this.#unsaved])) return;
    this.#unsaved = new Set(found);
    this.#app.redraw();
  }

  async #loadMore() {
    await this.#attempt(async () => {
      const { projects, nextCursor } = await this.#app.client.projects.list({ limit: PAGE_SIZE, cursor: this.#cursor });
      this.#projects = [...this.#projects, ...projects];
      this.#cursor = nextCursor;
    });
  }

  #create() {
    this.#app.dialog.open({
      title: "New dashboard",
      action: "Create",
      body: () => nameField(""),
      submit: async (form) => {
        const project = await this.#app.client.projects.create({ name: form.get("name") });
        this.#app.go(project.id);
      },
    });
  }

  #rename({ id, name }) {
    this.#app.dialog.open({
      title: "Rename dashboard",
      action: "Rename",
      body: () => nameField(name),
      submit: async (form) => {
        await rename(this.#app.client, id, form.get("name"));
        await this.#load();
      },
    });
  }

  async #remove({ id, name }) {
    await this.#attempt(async () => {
      await this.#app.client.projects.remove(id);
      this.#projects = this.#projects.filter((each) => each.id !== id);
      this.#app.tell(`“${name}” was deleted.`, () => this.#bringBack(id));
    });
  }

  async #bringBack(id) {
    await this.#attempt(async () => {
      await this.#app.client.projects.restore(id);
      await this.#load();
    });
  }

  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#app.tell(error.message);
    }
    this.#app.redraw();
  }
}

/** Open the dialog that makes a copy of a dashboard, which is the user's own and independent of it. */
export function openCopyDialog(app, address, name) {
  app.dialog.open({
    title: "Make my own copy",
    action: "Make copy",
    body: () => html`<p class="hint">The copy has the dashboard and the table as they are now. Later changes go into one of them only.</p>${nameField(name)}`,
    submit: async (form) => {
      const { id } = await app.client.projects.create({ copyOf: address, name: form.get("name") });
      app.go(id);
    },
  });
}

/** Rename a project, regardless of other changes made to it in the meantime. */
export async function rename(client, id, name) {
  const { version } = await client.projects.get(id);
  return client.projects.update(id, { name }, { ifMatch: version });
}

export const nameField = (name) =>
  html`<label class="field"><span>Name</span><input name="name" .value=${name} required maxlength="200" autocomplete="off" autofocus></label>`;
