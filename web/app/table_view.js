// The view of a project's table: its name and size, what is being done with it, and what its columns could be read as.
import { html, icon, nothing } from "./html.js";
import { readingInWords } from "./readings.js";
import { count, size, tableErrorInWords } from "./words.js";

const TABLE_FILES = ".csv,.tsv,.json,.ndjson,.jsonl";
const DELIMITERS = { ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar" };
/** More are in the dialog of the columns. */
const MOST_NOTES = 8;

/** A dashboard without charts offers the first upload itself. */
export function tableView(page, hasCharts) {
  const { table } = page;
  if (table.status === "working") return working(table.task);
  if (table.status === "loading") return html`<p class="table-line" role="status">Loading the table…</p>`;
  if (table.status === "failed") {
    return html`<div class="banner bad" role="alert"><p>The table could not be loaded. ${table.error.message}</p><button type="button" @click=${() => page.retry()}>Try again</button></div>`;
  }
  const problem = table.problem ? problemBanner(page, table.problem) : nothing;
  if (table.status === "none") return html`${problem}${hasCharts && !page.preview ? html`<p class="table-line"><span>No table yet</span>${uploadButton(page, "Upload a file", "quiet")}</p>` : nothing}`;
  const { fileName, rowCount } = table.dataSchema;
  const matching = page.matchingRows ?? rowCount;
  return html`${problem}
    <p class="table-line">
      <span>${fileName} · ${matching === rowCount ? count(rowCount, "row") : `${count(matching, "row")} of ${rowCount.toLocaleString("en")}`}</span>
      ${page.preview
        ? nothing
        : html`${uploadButton(page, "Replace", "quiet")}
            <button type="button" class="quiet" @click=${() => page.editColumns()}>Columns</button>
            <button type="button" class="quiet" @click=${() => page.downloadTable()}>Download CSV</button>`}
    </p>
    ${table.showsNotes && !page.preview ? notesView(page, table.dataSchema.notes ?? []) : nothing}`;
}

export function uploadButton(page, text, kind = "") {
  return html`<label class="button upload ${kind}">${icon("upload")}<span>${text}</span><input type="file" accept=${TABLE_FILES} @change=${(event) => page.chooseFile(event)}></label>`;
}

/** The bytes are not in the status: a screen reader would read them out every second. */
function working({ action, fileName, stage, bytesRead, bytes }) {
  const what = action === "change" ? "Reading the table again…" : `${stage === "sending" ? "Sending" : "Reading"} “${fileName}”…`;
  return html`<p class="table-line">
    <span role="status">${what}</span>
    ${bytesRead ? html`<progress max=${bytes} .value=${bytesRead} aria-label="Bytes read"></progress><span>${size(bytesRead)} of ${size(bytes)}</span>` : bytes ? html`<span>${size(bytes)}</span>` : nothing}
  </p>`;
}

function problemBanner(page, { action, fileName, uploadId, error }) {
  const what = action === "change" ? "The columns could not be read differently." : `“${fileName}” could not be uploaded.`;
  // The file is there, and another delimiter may be all that it takes.
  const isReadable = action === "upload" && uploadId && error.code === "invalid-data" && !/json/i.test(fileName);
  return html`<div class="banner bad" role="alert"><p>${what} ${tableErrorInWords(error)}</p>${isReadable ? readAgain(page) : nothing}</div>`;
}

function readAgain(page) {
  const submit = (event) => {
    event.preventDefault();
    void page.readAgain(new FormData(event.target).get("delimiter"));
  };
  return html`<form class="again" @submit=${submit}>
    <label class="inline"><span>Separator</span><select name="delimiter">${Object.entries(DELIMITERS).map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>
    <button type="submit">Read again</button>
  </form>`;
}

function notesView(page, notes) {
  if (!notes.length) return nothing;
  return html`<section class="banner notes" aria-label="Notes on the columns">
    <ul>
      ${notes.slice(0, MOST_NOTES).map(
        ({ column, row, cell, message, readings }) => html`<li>
          <p><b>${column}</b>, row ${row}: ${message}</p>
          ${readings.map((reading) => html`<button type="button" @click=${() => page.readAs(column, reading)}>${readingInWords(cell, reading)}</button>`)}
        </li>`,
      )}
    </ul>
    ${notes.length > MOST_NOTES ? html`<p>${count(notes.length - MOST_NOTES, "more column")}: see “Columns”.</p>` : nothing}
    <button type="button" @click=${() => page.dismissNotes()}>Dismiss</button>
  </section>`;
}
