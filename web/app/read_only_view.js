// Parts of the view of a dashboard that cannot be changed.
import { filtersOf } from "./config.js";
import { inWords } from "./filters.js";
import { html, nothing } from "./html.js";

/** The filters, which can only be read. */
export function readOnlyFilters(config) {
  const filters = filtersOf(config);
  if (!filters.length) return nothing;
  return html`<ul class="filters" aria-label="Filters">${filters.map((filter) => html`<li class="chip"><span>${inWords(filter)}</span></li>`)}</ul>`;
}
