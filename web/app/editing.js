// The user's edits of a dashboard: each is one step, which is shown, and which can be undone.
import { changesBetween } from "./changes.js";
import { placedFreely, withChart, withChartBack, withCharts, withColumnNames, withFilter, withoutChart, withPositions, withTheme } from "./config.js";
import { openDiscardDialog } from "./discard_dialog.js";
import { besides, pointTo } from "./pointing.js";
import { filtersToday } from "./shown_charts.js";
import { chartHeading, chartTitle, count } from "./words.js";

/** Fields with an undo of their own. */
const TYPED_INTO = "input:not([type=checkbox], [type=radio], [type=file]), textarea, [contenteditable]";

/** The dialog shows it and stays, so that nothing that was entered is lost. */
const removedMeanwhile = (chart) => Object.assign(new Error(`“${chartTitle(chart)}” was removed by someone else, so this cannot be applied.`), { status: 404 });

export class Editing {
  #app;
  #page;
  #rows;
  /** How many edits were made or taken back. */
  #edits = 0;
  /** The last undo or redo: the next one waits for it, so that each says what it has done. */
  #reverting = Promise.resolve();

  constructor(app, page, rows) {
    this.#app = app;
    this.#page = page;
    this.#rows = rows;
  }

  // --- charts ---

  async addChart() {
    await this.#withForms(({ openChartDialog }) => {
      openChartDialog(this.#app.dialog, this.#tableOfForm, null, (chart) => this.#addCharts([chart], true));
    });
  }

  async suggestCharts() {
    this.#addCharts(await this.#rows.suggestions(), "if-lost");
  }

  #addCharts(charts, takesFocus) {
    const added = placedFreely(this.#config, charts).map((chart) => [crypto.randomUUID().slice(0, 8), { isVisible: true, ...chart }]);
    this.#edit(withCharts(Object.fromEntries(added)));
    pointTo(added.map(([id]) => id), takesFocus);
    this.#page.announce(`${charts.length === 1 ? `“${chartTitle(charts[0])}”` : count(charts.length, "chart")} added`);
  }

  async editChart(id) {
    await this.#withForms(({ openChartDialog }) => {
      const before = this.#chart(id);
      if (!before) return;
      openChartDialog(this.#app.dialog, this.#tableOfForm, before, (entered) => {
        if (!this.#chart(id)) throw removedMeanwhile(before);
        // A save may have brought what others have changed; what was not touched here is theirs.
        const changed = Object.entries(entered).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
        this.#edit(withChart(id, Object.fromEntries(changed)));
      });
    });
  }

  duplicateChart(id) {
    const chart = this.#chart(id);
    this.#addCharts([{ ...chart, title: chartHeading(chart) && `${chartHeading(chart)} (copy)` }], true);
  }

  hideChart(id) {
    const refocus = besides(id);
    this.#edit(withChart(id, { isVisible: false }));
    refocus();
    this.#tell(`${this.#named(id)} is hidden. It is listed below the charts.`, withChart(id, { isVisible: true }), [id]);
  }

  showChart(id) {
    this.#edit(withChart(id, { isVisible: true }));
    pointTo([id], true);
  }

  removeChart(id) {
    const before = this.#config;
    const text = `${this.#named(id)} was removed.`;
    const refocus = besides(id);
    this.#edit(withoutChart(id));
    refocus();
    this.#tell(text, withChartBack(id, before), [id]);
  }

  /** Take over where the user has moved charts. */
  moveCharts(positions) {
    this.#edit(withPositions(this.#changedOf(positions)));
  }

  /** Take over where the grid has put the charts: nobody moved them, so this alone is no reason to save. */
  placeCharts(positions) {
    const changed = this.#changedOf(positions);
    if (Object.keys(changed).length) this.#page.document.correct(withPositions(changed));
  }

  /** Return the positions that differ from the config; a moved chart may have been removed. */
  #changedOf(positions) {
    const charts = this.#config?.chartCustomizations ?? {};
    return Object.fromEntries(
      Object.entries(positions).filter(([id, { x, y, w, h }]) => {
        if (!Object.hasOwn(charts, id)) return false;
        const { position } = charts[id];
        return !position || position.x !== x || position.y !== y || position.w !== w || position.h !== h;
      }),
    );
  }

  // --- filters, theme, columns ---

  async editFilter(filter) {
    await this.#withForms(({ openFilterDialog }) => {
      openFilterDialog(this.#app.dialog, this.#page.table, (column) => this.#rows.choicesOf(column), filter, (changed) => {
        const id = changed?.id ?? filter?.id;
        if (id) this.#edit(withFilter(id, changed));
      });
    });
  }

  removeFilter({ id }) {
    this.#edit(withFilter(id, null));
  }

  chooseTheme(id) {
    this.#edit(withTheme(id));
  }

  /** Use the new names of columns, by the old ones, in charts and filters. */
  renameColumns(names) {
    const before = this.#config;
    this.#edit(withColumnNames(names));
    if (this.#config !== before) this.#app.tell("The columns were renamed, in charts and filters too.");
  }

  // --- taking back ---

  undo() {
    this.#reverting = this.#reverting.then(() => this.#revert("undo", "Undone"));
  }

  redo() {
    this.#reverting = this.#reverting.then(() => this.#revert("redo", "Redone"));
  }

  /** Whether there are edits that are not about to be saved anyway. */
  get canDiscard() {
    const { isDirty, autosave, status } = this.#page.state;
    return isDirty && !this.#page.preview && (!autosave || ["offline", "failed", "conflict"].includes(status));
  }

  discard() {
    openDiscardDialog(this.#app.dialog, this.#app.client, this.#page, () => {
      this.#page.document.discard();
      this.#app.tell("Your changes were discarded.");
    });
  }

  /** Handle Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y; on a Mac with the command key. */
  onKey(event) {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["y", "z"].includes(key)) return;
    if (event.target.closest?.(TYPED_INTO) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.redo();
    else this.undo();
  }

  async #revert(direction, done) {
    const { document: edited, isReadOnly } = this.#page;
    if (isReadOnly) return;
    const before = this.#config;
    try {
      // Until the client has loaded its code for this, `canUndo` is false although there is an edit to undo.
      await edited[direction]();
    } catch (error) {
      if (error.status === undefined) throw error;
      if (error.code !== "closed") this.#app.tell(error.message);
      return;
    }
    if (this.#config === before) return;
    this.#edits += 1;
    const changes = changesBetween(before, this.#config, "brought back");
    pointTo(changes.flatMap(({ ids }) => ids));
    this.#app.tell(`${[done, changes.map(({ text }) => text).join(", ")].filter(Boolean).join(": ")}.`);
  }

  get #config() {
    return this.#page.state.config;
  }

  #chart(id) {
    return this.#config.chartCustomizations[id];
  }

  /** The forms are loaded once the dashboard is shown. */
  #withForms(open) {
    return this.#app.with(import("./forms.js"), open);
  }

  /** What the form of a chart needs of the table, which may change while it is open. */
  #tableOfForm = {
    columns: () => this.#page.table.dataSchema ?? { columnNames: [], columnTypes: {} },
    /** What decides a chart's data besides the chart; null until there is a table. */
    basis: () => (this.#page.table.dataSchema ? [this.#page.table.version, filtersToday(this.#config)] : null),
    compute: (chart) => this.#rows.compute(chart, filtersToday(this.#config)),
  };

  #named(id) {
    return `“${chartTitle(this.#chart(id))}”`;
  }

  #edit(change) {
    this.#edits += 1;
    this.#page.document.edit(change);
  }

  /** Say what an edit has done. Its undo is the usual one while it is the last edit; later, `change` takes it back. */
  #tell(text, change, ids) {
    const made = this.#edits;
    this.#app.tell(text, () => {
      if (made === this.#edits) return this.undo();
      this.#edit(change);
      pointTo(ids);
    });
  }
}
