// An open dashboard: its document, its table, and the user's actions on them.
import { openChartDialog } from "./chart_dialog.js";
import { openColumnsDialog } from "./columns_dialog.js";
import { bottomOf, chartsOf, filtersOf, isShown, positionOf, themeOf, withChart, withChartBack, withCharts, withFilter, withoutChart, withPositions, withTheme } from "./config.js";
import { openConflictDialog } from "./conflict.js";
import { dashboardView } from "./dashboard_view.js";
import { openDownloadDialog } from "./download_dialog.js";
import { openFilterDialog } from "./filter_dialog.js";
import { Grid } from "./grid.js";
import { openHistory } from "./history.js";
import { nameField, rename } from "./projects.js";
import { TYPES } from "./readings.js";
import { sampleFile } from "./sample.js";
import { ProjectTable } from "./table.js";

const AUTOSAVE_KEY = "dashkeep.autosave";
/** Storing an edit takes less. */
const STORING_MS = 500;

export class DashboardPage {
  /** The project's name, once it is loaded. */
  title = "";
  /** @type {import("../client/dist/index.js").DashboardDocument} */
  document;
  /** An older version shown as a preview instead of the edited one. */
  preview = null;
  /** Whether edits are not durable in this browser, although there was time to store them. */
  isUnkept = false;
  /** Whether the user has read what could not be moved of an older version's copy. */
  isNotMovedRead = false;
  announcement = "";
  grid;
  #table;
  #rows;
  #app;
  #id;
  #closing = [];
  #isConflictSeen = false;
  #storing = null;

