// The page: the signed-in user, the current view, and the frame around it.
import { browserEnvironment } from "../client/dist/environment.js";
import { createDashboardClient } from "../client/dist/index.js";
import { addressOf, required } from "../client/dist/transport.js";
import { Session } from "../session.js";
import { Dialog } from "./dialog.js";
import { Holding, patient } from "./holding.js";
import { html, live, loading, nothing, render } from "./html.js";
import { InvitationPage } from "./invitation.js";
import { TableRows } from "./table_rows.js";

const USERS = ["user-1", "user-2", "user-3"];
const TOAST_MS = 8_000;
/** What the URL's hash names: the trash, a dashboard by its id or address, an invitation or a public link by its token. */
const PLACE = /^#\/(?:(trash)|(dashboards|invitations|links)\/(.+))$/;

const TABLE_WORKER = document.querySelector("meta[name=table-worker]").content;

// Libraries may clear an element through its markup, and the page starts its own worker: Trusted Types reject every other string.
window.trustedTypes?.createPolicy("default", {
  createHTML: (markup) => (markup === "" ? markup : null),
  createScriptURL: (url) => (url === TABLE_WORKER ? url : null),
});

class App {
  session = new Session();
  dialog = new Dialog(() => this.redraw());
  holding = new Holding(() => this.dialog.isOpen, window);
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
    // Every view but a public link's needs a token, so it is requested while the rest loads; the request that needs it
    // reports a failure.
    if (this.#place.kind !== "links") this.session.token().catch(() => {});
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
      this.holding.release();
    });
  }

  /** Go to a dashboard, by its id or address, or to the list. */
  go(project, { replaces = false } = {}) {
    const place = project ? `#/dashboards/${encodeURIComponent(project)}` : "#/";
    if (replaces) location.replace(place);
    else location.hash = place;
  }

  /** The calls for sharing, loaded on first use. Rejects with a DashkeepError. */
  async sharing() {
    const { sharing } = await required(import("../client/dist/sharing.js"));
    return sharing(this.client);
  }

  /** Show a message for a while, with an action if there is one. */
  tell(text, act = null, label = "Undo") {
    clearTimeout(this.#toast?.timer);
    const timer = setTimeout(() => this.#hush(), TOAST_MS);
    this.#toast = { text, act, label, timer };
    this.redraw();
  }

  /** Do what may fail; a failure that has a message for users is shown. */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      this.tell(error.message);
    }
  }

  /** Do something with a script that is loaded on first use, unless the user has gone to another page meanwhile. */
  async with(script, act) {
    const page = this.#page;
    const loaded = await required(script).catch(() => null);
    if (!loaded) this.tell("A part of the page could not be loaded. Check the connection, then try again.");
    else if (page === this.#page) await this.attempt(() => act(loaded));
  }

  #hush() {
    clearTimeout(this.#toast?.timer);
    this.#toast = null;
    this.redraw();
  }

  get #place() {
    const [, trash = "", kind = trash, name = ""] = PLACE.exec(location.hash) ?? [];
    return { kind, name: decodeURIComponent(name) };
  }

  /** Open the worker that holds a project's rows, or those of a public link, of which this browser keeps no copy. */
  #openRows({ kind, name }) {
    const { session } = this;
    const named = kind === "links" ? { link: name } : { project: name, key: [location.origin, session.user, addressOf(name, session.user)] };
    return new TableRows(TABLE_WORKER, {
      root: location.origin,
      ...named,
      getToken: (options) => session.token(options),
      changed: () => this.redraw(),
    });
  }

  #newClient() {
    const environment = patient(browserEnvironment(), this.holding);
    return createDashboardClient({ baseUrl: location.origin, getToken: (options) => this.session.token(options), environment });
  }

  #show() {
    this.#page?.close();
    this.dialog.close();
    const place = this.#place;
    if (place.kind === "invitations") this.#open(new InvitationPage(this, place.name));
    else if (place.kind === "trash") void this.#showLater("Loading the trash", async () => new (await import("./trash.js")).TrashPage(this));
    else if (place.kind) void this.#showDashboard(place);
    else void this.#showLater("Loading the dashboards", async () => new (await import("./projects.js")).ProjectsPage(this));
  }

  #open(page) {
    this.#page = page;
    page.open();
    this.redraw();
  }

  async #showDashboard(place) {
    const isPublic = place.kind === "links";
    // The worker starts meanwhile.
    const rows = this.#openRows(place);
    const create = async () => {
      const { DashboardPage, LinkPage } = await import("./dashboard.js");
      return new (isPublic ? LinkPage : DashboardPage)(this, place.name, rows);
    };
    if (!(await this.#showLater("Loading the dashboard", create, isPublic))) rows.close();
  }

  /** Show a view whose scripts are loaded with the first of its kind. Returns whether it is shown. */
  async #showLater(label, create, isPublic = false) {
    const waiting = new WaitingPage(label, isPublic);
    this.#open(waiting);
    try {
      const page = await create();
      const isWanted = this.#page === waiting;
      if (isWanted) this.#open(page);
      return isWanted;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      waiting.isFailed = true;
      this.redraw();
      return false;
    }
  }

  #signIn(user) {
    this.session.choose(user);
    this.client = this.#newClient();
    if (this.#place.kind === "dashboards") this.go(null);
    else this.#show();
  }

  #view() {
    return html`
      <a class="skip" href="#main" @click=${skipToMain}>Skip to the dashboard</a>
      <header class="bar"><div class="inner wide">${this.#page.isPublic ? html`<span class="brand">Dashkeep</span>` : this.#ownBar()}</div></header>
      <main id="main" tabindex="-1">${this.#page.view()}</main>
      <div class="toasts">
        ${this.#page.newsView?.() ?? nothing}
        <div role="status">${this.#toast ? this.#toastView(this.#toast) : nothing}</div>
      </div>
      ${this.dialog.view()}
    `;
  }

  /** What a signed-in user has: their dashboards, and who they are. */
  #ownBar() {
    return html`
      <a class="brand" href="#/">Dashkeep</a>
      <nav aria-label="Pages"><a href="/reference/">API reference</a></nav>
      <label class="who">
        <span>Signed in as</span>
        <select .value=${live(this.session.user)} @change=${(event) => this.#signIn(event.target.value)}>
          ${[...new Set([...USERS, this.session.user])].map((user) => html`<option value=${user} ?selected=${user === this.session.user}>${user}</option>`)}
        </select>
      </label>
    `;
  }

  #toastView({ text, act, label }) {
    const choose = () => {
      this.#hush();
      act();
    };
    return html`<p class="toast"><span>${text}</span>${act ? html`<button type="button" @click=${choose}>${label}</button>` : nothing}</p>`;
  }
}

/** What is shown until the scripts of another view are there. */
class WaitingPage {
  title = "";
  isFailed = false;

  constructor(label, isPublic) {
    this.label = label;
    this.isPublic = isPublic;
  }

  open() {}

  close() {}

  view() {
    if (!this.isFailed) return html`<div class="inner wide page">${loading(this.label)}</div>`;
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
