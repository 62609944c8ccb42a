// The page: the signed-in user, the current view, and the frame around it.
import { createDashboardClient } from "/client/dist/index.js";
import { Session } from "/session.js";
import { Dialog } from "./dialog.js";
import { DashboardPage } from "./dashboard.js";
import { html, live, nothing, render } from "./html.js";
import { ProjectsPage } from "./projects.js";

const USERS = ["user-1", "user-2", "user-3"];
const TOAST_MS = 8_000;

// Libraries may clear an element through its markup and nothing else: Trusted Types reject every other string.
window.trustedTypes?.createPolicy("default", { createHTML: (markup) => (markup === "" ? markup : null) });

class App {
  session = new Session();
  dialog = new Dialog(() => this.redraw());
  client = this.#newClient();
  #page = null;
  #toast = null;
  #isDrawing = false;

  start() {
    addEventListener("hashchange", () => this.#show());
    document.addEventListener("themechange", () => this.redraw());
    this.#show();
  }

  /** Draw once after all current changes. */
  redraw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      render(this.#view(), document.body);
      document.title = this.#page.title ? `${this.#page.title} · Dashkeep` : "Dashkeep";
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

  #newClient() {
    return createDashboardClient({ baseUrl: location.origin, getToken: (options) => this.session.token(options) });
  }

  #show() {
    this.#page?.close();
    this.dialog.close();
    const id = /^#\/dashboards\/(.+)$/.exec(location.hash)?.[1];
    this.#page = id ? new DashboardPage(this, decodeURIComponent(id)) : new ProjectsPage(this);
    this.#page.open();
    scrollTo(0, 0);
    this.redraw();
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
          <a class="brand" href="#/"><img src="/icon.svg" alt="" width="28" height="28">Dashkeep</a>
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

// The URL's hash names the dashboard, so the link must not change it.
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

new App().start();
