// The form that adds or edits a filter.
import { isNumeric, isTemporal } from "./chart_kinds.js";
import { input, select } from "./fields.js";
import { OPERATORS } from "./filter_words.js";
import { textOf } from "./filters.js";
import { html, nothing } from "./html.js";
import { localDate, resolved, UNITS } from "./relative_time.js";
import { ValueList } from "./value_list.js";

/** Operators with the same values. */
const PAIRS = [["in", "notIn"], ["contains", "notContains"]];
const FIRST_VALUES = { between: ["", ""], contains: [""], notContains: [""], last: [7, "day"], current: ["month"] };

/** Return the operators for a type of column, the usual one first. */
function operatorsFor(type) {
  if (isTemporal(type)) return ["between", "last", "current"];
  if (isNumeric(type)) return ["between"];
  return type === "boolean" ? PAIRS[0] : PAIRS.flat();
}

/**
 * Open the form for a filter, or for a new one if none is given; `choicesOf` gets a column and resolves to its values, `done`
 * gets the filter, null if nothing was entered.
 */
export function openFilterDialog(dialog, { dataSchema }, choicesOf, filter, done) {
  const { columnNames, columnTypes } = dataSchema;
  const list = new ValueList(choicesOf, () => dialog.redraw());
  const form = new FilterForm(columnTypes, list);
  if (filter) form.fill(filter);
  else form.chooseColumn(columnNames[0]);
  const known = columnNames.includes(form.column) ? columnNames : [form.column, ...columnNames];
  dialog.open({
    title: filter ? "Edit filter" : "Add filter",
    action: "Apply",
    body: () => html`
      ${select({ label: "Column", name: "column", value: form.column, options: known.map((name) => [name, name]), choose: (name) => form.chooseColumn(name) })}
      ${form.operators.length > 1 ? select({ label: "Condition", name: "operator", value: form.operator, options: form.operators.map((each) => [each, OPERATORS[each]]), choose: (each) => form.chooseOperator(each) }) : nothing}
      ${form.valuesView()}
    `,
    submit: () => {
      const { column, operator, entered } = form;
      done(entered && { ...filter, id: filter?.id ?? crypto.randomUUID(), column, operator, values: entered });
    },
  });
}

/** What is entered in the form of a filter. */
class FilterForm {
  column;
  operator;
  #values;
  #types;
  #list;

  constructor(types, list) {
    this.#types = types;
    this.#list = list;
  }

  fill({ column, operator = "in", values = [] }) {
    this.chooseColumn(column);
    if (Object.hasOwn(OPERATORS, operator)) this.#take(operator, values);
  }

  chooseColumn(column) {
    this.column = column;
    const [operator] = operatorsFor(this.#type);
    this.#take(operator, FIRST_VALUES[operator] ?? []);
  }

  chooseOperator(operator) {
    const isAlike = PAIRS.some((pair) => pair.includes(operator) && pair.includes(this.operator));
    this.#take(operator, isAlike ? this.entered ?? [] : FIRST_VALUES[operator] ?? []);
  }

  #take(operator, values) {
    this.operator = operator;
    this.#values = [...values];
    if (this.#isList) void this.#list.open(this.column, values.map(textOf));
  }

  /** A filter may have an operator that its column would not be offered. */
  get operators() {
    const usual = operatorsFor(this.#type);
    return usual.includes(this.operator) ? usual : [this.operator, ...usual];
  }

  /** The values of the filter, null if nothing was entered. */
  get entered() {
    const values = this.#isList ? [...this.#list.chosen] : this.#values.map((value) => bound(value, this.operator === "between" && isNumeric(this.#type)));
    return values.every((value) => value === null) ? null : values;
  }

  valuesView() {
    if (this.#isList) return this.#list.view(this.operator === "in" ? "Show only" : "Show all but");
    if (this.operator === "between") {
      const type = isTemporal(this.#type) ? "date" : "number";
      return html`<div class="fields">${this.#input(0, "From", { name: "low", type })} ${this.#input(1, "To", { name: "high", type })}</div>`;
    }
    if (this.operator === "last") return html`<div class="fields">${this.#number()} ${this.#unit(1, "Unit", (unit) => `${unit}s`)}</div>${this.#range()}`;
    if (this.operator === "current") return html`${this.#unit(0, "Unit", (unit) => unit)}${this.#range()}`;
    return html`${this.#input(0, "Text", { name: "text" })}<p class="hint">Upper and lower case are the same.</p>`;
  }

  #input(index, label, more) {
    return input({ label, value: this.#values[index] ?? "", set: (value) => (this.#values[index] = value), ...more });
  }

  #number() {
    return input({ label: "How many", name: "number", type: "number", min: 1, max: 1_000, step: 1, isRequired: true, value: this.#values[0], set: (value) => (this.#values[0] = value && Number(value)) });
  }

  #unit(index, label, inWords) {
    return select({ label, name: "unit", value: this.#values[index], options: UNITS.map((unit) => [unit, inWords(unit)]), choose: (unit) => (this.#values[index] = unit) });
  }

  /** What the filter means today. */
  #range() {
    const [{ operator, values }] = resolved([{ operator: this.operator, values: this.#values }], localDate());
    return operator === "between" ? html`<p class="hint" role="status">Today, that is ${values[0]} to ${values[1]}.</p>` : nothing;
  }

  get #type() {
    return this.#types[this.column];
  }

  get #isList() {
    return PAIRS[0].includes(this.operator);
  }
}

function bound(value, isNumber) {
  if (value === null || value === "") return null;
  return isNumber ? Number(value) : value;
}
