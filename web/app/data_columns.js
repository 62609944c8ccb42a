// The columns of a table: their names, how their texts are read, and what else they could be read as.
import { html, nothing, repeat } from "./html.js";
import { changesOf, readingInWords, TYPES } from "./readings.js";
import { LOST } from "./table_rows.js";
import { count } from "./words.js";

const DECIMALS = { ".": "Point", ",": "Comma" };
const GROUPS = { "": "None", ".": "Point", ",": "Comma", " ": "Space", "\u00a0": "No-break space", "\u202f": "Narrow no-break space", "'": "Apostrophe '", "’": "Apostrophe ’" };
const PATTERNS = { date: "dd.MM.yyyy", datetime: "dd.MM.yyyy HH:mm" };
const LONGEST_EXAMPLE = 60;

export class ColumnsView {
  title = "Columns";
  #rows;
  #redraw;
  /** The types that were chosen and not applied yet, by the names of the columns. */
  #types = new Map();
  /** How many cells of each column are empty, null until they are counted. */
  #empty = null;

  constructor(rows, redraw) {
    this.#rows = rows;
    this.#redraw = redraw;
  }

  async refresh() {
    try {
      this.#empty = await this.#rows.emptyCells();
    } catch (error) {
      // The rows say that they are lost.
      if (error.code !== LOST) throw error;
    }
    this.#redraw();
  }

  body({ dataSchema, examples }, { canChange, isBusy, readAs }) {
    const columns = dataSchema.columnNames.map((name, index) => ({
      name,
      index,
      type: dataSchema.columnTypes[name],
      format: dataSchema.columnFormats?.[name],
      note: dataSchema.notes?.find(({ column }) => column === name),
      example: examples[name],
      empty: this.#empty?.[name],
    }));
    if (!canChange) return columnTable(columns);
    return html`
      <p class="hint">The uploaded texts stay as they are. The columns only say how they are read.</p>
      ${repeat(columns, keyOf, (column) => this.#column(column, isBusy, readAs))}
    `;
  }

  footer(canChange, isBusy) {
    return canChange ? html`<button type="submit" class="primary" ?disabled=${isBusy}>Apply</button>` : nothing;
  }

  /** Return what was changed in the form, as the API takes it. */
  changed(dataSchema, form) {
    return changesOf(dataSchema, dataSchema.columnNames.map((_, index) => entered(form, index)));
  }

  #column(column, isBusy, readAs) {
    const { name, index, note } = column;
    const type = this.#types.get(keyOf(column)) ?? column.type;
    const choose = (event) => {
      this.#types.set(keyOf(column), event.target.value);
      this.#redraw();
    };
    return html`<fieldset class="column">
      <legend>${name} <span class="hint">${contentInWords(column)}</span></legend>
      ${note
        ? html`<div class="note"><p>Row ${note.row}: ${note.message}</p>
            ${note.readings.map((reading) => html`<button type="button" ?disabled=${isBusy} @click=${() => readAs(name, reading, readInWords(name, reading))}>${readingInWords(note.cell, reading)}</button>`)}</div>`
        : nothing}
      <div class="fields">
        <label class="field"><span>Name</span><input name=${`name-${index}`} .defaultValue=${name} required autocomplete="off"></label>
        ${select("Type", `type-${index}`, TYPES, type, choose)} ${formatFields(type, type === column.type ? column.format : undefined, index)}
      </div>
    </fieldset>`;
  }
}

/** A column that was changed has other fields. */
const keyOf = ({ name, type, format }) => JSON.stringify([name, type, format]);

/** `“Umsatz” is now read as number.` */
export const readInWords = (column, { type }) => `“${column}” is now read as ${TYPES[type].toLowerCase()}.`;

/** `North · 3 empty cells` */
export function contentInWords({ example, empty }) {
  const first = example === undefined ? null : String(typeof example === "object" ? JSON.stringify(example) : example).slice(0, LONGEST_EXAMPLE);
  return [first, empty && count(empty, "empty cell")].filter(Boolean).join(" · ");
}

function columnTable(columns) {
  return html`<div class="sheet" role="region" aria-label="Columns" tabindex="0"><table>
    <thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Example</th></tr></thead>
    <tbody>${columns.map((column) => html`<tr><th scope="row">${column.name}</th><td>${TYPES[column.type]}</td><td>${contentInWords(column)}</td></tr>`)}</tbody>
  </table></div>`;
}

function formatFields(type, format, index) {
  const groups = () => select("Thousands separator", `group-${index}`, GROUPS, format?.group ?? "");
  if (type === "integer") return groups();
  if (type === "number") return html`${select("Decimal sign", `decimal-${index}`, DECIMALS, format?.decimal ?? ".")} ${groups()}`;
  if (type === "date" || type === "datetime") return text("Pattern", `pattern-${index}`, format, `ISO 8601, or ${PATTERNS[type]}`);
  if (type === "boolean") return html`${text("Text for true", `true-${index}`, format?.true, "true")} ${text("Text for false", `false-${index}`, format?.false, "false")}`;
  return nothing;
}

function select(label, name, options, chosen, changed) {
  return html`<label class="field"
    ><span>${label}</span>
    <select name=${name} @change=${changed ?? nothing}>
      ${Object.entries(options).map(([value, words]) => html`<option value=${value} ?selected=${value === chosen}>${words}</option>`)}
    </select></label
  >`;
}

function text(label, name, value = "", placeholder = "") {
  return html`<label class="field"><span>${label}</span><input name=${name} .defaultValue=${value} placeholder=${placeholder} autocomplete="off"></label>`;
}

function entered(form, index) {
  const value = (name) => form.get(`${name}-${index}`) ?? "";
  const type = value("type");
  return { name: value("name").trim(), type, format: formatOf(type, value) };
}

/** Return the format that was entered; undefined for a type's usual one. */
function formatOf(type, value) {
  if (type === "number" || type === "integer") {
    const [decimal, group] = [value("decimal"), value("group")];
    const given = { ...(decimal === "," ? { decimal } : {}), ...(group ? { group } : {}) };
    return Object.keys(given).length ? given : undefined;
  }
  if (type === "date" || type === "datetime") return value("pattern").trim() || undefined;
  const [yes, no] = [value("true").trim(), value("false").trim()];
  return type === "boolean" && (yes || no) ? { true: yes, false: no } : undefined;
}
