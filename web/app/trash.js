// The trash: the user's deleted dashboards, each of which can be restored for some time.
import { html, icon, loading, nothing, repeat } from "./html.js";
import { Listing } from "./listing.js";
import { ago, count, exactly } from "./words.js";

const STEP = 50;
const MOST_PER_PAGE = 100;
const DAY_MS = 86_400_000;

export class TrashPage {
  title = "Trash";
  #app;
  #deleted;
  #most = STEP;

  constructor(app) {
    this.#app = app;
    this.#deleted = new Listing((page) => app.client.projects.deleted(page), MOST_PER_PAGE, () => app.redraw());
  }

  open() {
    void this.#deleted.want(this.#most);
  }

  close() {
    this.#deleted.close();
  }

  view() {
    return html`<div class="inner wide page trash">
      <div class="name">
        <a class="icon-button" href="#/" aria-label="All dashboards" title="All dashboards">${icon("back")}</a>
        <h1>Trash</h1>
      </div>
      ${this.#content()}
    </div>`;
  }

  #content() {
    const { projects, error, isLoading, isWhole } = this.#deleted;
    if (error) {
      return html`<div class="notice" role="alert">
        <h2>The trash could not be loaded</h2>
        <p>${error.message}</p>
        <button type="button" @click=${() => this.open()}>Try again</button>
      </div>`;
    }
    if (!projects.length && isLoading) return loading("Loading the trash");
    if (!projects.length) return html`<div class="notice"><h2>The trash is empty</h2><p>A dashboard that you delete stays here for some time, and can be restored with its table and its history.</p></div>`;
    return html`
      <ul class="deleted">${repeat(projects, ({ address }) => address, (project) => this.#row(project))}</ul>
      ${isWhole ? nothing : html`<p class="more"><button type="button" ?disabled=${isLoading} @click=${() => this.#showMore()}>Show more</button></p>`}
    `;
  }

  #row(project) {
    const { name, deletedAt, restorableUntil } = project;
    return html`<li>
      <h2 title=${name}>${name}</h2>
      <p><span title=${exactly(deletedAt)}>Deleted ${ago(deletedAt)}</span> · <span title=${exactly(restorableUntil)}>${timeLeft(restorableUntil)}</span></p>
      <button type="button" aria-label="Restore ${name}" @click=${() => this.#restore(project)}>${icon("undo")}Restore</button>
    </li>`;
  }

  #showMore() {
    this.#most += STEP;
    this.open();
  }

  #restore({ id, address, name }) {
    return this.#app.attempt(async () => {
      await this.#app.client.projects.restore(id);
      this.#deleted.remove(address);
      this.#app.tell(`“${name}” was restored.`, () => this.#app.go(id), "Open");
    });
  }
}

/** `12 days left`; the last day is counted as one. */
export const timeLeft = (until, now = Date.now()) => `${count(Math.max(1, Math.ceil((Date.parse(until) - now) / DAY_MS)), "day")} left to restore it`;
