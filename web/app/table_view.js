// The view of a project's table: its name and size, what is being done with it, and what its columns could be read as.
import { html, icon, iconButton, nothing } from "./html.js";
import { readingInWords } from "./readings.js";
import { isReadable, portion, problemInWords } from "./table_words.js";
import { count, size } from "./words.js";

const TABLE_FILES = ".csv,.tsv,.txt,.json,.ndjson,.jsonl";
const DELIMITERS = { ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar" };
/** More are in the dialog of the data. */
const MOST_NOTES = 8;

/** A dashboard without charts offers the first upload itself. */
export function tableView(page, hasCharts) {
  const { table, files } = page;
  if (table.status === "working") return working(files, table.task);
  if (table.status === "loading") return html`<p class="table-line" role="status">Loading the table…</p>`;
  if (table.status === "failed") {
    return html`<p class="table-line"><span role="alert">The table could not be loaded. ${table.error.message}</span><button type="button" @click=${() => page.loadAgain()}>Try again</button></p>`;
  }
  if (table.status === "none") return html`${hasCharts && !page.isReadOnly ? html`<p class="table-line"><span>No table yet</span>${uploadButton(files, "Upload a file", "quiet")}</p>` : nothing}`;
  const { fileName, rowCount } = table.dataSchema;
  const matching = page.matchingRows ?? rowCount;
  return html`
    <p class="table-line ${page.isReadOnly ? "alone" : ""}">
      <span>${fileName} · ${matching === rowCount ? count(rowCount, "row") : `${count(matching, "row")} of ${rowCount.toLocaleString("en")}`}${table.isOutdated ? " · may be out of date" : ""}</span>
      ${page.isReadOnly ? nothing : uploadButton(files, "Replace", "quiet")}<button type="button" class="quiet" @click=${() => page.showData()}>Data</button>
      ${!page.isReadOnly || (page.role === "viewer" && !page.saving.isDeleted) ? html`<button type="button" class="quiet" @click=${() => files.download()}>Download CSV</button>` : nothing}
    </p>
    ${table.showsNotes && !page.isReadOnly ? notesView(files, table.dataSchema.notes ?? []) : nothing}`;
}

export function uploadButton(files, text, kind = "") {
  return html`<label class="button upload ${kind}">${icon("upload")}<span>${text}</span><input type="file" accept=${TABLE_FILES} @change=${(event) => files.choose(event)}></label>`;
}

/** What is seen while a file is dragged over the page. */
export function dropView({ files, table }) {
  if (!files.dropTarget.isOver) return nothing;
  const what = table.dataSchema ? `Drop the file to replace “${table.dataSchema.fileName}”` : "Drop a CSV or JSON file to upload it";
  return html`<div class="drop-target"><p>${icon("upload")}<span>${what}</span></p></div>`;
}

/** The bytes are not in the status: a screen reader would read them out every second. */
function working(files, { action, fileName, stage, bytesSent, bytesRead, bytes }) {
  if (action === "change" && !bytesRead) return html`<p class="table-line"><span role="status">Reading the table again…</span></p>`;
  const isSending = stage === "sending";
  const done = isSending ? bytesSent : bytesRead;
  return html`<p class="table-line">
    <span role="status">${action === "change" ? "Reading the table again…" : `${isSending ? "Sending" : "Reading"} “${fileName}”…`}</span>
    ${progress(isSending ? "Bytes sent" : "Bytes read", done, bytes)}
    <span class="bytes">${done ? `${portion(done, bytes)} ${isSending ? "sent" : "read"}` : size(bytes)}</span>
    ${isSending ? html`<button type="button" @click=${() => thenChoose(() => files.cancel())}>Cancel</button>` : nothing}
  </p>`;
}

/** Without a value, a progress bar says that it is not known how far the work is. */
function progress(label, done, bytes) {
  return done ? html`<progress max=${bytes} .value=${done} aria-label=${label}></progress>` : html`<progress aria-label=${label}></progress>`;
}

/** What could not be done with the table; above everything else, as the banner of saving is. */
export function problemBanner({ files, table: { problem } }) {
  if (!problem) return nothing;
  const { what, why } = problemInWords(problem);
  const { file, error } = problem;
  const isUnsent = file && (error?.isTemporary || error?.code === "upload-refused");
  return html`<div class="banner over bad" role="alert">
    <div><p><b>${what}</b></p><p>${why}</p></div>
    <div class="choose">
      ${isReadable(problem) ? readAgain(files) : nothing}
      ${isUnsent ? html`<button type="button" @click=${() => files.sendAgain()}>Try again</button>` : nothing}
    </div>
    ${iconButton("close", "Dismiss", () => thenChoose(() => files.dismissProblem()))}
  </div>`;
}

/** Do what takes the clicked button away; the focus goes to where another file can be chosen. */
function thenChoose(work) {
  work();
  requestAnimationFrame(() => document.querySelector(".upload input")?.focus());
}

function readAgain(files) {
  const submit = (event) => {
    event.preventDefault();
    void files.readAgain(new FormData(event.target).get("delimiter"));
  };
  return html`<form class="again" @submit=${submit}>
    <label class="inline"><span>Delimiter</span><select name="delimiter">${Object.entries(DELIMITERS).map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>
    <button type="submit">Read again</button>
  </form>`;
}

function notesView(files, notes) {
  if (!notes.length) return nothing;
  return html`<section class="banner notes" aria-label="Notes on the columns">
    <ul>
      ${notes.slice(0, MOST_NOTES).map(
        ({ column, row, cell, message, readings }) => html`<li>
          <p><b>${column}</b>, row ${row}: ${message}</p>
          ${readings.map((reading) => html`<button type="button" @click=${() => files.readAs(column, reading)}>${readingInWords(cell, reading)}</button>`)}
        </li>`,
      )}
    </ul>
    ${notes.length > MOST_NOTES ? html`<p>${count(notes.length - MOST_NOTES, "more column")}: see “Data”.</p>` : nothing}
    <button type="button" @click=${() => files.dismissNotes()}>Dismiss</button>
  </section>`;
}
