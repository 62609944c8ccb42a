// The data behind a dashboard in a dialog: the rows of its table, its columns and its uploads.
import { ColumnsView } from "./data_columns.js";
import { RowsView } from "./data_rows.js";
import { UploadsView } from "./data_uploads.js";
import { html, nothing } from "./html.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/**
 * Open the dialog.
 *
 * @param {import("./dialog.js").Dialog} dialog
 * @param {object} data
 * @param {() => object} data.table what is known of the table now
 * @param {import("./table_rows.js").TableRows} data.rows
 * @param {() => Promise<void>} data.load loads the table once more
 * @param {{ change: (columns: object) => Promise<void>, versions: () => Promise<object>, restore: (version: number) =>
 *   Promise<void> } | null} data.changes null if the user may not change the table
 */
export function openData(dialog, { table, rows, load, changes }) {
  let said = "";
  let last = table();
  /** What was known before, while the table cannot be loaded. */
  const known = () => {
    if (table().dataSchema) last = table();
    return last;
  };
  const redraw = () => dialog.redraw();
  const views = {
    rows: new RowsView(rows, load, redraw),
    columns: new ColumnsView(rows, redraw),
    ...(changes ? { uploads: new UploadsView(changes.versions, redraw) } : {}),
  };
  let chosen = "rows";
  /** The views that have been chosen, and are kept up to date. */
  const opened = new Set();
  const choose = (name) => {
    chosen = name;
    said = "";
    opened.add(name);
    void views[name].refresh();
    redraw();
  };
  /** Change the table, say what was done, and show it; rejects if that fails. */
  const work = async (change, text) => {
    said = "";
    await change();
    said = text;
    await Promise.all([...opened].map((name) => views[name].refresh()));
  };
  const given = {
    readAs: (column, reading, text) => dialog.attempt(() => work(() => changes.change({ [column]: reading }), text)),
    restore: (version, text) => dialog.attempt(() => work(() => changes.restore(version), text)),
  };

  dialog.open({
    title: () => `Data in “${known().dataSchema.fileName}”`,
    kind: "data",
    staysOpen: true,
    body: () => html`
      ${tabs(views, chosen, choose)}
      <p class="said" role="status">${dialog.isBusy ? "Reading the table…" : said}</p>
      ${Object.entries(views).map(
        ([name, view]) => html`<section id=${`data-${name}`} role="tabpanel" aria-labelledby=${`tab-${name}`} ?hidden=${name !== chosen}>
          ${opened.has(name) ? view.body(known(), { canChange: changes !== null, isBusy: dialog.isBusy, ...given }) : nothing}
        </section>`,
      )}
    `,
    footer: () => views[chosen].footer(changes !== null, dialog.isBusy),
    submit:
      changes &&
      (async (form) => {
        const columns = views.columns.changed(known().dataSchema, form);
        if (Object.keys(columns).length) await work(() => changes.change(columns), "The columns were changed.");
      }),
  });
  choose(chosen);
}

/** https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
function tabs(views, chosen, choose) {
  const names = Object.keys(views);
  const onKey = (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    const next = names[(names.indexOf(chosen) + step + names.length) % names.length];
    choose(next);
    document.getElementById(`tab-${next}`).focus();
  };
  return html`<div class="tabs" role="tablist" aria-label="Parts of the data" @keydown=${onKey}>
    ${names.map(
      (name) => html`<button type="button" role="tab" id=${`tab-${name}`} aria-selected=${name === chosen} aria-controls=${`data-${name}`} tabindex=${name === chosen ? 0 : -1} @click=${() => choose(name)}>
        ${views[name].title}
      </button>`,
    )}
  </div>`;
}
