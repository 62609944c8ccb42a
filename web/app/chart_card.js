// What a chart's card shows: its title and tools, and its drawing, its number, or why there is neither.
import { figureInWords, summaryOf } from "./chart_words.js";
import { html, icon, iconButton, nothing } from "./html.js";
import { menu } from "./menu.js";
import { exact, figure } from "./numbers.js";
import { count } from "./words.js";

/**
 * @param {object} chart
 * @param {object | null | undefined} data as `dataOf` returns it, null without a table, undefined until it is computed
 * @param {{ isReadOnly: boolean, isFixed: boolean, edit: Function, menuId: string, items: object[] }} tools a chart that
 *   `isFixed` has no handle to move it; `items` are those of its menu
 */
export function chartCard(chart, data, { isReadOnly, isFixed, edit, menuId, items }) {
  const title = String(chart.title ?? "Untitled");
  return html`
    <header>
      <h3 title=${title}>${title}</h3>
      <span class="tools">
        ${isReadOnly || isFixed ? nothing : handle(title)}
        ${isReadOnly ? nothing : iconButton("edit", `Edit ${title}`, edit)}
        ${menu({ id: menuId, label: `More for ${title}`, items })}
      </span>
    </header>
    ${content(title, chart, data)}
  `;
}

function content(title, chart, data) {
  if (data === undefined) return html`<div class="skeleton"></div>`;
  if (data === null) return html`<p class="empty">Waiting for the table</p>`;
  if (data.problem) return html`<p class="empty">${data.problem}</p>`;
  if ("value" in data && data.value !== null) return number(chart.dataMapping, data.value);
  if (!data.points?.length) return html`<p class="empty">No data matches the filters.</p>`;
  return html`<div class="canvas" role="img" aria-label=${`${title}. ${summaryOf(chart, data)}`}></div>
    ${data.left ? html`<p class="left">${leftInWords(chart, data)}</p>` : nothing}`;
}

/** A number that is rounded shows all of its digits when it is pointed at or focused. */
function number(mapping, value) {
  const [shown, all] = [figure(value), exact(value)];
  const what = figureInWords(mapping);
  return html`<div class="number" title=${`${what}: ${all}`} tabindex=${shown === all ? nothing : 0}>
    <p class="figure">${shown}</p>
    <p class="measure"><span>${what}</span>${shown === all ? nothing : html`<span class="exact">${all}</span>`}</p>
  </div>`;
}

function leftInWords({ kind, dataMapping }, { points, total, left }) {
  if (kind === "scatter") return `${exact(points.length)} of ${count(total, "point")} shown`;
  return `${count(left, "row")} without “${dataMapping.xAxis}” not shown`;
}

/** A card's drag handle. GridStack does not drag by a <button>, so this is a button only by its role. */
function handle(title) {
  const label = `Move ${title}: use the arrow keys to move, Shift and the arrow keys to resize`;
  return html`<span class="icon-button handle" role="button" tabindex="0" aria-label=${label} title=${label}>${icon("move")}</span>`;
}
