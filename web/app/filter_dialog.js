// The form that adds or edits a filter.
import { isNumeric, isTemporal } from "./chart_kinds.js";
import { textOf } from "./filters.js";
import { html } from "./html.js";

const MOST_CHOICES = 200;

/**
 * Open the form for a filter, or for a new one if none is given; `choicesOf` gets a column and resolves to its values, `done`
 * gets the filter.
 */
export function openFilterDialog(dialog, { dataSchema }, choicesOf, filter, done) {
  const { columnNames, columnTypes } = dataSchema;
  let column = filter?.column ?? columnNames[0];
  const isRange = () => isNumeric(columnTypes[column]) || isTemporal(columnTypes[column]);
  let values = null;
  const load = async () => {
    if (isRange()) return;
    const asked = column;
    const found = await choicesOf(asked);
    if (asked === column) values = found;
    dialog.redraw();
  };
  const choose = (event) => {
    column = event.target.value;
    values = null;
    dialog.redraw();
    void load();
  };
  const known = columnNames.includes(column) ? columnNames : [column, ...columnNames];
  dialog.open({
    title: filter ? "Edit filter" : "Add filter",
    action: "Apply",
    body: () => html`
      <label class="field"
        ><span>Column</span>
        <select name="column" @change=${choose}>
          ${known.map((name) => html`<option value=${name} ?selected=${name === column}>${name}</option>`)}
        </select></label
      >
      ${isRange() ? range(columnTypes[column], filter?.column === column ? filter.values : []) : choices(values, filter?.column === column ? filter.values.map(textOf) : [])}
    `,
    submit: (form) => {
      const values = isRange() ? [bound(form.get("low"), columnTypes[column]), bound(form.get("high"), columnTypes[column])] : form.getAll("value");
      const isEmpty = values.every((value) => value === null);
      done(isEmpty ? null : { id: filter?.id ?? crypto.randomUUID(), column, operator: isRange() ? "between" : "in", values });
    },
  });
  void load();
}

function bound(text, type) {
  if (!text) return null;
  return isNumeric(type) ? Number(text) : text;
}

function range(type, [low, high]) {
  const input = isTemporal(type) ? "date" : "number";
  return html`<div class="fields">
    <label class="field"><span>From</span><input type=${input} step="any" name="low" .value=${low ?? ""}></label>
    <label class="field"><span>To</span><input type=${input} step="any" name="high" .value=${high ?? ""}></label>
  </div>`;
}

function choices(values, given) {
  if (!values) return html`<p role="status">Loading values…</p>`;
  const chosen = new Set(given);
  // A chosen value can be deselected even if it is no longer in the table or is beyond the listed ones.
  const listed = [...new Set([...chosen, ...values.slice(0, MOST_CHOICES)])];
  return html`<fieldset class="choices">
    <legend>Show only</legend>
    ${listed.map((value) => html`<label><input type="checkbox" name="value" value=${value} .checked=${chosen.has(value)}><span>${value}</span></label>`)}
    ${values.length > MOST_CHOICES ? html`<p class="hint">Showing the first ${MOST_CHOICES} of ${values.length} values.</p>` : ""}
  </fieldset>`;
}
