// A table card: rows as the table has them, in the words of the page.
import { isNumeric, isTemporal, isYears } from "./chart_kinds.js";
import { html } from "./html.js";
import { numbersIn } from "./number_formats.js";
import { exact } from "./numbers.js";
import { periodInWords } from "./periods.js";

/**
 * @param {object} chart
 * @param {{ columns: string[], types: string[], rows: unknown[][], orderBy: { column: string, isDescending: boolean } | null }} data
 * @param {(orderBy: object | null) => void} order gets what the head of a column asks for, null for the card's own order
 */
export function view({ format }, { columns, types, rows, orderBy }, order) {
  const texts = types.map((type, index) => textOf(type, columns[index], format));
  const alignment = (index) => (isNumeric(types[index]) ? "number-cell" : "");
  return html`<table>
    <thead>
      <tr>
        ${columns.map((name, index) => head(name, alignment(index), orderBy?.column === name ? orderBy : null, order))}
      </tr>
    </thead>
    <tbody>
      ${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td class=${alignment(index)}>${cell === null ? "" : texts[index](cell)}</td>`)}</tr>`)}
    </tbody>
  </table>`;
}

function head(name, alignment, sorted, order) {
  const direction = !sorted ? "none" : sorted.isDescending ? "descending" : "ascending";
  const next = { none: { column: name, isDescending: false }, ascending: { column: name, isDescending: true }, descending: null }[direction];
  return html`<th scope="col" class=${alignment} aria-sort=${direction}><button type="button" title=${name} @click=${() => order(next)}>${name}</button></th>`;
}

/** Return what writes the cells of a column. The format of a card is for amounts, not for whole numbers, which count something. */
function textOf(type, column, format) {
  if (isTemporal(type)) return timeInWords;
  // 2026 is no amount.
  if (!isNumeric(type) || isYears(column)) return String;
  const words = type === "integer" ? exact : numbersIn(format).exact;
  return (cell) => (Number.isFinite(cell) ? words(cell) : String(cell));
}

/** `5 Jan 2026`, `5 Jan 2026, 09:30`; seconds are written if there are any. */
function timeInWords(cell) {
  const [, day, time, seconds] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?)?/.exec(cell) ?? [];
  if (!day) return String(cell);
  return periodInWords("day", day) + (time ? `, ${time}${seconds && seconds !== ":00" ? seconds : ""}` : "");
}
