// The dialog that shows a table's columns, and changes their names and how their texts are read.
import { html, nothing } from "./html.js";
import { changesOf, TYPES } from "./readings.js";

const DECIMALS = { ".": "Point", ",": "Comma" };
const GROUPS = { "": "None", ".": "Point", ",": "Comma", " ": "Space", "\u00a0": "No-break space", "\u202f": "Narrow no-break space", "'": "Apostrophe '", "’": "Apostrophe ’" };
const PATTERNS = { date: "dd.MM.yyyy", datetime: "dd.MM.yyyy HH:mm" };

/** Open the dialog; `change` gets the changed columns, and the dialog stays open if it fails. */
export function openColumnsDialog(dialog, { dataSchema, examples }, change) {
  const types = dataSchema.columnNames.map((name) => dataSchema.columnTypes[name]);
  dialog.open({
    title: "Columns",
    kind: "wide",
    action: "Apply",
    body: () => html`
      <p class="hint">The uploaded texts stay as they are. The columns only say how they are read.</p>
      ${dataSchema.columnNames.map((_, index) =>
        column(dataSchema, index, types[index], examples[dataSchema.columnNames[index]], (type) => {
          types[index] = type;
          dialog.redraw();
        }),
      )}
    `,
    submit: async (form) => {
      const columns = changesOf(dataSchema, dataSchema.columnNames.map((_, index) => entered(form, index)));
      if (Object.keys(columns).length) await change(columns);
    },
  });
}

function column(schema, index, type, first, choose) {
  const name = schema.columnNames[index];
  const note = schema.notes?.find((each) => each.column === name);
  const format = schema.columnTypes[name] === type ? schema.columnFormats?.[name] : undefined;
  return html`<fieldset class="column">
    <legend>${name}${first === undefined ? nothing : html` <span class="hint">${String(first).slice(0, 60)}</span>`}</legend>
    <div class="fields">
      <label class="field"><span>Name</span><input name=${`name-${index}`} .defaultValue=${name} required autocomplete="off"></label>
      ${select("Type", `type-${index}`, TYPES, type, (event) => choose(event.target.value))} ${formatFields(type, format, index)}
    </div>
    ${note ? html`<p class="hint">${note.message}</p>` : nothing}
  </fieldset>`;
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
