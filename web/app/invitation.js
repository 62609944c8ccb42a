// What an invitation is for. It is accepted by a click only: a link alone lets nobody in.
import { html, loading, nothing } from "./html.js";
import { exactly } from "./words.js";

const TO = { viewer: "view", editor: "view and edit" };

export class InvitationPage {
  title = "Invitation";
  #app;
  #token;
  #offer = null;
  #error = null;
  #isBusy = false;

  constructor(app, token) {
    this.#app = app;
    this.#token = token;
  }

  open() {
    void this.#attempt(async (sharing) => (this.#offer = await sharing.preview(this.#token)));
  }

  close() {}

  view() {
    return html`<div class="inner wide page">${this.#content()}</div>`;
  }

  #content() {
    if (this.#error?.code === "not-found") {
      return html`<div class="notice" role="alert">
        <h1>This invitation is not valid any more</h1>
        <p>It was used or taken back, it has expired, or its address is not complete. Ask for another one.</p>
        <a class="button" href="#/">All dashboards</a>
      </div>`;
    }
    if (this.#offer) return this.#offerView(this.#offer);
    if (!this.#error) return loading("Loading the invitation");
    return html`<div class="notice" role="alert">
      <h1>The invitation could not be loaded</h1>
      <p>${this.#error.message}</p>
      <button type="button" class="primary" @click=${() => this.open()}>Try again</button>
    </div>`;
  }

  #offerView({ project, owner, role, expiresAt }) {
    return html`<div class="notice">
      <h1>Invitation to “${project.name}”</h1>
      <p>${owner.name || "The owner of the dashboard"} invites you to ${TO[role]} it. The invitation is valid until ${exactly(expiresAt)}.</p>
      ${this.#error ? html`<p class="problem" role="alert">${this.#error.message}</p>` : nothing}
      <p class="choose">
        <button type="button" class="primary" ?disabled=${this.#isBusy} @click=${() => this.#accept()}>Accept invitation</button>
        <a class="button" href="#/">Not now</a>
      </p>
    </div>`;
  }

  #accept() {
    void this.#attempt(async (sharing) => {
      const { project } = await sharing.accept(this.#token);
      // Going back does not lead to an invitation that is used up.
      this.#app.go(project.address, { replaces: true });
    });
  }

  async #attempt(work) {
    this.#error = null;
    this.#isBusy = true;
    this.#app.redraw();
    try {
      await work(await this.#app.sharing());
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#error = error;
    }
    this.#isBusy = false;
    this.#app.redraw();
  }
}
