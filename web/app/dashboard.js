// An open dashboard: its document, its table, and the user's actions on them.
import { bottomOf, chartsOf, filtersOf, isShown, positionOf, themeOf } from "./config.js";
import { dashboardView } from "./dashboard_view.js";
import { Editing } from "./editing.js";
import { Grid } from "./grid.js";
import { openHistory } from "./history.js";
import { nameField, rename } from "./projects.js";
import { isAutosaveOn, Saving } from "./saving.js";
import { ProjectTable } from "./table.js";
import { TableFiles } from "./table_files.js";

export class DashboardPage {
  /** The project's name, once it is loaded. */
  title = "";
  /** @type {import("../client/dist/index.js").DashboardDocument} */
  document;
  /** An older version shown as a preview instead of the edited one. */
  preview = null;
  /** @type {Saving} */
  saving;
  announcement = "";
  grid;
  /** @type {Editing} */
  editing;
  /** @type {TableFiles} */
  files;
  #table;
  #rows;
  #app;
  #id;
  #closing = [];
  #naming = null;

  constructor(app, id, rows) {
    this.#app = app;
    this.#id = id;
    this.document = app.client.open(id, { autosave: isAutosaveOn() });
    this.saving = new Saving(app, this);
    this.#rows = rows;
    this.#table = new ProjectTable(app.client, id, this.#rows, () => app.redraw());
    this.editing = new Editing(app, this, this.#rows);
    this.files = new TableFiles(app, this, this.#table);
    this.grid = new Grid({
      moved: (positions) => this.editing.moveCharts(positions),
      placed: (positions) => this.editing.placeCharts(positions),
      say: (text) => this.announce(text),
      edit: (chartId) => this.editing.editChart(chartId),
      hide: (chartId) => this.editing.hideChart(chartId),
      remove: (chartId) => this.editing.removeChart(chartId),
    });
  }

  open() {
    const listen = (target, type, listener) => {
      target.addEventListener(type, listener);
      this.#closing.push(() => target.removeEventListener(type, listener));
    };
    listen(window, "resize", () => this.#app.redraw());
    listen(window, "online", () => this.#retryTable());
    listen(window, "keydown", (event) => this.#onKey(event));
    for (const [type, listener] of Object.entries(this.files.dropTarget.listeners)) listen(window, type, listener);
    this.#closing.push(this.document.subscribe(() => this.#changed()));
    void this.#loadDocument();
    void this.#loadName();
    void this.#table.open();
  }

  close() {
    for (const stop of this.#closing) stop();
    this.saving.close();
    this.#rows.close();
    this.grid.attach(null);
  }

  view() {
    return dashboardView(this);
  }

  drawn() {
    this.grid.attach(document.querySelector(".grid-stack"));
    this.grid.show(this.#shownCharts(), this.preview !== null);
  }

  get id() {
    return this.#id;
  }

  get state() {
    return this.document.state;
  }

  /** Whether the title of the tab has a mark. */
  get isUnsaved() {
    return this.state.isDirty;
  }

  /** What is known of the table. */
  get table() {
    return this.#table.shown;
  }

  /** The config on display: a previewed version, or the edited dashboard. */
  get config() {
    return this.preview ? this.preview.config : this.state.config;
  }

  get hiddenCharts() {
    return chartsOf(this.config).filter(([, chart]) => !isShown(chart));
  }

  /** The number of rows that match the filters, null until they are counted. */
  get matchingRows() {
    const filters = filtersOf(this.config);
    return filters.length ? this.#rows.countOf(filters) : this.table.dataSchema.rowCount;
  }

  // --- name ---

  rename() {
    this.#app.dialog.open({
      title: "Rename dashboard",
      action: "Rename",
      body: () => nameField(this.title),
      submit: async (form) => {
        this.title = (await rename(this.#app.client, this.#id, form.get("name"))).name;
      },
    });
  }

  // --- history and loading ---

  openHistory() {
    openHistory(this.#app.dialog, this.#app.client, this.#id, this.state.version, {
      look: (version) => {
        this.preview = version;
        this.#app.redraw();
      },
      restore: (version) => this.restore(version),
      takeBack: (version) => this.takeBack(version),
    });
  }

  leavePreview() {
    this.preview = null;
    this.#app.redraw();
  }

  async restore(version) {
    await this.document.restore(version);
    this.preview = null;
    this.#app.tell(`Version ${version} was restored.`);
  }

  /** Take back what one version changed, and keep what came after it. */
  async takeBack(version) {
    const before = JSON.stringify(this.state.config);
    const { config } = await this.document.undoVersion(version).catch((error) => {
      // Unsaved changes are saved first, and these may be what is in conflict.
      if (!this.state.conflict) throw error;
      throw Object.assign(new Error("Someone else changed the same values as you. Decide what to keep, then take back these changes."), { status: error.status });
    });
    this.preview = null;
    const isTakenBack = JSON.stringify(config) !== before;
    this.#app.tell(isTakenBack ? `The changes of version ${version} were taken back.` : `There is nothing to take back: the changes of version ${version} are no longer in the dashboard.`);
  }

  /** Restore the previewed version. */
  async restorePreview() {
    try {
      await this.restore(this.preview.version);
    } catch (error) {
      this.#tellFailure(error);
    }
  }

  /** Load what is missing. */
  async loadAgain() {
    await this.#loadDocument();
    this.#retryTable();
  }

  #retryTable() {
    if (this.table.status === "failed" || this.table.isCopy) void this.#table.load();
    void this.#loadName();
  }

  async #loadDocument() {
    try {
      await this.document.load();
      // It is needed once others change what is edited here, and a page that is open for days may outlive its release.
      import("../client/dist/merge.js").catch(() => {});
    } catch (error) {
      // The state has the error and is shown.
      if (error.status === undefined) throw error;
    }
  }

  /** Load the name once; after a failure, the next call tries again. */
  async #loadName() {
    if (this.title || this.#naming) return;
    try {
      this.#naming = this.#app.client.projects.get(this.#id);
      this.title = (await this.#naming).name;
    } catch (error) {
      // A dashboard is usable without its name; loading the config reports the error.
      if (error.status === undefined) throw error;
    } finally {
      this.#naming = null;
    }
    this.#app.redraw();
  }

  #changed() {
    const { status, config } = this.state;
    if (config) window.dashkeepTheme.choose(themeOf(config), `#/dashboards/${encodeURIComponent(this.#id)}`);
    if (status === "clean" || status === "corrected") this.#retryTable();
    this.saving.changed();
    this.#app.redraw();
  }

  #shownCharts() {
    const below = bottomOf(this.config);
    const filters = filtersOf(this.config);
    const dataOf = this.table.dataSchema ? (id, chart) => this.#rows.dataOf(id, chart, filters) : () => null;
    return chartsOf(this.config)
      .filter(([, chart]) => isShown(chart))
      .map(([id, chart]) => ({ id, chart, position: positionOf(chart, below), data: () => dataOf(id, chart) }));
  }

  #onKey(event) {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      void this.saving.save();
    }
    this.editing.onKey(event);
  }

  announce(text) {
    this.announcement = text;
    this.#app.redraw();
  }

  #tellFailure(error) {
    if (error.status === undefined) throw error;
    this.#app.tell(error.message);
  }
}
