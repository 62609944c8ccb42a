// The page: the signed-in user, the current view, and the frame around it.
import { createDashboardClient } from "../client/dist/index.js";
import { Session } from "../session.js";
import { Dialog } from "./dialog.js";
import { html, live, loading, nothing, render } from "./html.js";
import { ProjectsPage } from "./projects.js";
import { TableRows } from "./table_rows.js";

const USERS = ["user-1", "user-2", "user-3"];
const TOAST_MS = 8_000;

const TABLE_WORKER = document.querySelector("meta[name=table-worker]").content;

// Libraries may clear an element through its markup, and the page starts its own worker: Trusted Types reject every other string.
window.trustedTypes?.createPolicy("default", {
  createHTML: (markup) => (markup === "" ? markup : null),
  createScriptURL: (url) => (url === TABLE_WORKER ? url : null),
});

class App {
  session = new Session();
  dialog = new Dialog(() => this.redraw());
  client = this.#newClient();
  #page = null;
  #toast = null;
  #isDrawing = false;

  start() {
    addEventListener("hashchange", () => {
      scrollTo(0, 0);
      this.#show();
    });
    document.addEventListener("themechange", () => this.redraw());
    document.body.replaceChildren();
    // Every view needs a token, so it is requested while the rest loads; the request that needs it reports a failure.
    this.session.token().catch(() => {});
    this.#show();
  }

  /** Draw once after all current changes. */
  redraw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      render(this.#view(), document.body);
      document.title = this.#page.title ? `${this.#page.isUnsaved ? "• " : ""}${this.#page.title} · Dashkeep` : "Dashkeep";
      this.#page.drawn?.();
      this.dialog.drawn();
    });
  }

  go(projectId) {
    location.hash = projectId ? `#/dashboards/${encodeURIComponent(projectId)}` : "#/";
  }

  /** Show a message for a while, with an undo action if there is one. */
  tell(text, undo = null) {
    clearTimeout(this.#toast?.timer);
    const timer = setTimeout(() => this.#hush(), TOAST_MS);
    this.#toast = { text, undo, timer };
    this.redraw();
  }

  #hush() {
    clearTimeout(this.#toast?.timer);
    this.#toast = null;
    this.redraw();
  }

  /** Open the worker that holds a project's rows. */
  #openRows(project) {
    const { session } = this;
    return new TableRows(TABLE_WORKER, {
      root: location.origin,
      project,
      key: [location.origin, session.user, project],
      getToken: (options) => session.token(options),
      changed: () => this.redraw(),
    });
  }

  #newClient() {
    return createDashboardClient({ baseUrl: location.origin, getToken: (options) => this.session.token(options) });
  }

  #show() {
    this.#page?.close();
    this.dialog.close();
    const id = /^#\/dashboards\/(.+)$/.exec(location.hash)?.[1];
    if (id) void this.#showDashboard(decodeURIComponent(id));
    else this.#open(new ProjectsPage(this));
  }

  #open(page) {
    this.#page = page;
    page.open();
    this.redraw();
  }

  /** The scripts of a dashboard are loaded with the first one. */
  async #showDashboard(id) {
    const waiting = new WaitingPage();
    this.#open(waiting);
    // The worker starts meanwhile.
    const rows = this.#openRows(id);
    try {
      const { DashboardPage } = await import("./dashboard.js");
      if (this.#page === waiting) this.#open(new DashboardPage(this, id, rows));
      else rows.close();
    } catch (error) {
      rows.close();
      if (!(error instanceof TypeError)) throw error;
      waiting.isFailed = true;
      this.redraw();
    }
  }

  #signIn(user) {
    this.session.choose(user);
    this.client = this.#newClient();
    if (location.hash.startsWith("#/dashboards/")) this.go(null);
    else this.#show();
  }

  #view() {
    return html`
      <a class="skip" href="#main" @click=${skipToMain}>Skip to the dashboard</a>
      <header class="bar">
        <div class="inner wide">
          <a class="brand" href="#/">Dashkeep</a>
          <nav aria-label="Pages"><a href="/reference/">API reference</a></nav>
          <label class="who">
            <span>Signed in as</span>
            <select .value=${live(this.session.user)} @change=${(event) => this.#signIn(event.target.value)}>
              ${[...new Set([...USERS, this.session.user])].map((user) => html`<option value=${user} ?selected=${user === this.session.user}>${user}</option>`)}
            </select>
          </label>
        </div>
      </header>
      <main id="main" tabindex="-1">${this.#page.view()}</main>
      <div class="toasts" role="status">${this.#toast ? this.#toastView(this.#toast) : nothing}</div>
      ${this.dialog.view()}
    `;
  }

  #toastView({ text, undo }) {
    const back = () => {
      this.#hush();
      undo();
    };
    return html`<p class="toast"><span>${text}</span>${undo ? html`<button type="button" @click=${back}>Undo</button>` : nothing}</p>`;
  }
}

/** What is shown until the scripts of another view are there. */
class WaitingPage {
  title = "";
  isFailed = false;

  open() {}

  close() {}

  view() {
    if (!this.isFailed) return html`<div class="inner wide page">${loading("Loading the dashboard")}</div>`;
    return html`<div class="inner wide page"><div class="notice" role="alert">
      <h1>The page could not be loaded</h1>
      <p>Check the connection, then load it again.</p>
      <button type="button" class="primary" @click=${() => location.reload()}>Load again</button>
    </div></div>`;
  }
}

// The URL's hash names the dashboard, so the link must not change it.
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

new App().start();