  constructor(app, id) {
    this.#app = app;
    this.#id = id;
    this.document = app.client.open(id, { autosave: localStorage.getItem(AUTOSAVE_KEY) !== "off" });
    this.#rows = app.openRows(id);
    this.#table = new ProjectTable(app.client, id, this.#rows, () => app.redraw());
    this.grid = new Grid({
      moved: (positions) => this.#edit(withPositions(this.#changedOf(positions))),
      placed: (positions) => this.#correct(this.#changedOf(positions)),
      say: (text) => this.#announce(text),
      edit: (chartId) => this.editChart(chartId),
      hide: (chartId) => this.hideChart(chartId),
      remove: (chartId) => this.removeChart(chartId),
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
    this.#closing.push(this.document.subscribe(() => this.#changed()));
    void this.#loadDocument();
    void this.#loadName();
    void this.#table.open();
  }

  close() {
    for (const stop of this.#closing) stop();
    clearTimeout(this.#storing);
    this.document.close();
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

  get state() {
    return this.document.state;
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

  // --- charts ---

  addChart() {
    openChartDialog(this.#app.dialog, this.table, null, (chart) => this.#addCharts([chart]));
  }

  async suggestCharts() {
    this.#addCharts(await this.#rows.suggestions());
  }

  #addCharts(charts) {
    const bottom = bottomOf(this.state.config);
    const added = charts.map((chart) => {
      const position = positionOf(chart, 0);
      return [crypto.randomUUID().slice(0, 8), { isVisible: true, ...chart, position: { ...position, y: position.y + bottom } }];
    });
    this.#edit(withCharts(Object.fromEntries(added)));
  }

  editChart(id) {
    const chart = this.state.config.chartCustomizations[id];
    openChartDialog(this.#app.dialog, this.table, chart, (changed) => this.#edit(withChart(id, changed)));
  }

  hideChart(id) {
    this.#edit(withChart(id, { isVisible: false }));
  }

  showChart(id) {
    this.#edit(withChart(id, { isVisible: true }));
  }

  removeChart(id) {
    const before = this.state.config;
    this.#edit(withoutChart(id));
    this.#app.tell(`“${before.chartCustomizations[id].title ?? "Untitled"}” was removed.`, () => this.#edit(withChartBack(id, before)));
  }

  // --- filters, theme, name ---

  editFilter(filter) {
    openFilterDialog(this.#app.dialog, this.table, (column) => this.#rows.choicesOf(column), filter, (changed) => {
      const id = changed?.id ?? filter?.id;
      if (id) this.#edit(withFilter(id, changed));
    });
  }

  removeFilter({ id }) {
    this.#edit(withFilter(id, null));
  }

  chooseTheme(id) {
    this.#edit(withTheme(id));
  }

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

  // --- saving ---

  async save() {
    // The state has the result and is shown.
    await this.document.save().catch(() => {});
  }

  setAutosave(on) {
    localStorage.setItem(AUTOSAVE_KEY, on ? "on" : "off");
    this.document.setAutosave(on);
  }

  decideConflict() {
    if (!this.state.conflict) return;
    openConflictDialog(this.#app.dialog, this.state.conflict, (choice) => this.document.resolve(choice));
  }

  openHistory() {
    openHistory(this.#app.dialog, this.#app.client, this.#id, this.state.version, {
      look: (version) => {
        this.preview = version;
        this.#app.redraw();
      },
      restore: (version) => this.restore(version),
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

  /** Restore the previewed version. */
  async restorePreview() {
    try {
      await this.restore(this.preview.version);
    } catch (error) {
      this.#tellFailure(error);
    }
  }

  // --- the table ---

  chooseFile(event) {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) void this.#upload(file);
  }

  useSample() {
    void this.#upload(sampleFile());
  }

  retry() {
    void this.#loadDocument();
    void this.#loadName();
    void this.#table.load();
  }

  async #upload(file) {
    await this.#suggestIfEmpty(this.#table.upload(file));
  }

  async readAgain(delimiter) {
    await this.#suggestIfEmpty(this.#table.readAgain(delimiter));
  }

  async #suggestIfEmpty(uploading) {
    if ((await uploading) && !chartsOf(this.state.config).length) await this.suggestCharts();
  }

  /** Read a column as a note offers it. */
  async readAs(column, reading) {
    const isRead = await this.#table.readAs({ [column]: reading });
    if (isRead) this.#app.tell(`“${column}” is now read as ${TYPES[reading.type].toLowerCase()}.`);
  }

  dismissNotes() {
    this.#table.dismissNotes();
  }

  editColumns() {
    openColumnsDialog(this.#app.dialog, this.table, (columns) => this.#table.change(columns));
  }

  downloadTable() {
    openDownloadDialog(this.#app.dialog, (safe) => this.#table.download(safe));
  }

  #retryTable() {
    if (this.table.status === "failed" || this.table.isCopy) void this.#table.load();
    if (!this.title) void this.#loadName();
  }

  // --- loading and display ---

  async #loadDocument() {
    try {
      await this.document.load();
    } catch (error) {
      // The state has the error and is shown.
      if (error.status === undefined) throw error;
    }
  }

  async #loadName() {
    try {
      this.title = (await this.#app.client.projects.get(this.#id)).name;
    } catch (error) {
      // A dashboard is usable without its name; loading the config reports the error.
      if (error.status === undefined) throw error;
    }
    this.#app.redraw();
  }

  #changed() {
    const { status, config } = this.state;
    if (config) window.dashkeepTheme.choose(themeOf(config));
    if (status === "clean" || status === "corrected") this.#retryTable();
    if (status === "conflict" && !this.#isConflictSeen) this.decideConflict();
    this.#isConflictSeen = status === "conflict";
    this.#watchStoring();
    this.#app.redraw();
  }

  #watchStoring() {
    const { isDirty, isKept } = this.state;
    if (isDirty && !isKept) {
      this.#storing ??= setTimeout(() => this.#setUnkept(true), STORING_MS);
      return;
    }
    clearTimeout(this.#storing);
    this.#storing = null;
    this.#setUnkept(false);
  }

  #setUnkept(isUnkept) {
    this.isUnkept = isUnkept;
    this.#app.redraw();
  }

  readNotMoved() {
    this.isNotMovedRead = true;
    this.#app.redraw();
  }

  #edit(change) {
    this.document.edit(change);
  }

  /** Take over where the grid has put the charts: nobody moved them, so this alone is no reason to save. */
  #correct(positions) {
    if (Object.keys(positions).length) this.document.correct(withPositions(positions));
  }

  /** Return the positions that differ from the config; a moved chart may have been removed. */
  #changedOf(positions) {
    const charts = this.state.config?.chartCustomizations ?? {};
    return Object.fromEntries(
      Object.entries(positions).filter(([id, { x, y, w, h }]) => {
        if (!Object.hasOwn(charts, id)) return false;
        const { position } = charts[id];
        return !position || position.x !== x || position.y !== y || position.w !== w || position.h !== h;
      }),
    );
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
      void this.save();
    }
  }

  #announce(text) {
    this.announcement = text;
    this.#app.redraw();
  }

  #tellFailure(error) {
    if (error.status === undefined) throw error;
    this.#app.tell(error.message);
  }
}
