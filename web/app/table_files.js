// The files of a dashboard's table: chosen, dropped, sent, read differently, looked at, downloaded.
import { droppedFile } from "./chosen_files.js";
import { chartsOf } from "./config.js";
import { openDownloadDialog } from "./download_dialog.js";
import { DropTarget } from "./drop_target.js";
import { TYPES } from "./readings.js";
import { sampleFile } from "./sample.js";
import { count } from "./words.js";

/** Show a table's data in a dialog, whose script is loaded on first use. */
export const showData = (app, data) => app.with(import("./data_dialog.js"), ({ openData }) => openData(app.dialog, data));

export class TableFiles {
  dropTarget = new DropTarget({ canDrop: () => this.#canUpload, changed: () => this.#app.redraw(), dropped: (files) => this.#drop(files) });
  #app;
  #page;
  #table;

  constructor(app, page, table) {
    this.#app = app;
    this.#page = page;
    this.#table = table;
  }

  get #canUpload() {
    const isKnown = this.#table.shown.status === "none" || this.#table.shown.status === "ready";
    return isKnown && !this.#page.isReadOnly && !document.querySelector("dialog[open]");
  }

  choose(event) {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) void this.#upload(file);
  }

  #drop(files) {
    const { file, refusal } = droppedFile(files);
    if (file) void this.#upload(file);
    else this.#table.refuse(refusal);
  }

  useSample() {
    void this.#upload(sampleFile());
  }

  /** Send the file once more that could not be sent. */
  sendAgain() {
    void this.#upload(this.#table.shown.problem.file);
  }

  cancel() {
    if (this.#table.cancel()) this.#app.tell("Upload cancelled.");
  }

  dismissProblem() {
    this.#table.dismissProblem();
  }

  async #upload(file) {
    await this.#finish(this.#table.upload(file));
  }

  async readAgain(delimiter) {
    await this.#finish(this.#table.readAgain(delimiter));
  }

  async #finish(uploading) {
    if (!(await uploading)) return;
    const { fileName, rowCount } = this.#table.shown.dataSchema;
    this.#app.tell(`“${fileName}” was uploaded: ${count(rowCount, "row")}.`);
    if (!chartsOf(this.#page.state.config).length) await this.#page.editing.suggestCharts();
  }

  /** Read a column as a note offers it. */
  async readAs(column, reading) {
    const isRead = await this.#table.readAs({ [column]: reading });
    if (isRead) this.#app.tell(`“${column}” is now read as ${TYPES[reading.type].toLowerCase()}.`);
  }

  dismissNotes() {
    this.#table.dismissNotes();
  }

  /** The changes of a table that its data's dialog offers. */
  get changes() {
    const table = this.#table;
    return { change: (columns) => this.#change(columns), restore: (version) => table.restore(version), versions: () => table.versions() };
  }

  /** Rename columns, in charts and filters too, and read them differently; rejects if that fails. */
  async #change(columns) {
    await this.#table.change(columns);
    const renamed = Object.entries(columns).filter(([, { name }]) => name !== undefined);
    this.#page.editing.renameColumns(Object.fromEntries(renamed.map(([column, { name }]) => [column, name])));
  }

  download() {
    openDownloadDialog(this.#app.dialog, (safe) => this.#table.download(safe, this.#page.canEdit));
  }
}
