// The form that adds or edits a chart.
import { AGGREGATES, isNumeric, KINDS } from "./chart_kinds.js";
import { titleOf } from "./chart_words.js";
import { html, nothing } from "./html.js";

/**
 * Open the form for a chart, or for a new one if none is given; `done` gets its title, kind and data mapping. `columns` returns
 * the table's names and types: a table that is still loading, or is replaced, arrives while the form is open.
 */
export function openChartDialog(dialog, columns, chart, done) {
  const mapping = { aggregate: "sum", ...(chart ? chart.dataMapping : firstMapping(columns())) };
  let { kind } = { kind: "bar", ...chart };
  const set = (change) => (event) => {
    change(event.target.value);
    dialog.redraw();
  };
  const columnField = (label, name, names) => {
    // A column that the table no longer has stays selected until the user selects another.
    const isGone = mapping[name] && !columns().columnNames.includes(mapping[name]);
    return html`<label class="field"
      ><span>${label}</span>
      <select name=${name} required @change=${set((value) => (mapping[name] = value))}>
        ${(isGone ? [mapping[name], ...names] : names).map((each) => html`<option value=${each} ?selected=${each === mapping[name]}>${each}</option>`)}
      </select></label
    >`;
  };
  dialog.open({
    title: chart ? "Edit chart" : "Add chart",
    action: chart ? "Apply" : "Add",
    body: () => {
      const { columnNames, columnTypes } = columns();
      const isScatter = kind === "scatter";
      const numbers = columnNames.filter((name) => isNumeric(columnTypes[name]));
      const needsColumn = isScatter || mapping.aggregate !== "count";
      return html`
        <label class="field"><span>Title</span><input name="title" .defaultValue=${String(chart?.title ?? "")} maxlength="200" autocomplete="off" autofocus></label>
        <fieldset class="kinds">
          <legend>Type</legend>
          ${Object.entries(KINDS).map(([id, name]) => html`<label><input type="radio" name="kind" value=${id} ?checked=${id === kind} @change=${set((value) => (kind = value))}><span>${name}</span></label>`)}
        </fieldset>
        <div class="fields">
          ${kind === "number" ? nothing : columnField(isScatter ? "X axis" : "Group by", "xAxis", isScatter ? numbers : columnNames)}
          ${isScatter ? nothing : aggregateField(mapping, set)}
          ${needsColumn ? columnField(isScatter ? "Y axis" : "Of column", "yAxis", numbers) : nothing}
        </div>
      `;
    },
    submit: (form) => {
      const chosen = ["xAxis", "aggregate", "yAxis"].map((name) => [name, form.get(name)]).filter(([, value]) => value);
      const dataMapping = { ...chart?.dataMapping, xAxis: undefined, aggregate: undefined, yAxis: undefined, ...Object.fromEntries(chosen) };
      done({ title: form.get("title").trim() || titleOf(kind, dataMapping, columns().columnTypes), kind, dataMapping: JSON.parse(JSON.stringify(dataMapping)) });
    },
  });
}

function firstMapping({ columnNames, columnTypes }) {
  const yAxis = columnNames.find((name) => isNumeric(columnTypes[name]));
  const xAxis = columnNames.find((name) => name !== yAxis) ?? columnNames[0];
  return { xAxis, yAxis, aggregate: yAxis ? "sum" : "count" };
}

function aggregateField(mapping, set) {
  return html`<label class="field"
    ><span>Compute</span>
    <select name="aggregate" @change=${set((value) => (mapping.aggregate = value))}>
      ${Object.entries(AGGREGATES).map(([id, name]) => html`<option value=${id} ?selected=${id === mapping.aggregate}>${name}</option>`)}
    </select></label
  >`;
}
