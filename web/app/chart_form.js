// The fields of a chart's form: a few for what it shows, and more for how.
import { AGGREGATES, canSplit, canStack, COLORS, FORMATS, GRAINS, hasGroups, isNumeric, isTemporal, KINDS, MOST_GROUPS, SORTS } from "./chart_kinds.js";
import { uses } from "./chart_entries.js";
import { checkbox, input, select } from "./fields.js";
import { html, live, nothing } from "./html.js";

const AUTOMATIC = ["", "Automatic"];
const CURRENCIES = ["EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "BRL", "CAD", "CZK", "DKK", "KRW", "MXN", "NOK", "PLN", "SEK", "TRY", "ZAR"];
const MOST_DECIMALS = 6;
/** What a second measure may be; its number of rows has no column. */
const OF_A_COLUMN = Object.entries(AGGREGATES).filter(([id]) => id !== "count");
const ROWS = "(rows)";
const DIRECTIONS = [AUTOMATIC, ["false", "Upright"], ["true", "Horizontal"]];

/** Whether a chart has anything that is entered among the further fields. */
export const hasMore = ({ dataMapping: { second, sort, limit, grain, orderBy }, isStacked, isHorizontal, color, format }) =>
  [second, sort, limit, grain, orderBy, isStacked, isHorizontal, color, format].some((each) => each !== undefined && each !== null);

/**
 * What a chart shows.
 *
 * @param {{ chart: object, columns: { columnNames: string[], columnTypes: object }, set: (name: string, value: unknown) => void,
 *   map: (name: string, value: unknown) => void }} form the chart that is entered; `set` and `map` enter a member of it and of its
 *   data mapping, undefined for none
 */
export function mainFields(form) {
  const { chart, columns, set, map } = form;
  const { kind, dataMapping: mapping } = chart;
  const { columnNames, columnTypes } = columns;
  const numbers = columnNames.filter((name) => isNumeric(columnTypes[name]));
  const isScatter = kind === "scatter";
  return html`
    <fieldset class="kinds">
      <legend>Type</legend>
      ${Object.entries(KINDS).map(([id, name]) => html`<label><input type="radio" name="kind" value=${id} .checked=${live(id === kind)} @input=${() => set("kind", id)}><span>${name}</span></label>`)}
    </fieldset>
    ${uses(kind, "yAxis") || uses(kind, "xAxis")
      ? html`<div class="fields">
          ${uses(kind, "xAxis") ? columnField(isScatter ? "X axis" : "Group by", "xAxis", isScatter ? numbers : columnNames, form) : nothing}
          ${uses(kind, "aggregate") ? aggregateField(form) : nothing}
          ${isScatter || mapping.aggregate !== "count" ? columnField(isScatter ? "Y axis" : "Of column", "yAxis", numbers, form) : nothing}
          ${canSplit(kind) ? splitField(mapping, columnNames, map) : nothing}
        </div>`
      : nothing}
    ${kind === "table" ? columnsField(mapping, columnNames, map) : nothing}
    ${kind === "text" ? textField(chart.text, (text) => set("text", text || undefined)) : nothing}
  `;
}

/** A column that the table no longer has stays selected until the user selects another. */
function columnField(label, name, names, { chart, map }) {
  const value = chart.dataMapping[name];
  return select({ label, name, value, options: named(withChosen(names, value)), choose: (column) => map(name, column), isRequired: true });
}

const withChosen = (names, chosen) => (!chosen || names.includes(chosen) ? names : [chosen, ...names]);
const named = (names) => names.map((name) => [name, name]);

function aggregateField({ chart, map }) {
  const { aggregate = "sum" } = chart.dataMapping;
  return select({ label: "Compute", name: "aggregate", value: aggregate, options: Object.entries(AGGREGATES), choose: (id) => map("aggregate", id) });
}

function splitField({ splitBy, xAxis }, columnNames, map) {
  const others = withChosen(columnNames.filter((name) => name !== xAxis), splitBy);
  const choose = (name) => {
    map("splitBy", name || undefined);
    // A chart has several series for one of two reasons.
    if (name) map("second", undefined);
  };
  return select({ label: "Split by", name: "splitBy", value: splitBy ?? "", options: [["", "Nothing"], ...named(others)], choose });
}

/** How a chart shows it; nothing where there is no choice. */
export function moreFields(form) {
  const { chart } = form;
  const { kind } = chart;
  if (kind === "text") return nothing;
  return html`
    ${canSplit(kind) && !chart.dataMapping.splitBy ? secondFields(form) : nothing}
    <div class="fields">${arrangement(form)}</div>
    ${canStack(kind) && (chart.dataMapping.splitBy || chart.dataMapping.second) ? stackField(form) : nothing}
    ${uses(kind, "orderBy") ? orderFields(form) : nothing}
    ${uses(kind, "format") ? formatFields(form) : nothing}
    ${uses(kind, "color") ? colorField(form) : nothing}
  `;
}

const stackField = ({ chart, set }) =>
  checkbox({ label: "Stack the series", name: "isStacked", isChecked: chart.isStacked === true, set: (isOn) => set("isStacked", isOn || undefined) });

function secondFields({ chart, columns, map }) {
  const { second } = chart.dataMapping;
  const numbers = columns.columnNames.filter((name) => isNumeric(columns.columnTypes[name]));
  const value = !second ? "" : second.aggregate === "count" ? ROWS : second.yAxis;
  const aggregate = second?.aggregate === "count" ? "sum" : (second?.aggregate ?? "sum");
  const choose = (name) => map("second", name === "" ? undefined : name === ROWS ? { aggregate: "count" } : { yAxis: name, aggregate });
  const all = value === ROWS ? numbers : withChosen(numbers, value);
  return html`<div class="fields">
    ${select({ label: "Second measure", name: "second", value, options: [["", "None"], [ROWS, "Number of rows"], ...named(all)], choose })}
    ${value && value !== ROWS
      ? select({ label: "Taken as", name: "secondAggregate", value: aggregate, options: OF_A_COLUMN, choose: (id) => map("second", { ...second, aggregate: id }) })
      : nothing}
  </div>`;
}

/** In which order groups come, how many, and which way bars go. */
function arrangement({ chart, columns, set, map }) {
  const { kind, isHorizontal, dataMapping: { xAxis, grain, sort, limit } } = chart;
  const chosen = (label, name, value, names) =>
    select({ label, name, value: value ?? "", options: [AUTOMATIC, ...Object.entries(names)], choose: (id) => map(name, id || undefined) });
  const most = { label: "Show at most", name: "limit", type: "number", min: 1, max: MOST_GROUPS, step: 1, hint: "All that fit" };
  const direction = { label: "Direction", name: "isHorizontal", value: String(isHorizontal ?? ""), options: DIRECTIONS };
  return html`
    ${hasGroups(kind) && isTemporal(columns.columnTypes[xAxis]) ? chosen("Periods", "grain", grain, GRAINS) : nothing}
    ${uses(kind, "sort") ? chosen("Order", "sort", sort, SORTS) : nothing}
    ${uses(kind, "limit") ? input({ ...most, value: limit, set: (text) => map("limit", text ? Number(text) : undefined) }) : nothing}
    ${uses(kind, "isHorizontal") ? select({ ...direction, choose: (id) => set("isHorizontal", id ? id === "true" : undefined) }) : nothing}
  `;
}

function formatFields({ chart, set }) {
  const format = chart.format ?? {};
  const change = (members) => set("format", Object.fromEntries(Object.entries({ ...format, ...members }).filter(([, value]) => value !== undefined)));
  const chooseStyle = (style) => (style ? change({ style, currency: style === "currency" ? (format.currency ?? CURRENCIES[0]) : undefined }) : set("format", undefined));
  const decimals = named(Array.from({ length: MOST_DECIMALS + 1 }, (_, number) => String(number)));
  const chooseDecimals = (text) => change({ decimals: text ? Number(text) : undefined });
  return html`<div class="fields">
    ${select({ label: "Number format", name: "style", value: format.style ?? "", options: [AUTOMATIC, ...Object.entries(FORMATS)], choose: chooseStyle })}
    ${format.style === "currency" ? select({ label: "Currency", name: "currency", value: format.currency, options: currencies(format.currency), choose: (currency) => change({ currency }) }) : nothing}
    ${format.style ? select({ label: "Decimals", name: "decimals", value: String(format.decimals ?? ""), options: [AUTOMATIC, ...decimals], choose: chooseDecimals }) : nothing}
  </div>`;
}

function currencies(chosen) {
  const names = new Intl.DisplayNames("en", { type: "currency" });
  const all = CURRENCIES.includes(chosen) ? CURRENCIES : [chosen, ...CURRENCIES];
  return all.map((code) => [code, /^[A-Z]{3}$/.test(code) ? `${code} – ${names.of(code)}` : String(code)]);
}

function colorField({ chart, set }) {
  const [first] = Object.keys(COLORS);
  const chosen = Object.hasOwn(COLORS, chart.color ?? "") ? chart.color : first;
  const choose = (id) => set("color", id === first ? undefined : id);
  return html`<fieldset class="colors">
    <legend>Color</legend>
    ${Object.entries(COLORS).map(
      ([id, name]) => html`<label
        ><input type="radio" name="color" value=${id} .checked=${live(id === chosen)} @input=${() => choose(id)}><span><i class="swatch ${id}"></i>${name}</span></label
      >`,
    )}
  </fieldset>`;
}

function columnsField({ columns: chosen }, columnNames, map) {
  const shown = new Set(chosen?.length ? chosen : columnNames);
  const all = [...columnNames, ...[...shown].filter((name) => !columnNames.includes(name))];
  const choose = (name, isShown) => {
    const names = all.filter((each) => (each === name ? isShown : shown.has(each)));
    map("columns", names.length === all.length || !names.length ? undefined : names);
  };
  return html`<fieldset class="choices">
    <legend>Columns</legend>
    ${all.map((name) => checkbox({ label: name, name: "columns", isChecked: shown.has(name), set: (isShown) => choose(name, isShown) }))}
  </fieldset>`;
}

function orderFields({ chart, columns, map }) {
  const { orderBy } = chart.dataMapping;
  const names = withChosen(columns.columnNames, orderBy?.column);
  const rows = { label: "Sort rows by", name: "orderBy", value: orderBy?.column ?? "", options: [["", "Nothing"], ...named(names)] };
  const direction = { label: "Direction", name: "isDescending", value: String(orderBy?.isDescending === true), options: [["false", "Ascending"], ["true", "Descending"]] };
  return html`<div class="fields">
    ${select({ ...rows, choose: (column) => map("orderBy", column ? { ...orderBy, column } : undefined) })}
    ${orderBy ? select({ ...direction, choose: (id) => map("orderBy", { ...orderBy, isDescending: id === "true" }) }) : nothing}
  </div>`;
}

const textField = (text, set) => html`<label class="field"
    ><span>Text</span><textarea name="text" rows="8" maxlength="20000" .value=${live(text ?? "")} @input=${({ target }) => set(target.value)}></textarea></label
  >
  <p class="hint">Markdown: <code># Heading</code>, <code>**bold**</code>, <code>*italic*</code>, <code>- list</code>, <code>[link](https://…)</code></p>`;
