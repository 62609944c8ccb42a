// What a chart's card shows: its title and tools, and its drawing, its number, or why there is neither.
import { colorsOf } from "./chart_kinds.js";
import { figureInWords, numbersOf, summaryOf } from "./chart_words.js";
import { html, icon, iconButton, nothing } from "./html.js";
import { menu } from "./menu.js";
import { exact } from "./numbers.js";
import { hasOwnAxis } from "./series.js";
import { chartHeading, count } from "./words.js";

/**
 * @param {object} chart
 * @param {object | null | undefined} data as `dataOf` returns it, null without a table, undefined until it is computed
 * @param {{ isReadOnly: boolean, isFixed: boolean, edit: Function, menuId: string, items: object[] }} tools a chart that
 *   `isFixed` has no handle to move it; `items` are those of its menu
 */
export function chartCard(chart, data, { isReadOnly, isFixed, edit, menuId, items }) {
  const heading = chartHeading(chart);
  const title = heading || "text";
  return html`
    <header>
      <h3 title=${heading} ?hidden=${!heading}>${heading}</h3>
      <span class="tools">
        ${isReadOnly || isFixed ? nothing : handle(title)}
        ${isReadOnly ? nothing : iconButton("edit", `Edit ${title}`, edit)}
        ${menu({ id: menuId, label: `More for ${title}`, items })}
      </span>
    </header>
    ${cardContent(heading, chart, data, true)}
  `;
}

/** What is below the title. What is drawn into a `.part` or a `.canvas` is not known here; a text needs no table. */
export function cardContent(title, chart, data, isOnDashboard = false) {
  if (chart.kind === "text") return html`<div class="part prose" tabindex="0" role="group" aria-label=${title || "Text"}></div>`;
  if (data === undefined) return html`<div class="skeleton"></div>`;
  if (data === null) return html`<p class="empty">Waiting for the table</p>`;
  if (data.problem) return html`<p class="empty">${data.problem}</p>`;
  if ("value" in data && data.value !== null) return number(chart, data.value);
  if (!(data.rows ?? data.points)?.length) return html`<p class="empty">No data matches the filters.</p>`;
  const left = leftInWords(chart, data);
  const canPick = isOnDashboard && data.selections !== undefined;
  return html`${data.rows
      ? html`<div class="part rows" tabindex="0" role="group" aria-label=${`${title}, table`}></div>`
      : html`${data.series ? legend(chart, data) : nothing}
          <div class="canvas" role="img" aria-label=${`${title}. ${summaryOf(chart, data)}`} aria-description=${canPick ? "Arrow keys choose a group, which the other charts then show." : nothing} tabindex=${canPick ? 0 : nothing}></div>`}
    ${left ? html`<p class="left">${left}</p>` : nothing}`;
}

/** The drawing's label has all of it for those who do not see it. */
function legend(chart, data) {
  const colors = colorsOf(chart.color);
  const second = hasOwnAxis(chart, data) ? " (second axis)" : "";
  return html`<ul class="legend" aria-hidden="true">
    ${data.series.map(({ name, isRest }, index) => html`<li title=${name}><span class="swatch ${isRest ? "" : colors[index]}"></span><span>${name}${index ? second : ""}</span></li>`)}
  </ul>`;
}

/** A number that is rounded shows all of its digits when it is pointed at or focused. */
function number(chart, value) {
  const numbers = numbersOf(chart);
  const [shown, all] = [numbers.figure(value), numbers.exact(value)];
  const what = figureInWords(chart.dataMapping);
  return html`<div class="number" title=${`${what}: ${all}`} tabindex=${shown === all ? nothing : 0}>
    <p class="figure">${shown}</p>
    <p class="measure"><span>${what}</span>${shown === all ? nothing : html`<span class="exact">${all}</span>`}</p>
  </div>`;
}

/** Say what of the rows is not shown, or not as it was chosen. */
function leftInWords({ kind, dataMapping }, { points, rows, total, left, tooFine, order }) {
  if (rows) return rows.length < total ? `${exact(rows.length)} of ${count(total, "row")} shown` : "";
  if (kind === "scatter") return left ? `${exact(points.length)} of ${count(total, "point")} shown` : "";
  if (tooFine) return `Too many ${tooFine}s, grouped by ${order}`;
  return left ? `${count(left, "row")} without “${dataMapping.xAxis}” not shown` : "";
}

/** A card's drag handle. GridStack does not drag by a <button>, so this is a button only by its role. */
function handle(title) {
  const label = `Move ${title}: use the arrow keys to move, Shift and the arrow keys to resize`;
  return html`<span class="icon-button handle" role="button" tabindex="0" aria-label=${label} title=${label}>${icon("move")}</span>`;
}
