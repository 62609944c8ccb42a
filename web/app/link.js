// A public link: the charts and the table of a dashboard, for anyone who has the link.
import { required } from "../client/dist/transport.js";
import { chartsOf, isShown, themeOf } from "./config.js";
import { CrossFilter } from "./cross_filter.js";
import { fileActions } from "./files_of_charts.js";
import { Grid } from "./grid.js";
import { html, loading, nothing } from "./html.js";
import { moreMenu } from "./more_menu.js";
import { Printing } from "./printing.js";
import { readOnlyFilters } from "./read_only_view.js";
import { matchingRows, shownCharts } from "./shown_charts.js";
import { ProjectTable } from "./table.js";
import { showData } from "./table_files.js";
import { tableView } from "./table_view.js";
import { ago, exactly } from "./words.js";

export class LinkPage {
  title = "Shared dashboard";
  /** Nobody is signed in. */
  isPublic = true;
  isReadOnly = true;
  isUnsaved = false;
  /** @type {Printing} */
  printing;
  announcement = "";
  crossFilter = new CrossFilter((text) => {
    this.announcement = text;
    this.#app.redraw();
  });
  #app;
  #token;
  #link = null;
  #rows;
  #table;
  #grid;
  /** The config with its version, once it is loaded. */
  #loaded = null;
  #error = null;
  #stopPrinting = null;
  #onFocus = () => void this.loadAgain();

  constructor(app, token, rows) {
    this.#app = app;
    this.#token = token;
    this.#rows = rows;
    this.#table = new ProjectTable(null, null, rows, () => app.redraw());
    this.#grid = new Grid({ pick: (...group) => this.crossFilter.choose(...group), step: (...group) => this.crossFilter.step(...group), ...fileActions(app) });
    this.printing = new Printing(this.#grid, this);
  }

  open() {
    // What is loaded is a minute old at most: until then, the browser's cache answers.
    addEventListener("focus", this.#onFocus);
    addEventListener("resize", this.#onResize);
    this.#stopPrinting = this.printing.open();
    addEventListener("keydown", this.crossFilter.onKey);
    void this.loadAgain();
  }

  close() {
    removeEventListener("focus", this.#onFocus);
    removeEventListener("resize", this.#onResize);
    this.#stopPrinting();
    removeEventListener("keydown", this.crossFilter.onKey);
    this.#rows.close();
    this.#grid.attach(null);
  }

  drawn() {
    this.#grid.attach(document.querySelector(".grid-stack"));
    if (this.#loaded) this.#grid.show(shownCharts(this, this.#rows), true);
  }

  /** What is known of the table. */
  get table() {
    return this.#table.shown;
  }

  get config() {
    return this.#loaded.config;
  }

  get version() {
    return this.#loaded.version;
  }

  get matchingRows() {
    return matchingRows(this, this.#rows);
  }

  showData() {
    void showData(this.#app, { table: () => this.table, rows: this.#rows, load: () => this.#table.load(), changes: null });
  }

  /** Load the config and the table. */
  async loadAgain() {
    void this.#table.load();
    try {
      this.#loaded = await (await this.#opened()).config();
      this.#error = null;
      window.dashkeepTheme.choose(themeOf(this.config), `#/links/${this.#token}`);
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#error = error;
    }
    this.#app.redraw();
  }

  async #opened() {
    const { openLink } = await required(import("../client/dist/sharing.js"));
    return (this.#link ??= openLink({ baseUrl: location.origin, token: this.#token }));
  }

  view() {
    if (this.#error?.code === "not-found") {
      return notice(html`<h1>This link does not exist any more</h1>
        <p>It was taken back, it has expired, or its address is not complete. Ask for another one.</p>`);
    }
    if (this.#error && !this.#loaded) {
      return notice(html`<h1>The dashboard could not be loaded</h1>
        <p>${this.#error.message}</p>
        <button type="button" class="primary" @click=${() => this.loadAgain()}>Try again</button>`);
    }
    return html`
      <div class="toolbar"><div class="inner wide">
        <div class="head"><div class="name"><h1>Shared dashboard</h1></div>${this.#loaded ? html`<div class="saving">${changed(this.#loaded)} ${moreMenu(this)}</div>` : nothing}</div>
      </div></div>
      <div class="inner wide dashboard">${this.#loaded ? html`<p class="printed"></p>${this.#content()}` : loading("Loading the dashboard")}<div class="grid-stack"></div>
        <p class="unseen" role="status">${this.announcement}</p></div>
    `;
  }

  #content() {
    const hasCharts = chartsOf(this.config).some(([, chart]) => isShown(chart));
    return html`
      <div class="options">
        ${readOnlyFilters(this)}
        <p class="view-only">This is a public view: anyone who has the link sees it.</p>
      </div>
      ${tableView(this, hasCharts)}
      ${hasCharts ? html`<h2 class="unseen">Charts</h2>` : html`<div class="notice"><h2>No charts</h2><p>This dashboard has no charts.</p></div>`}
    `;
  }

  #onResize = () => this.#app.redraw();
}

const notice = (content) => html`<div class="inner wide page"><div class="notice" role="alert">${content}</div></div>`;

function changed({ version, updatedAt }) {
  return html`<p class="save-state" title=${updatedAt ? `Version ${version}, ${exactly(updatedAt)}` : nothing}>${updatedAt ? `Changed ${ago(updatedAt)}` : nothing}</p>`;
}
