// Parts of the view of a dashboard that cannot be changed.
import { filtersOf } from "./config.js";
import { crossFilterChip } from "./cross_filter.js";
import { inWords } from "./filter_words.js";
import { html, nothing } from "./html.js";

/** The filters, of which only the one by a click can be taken off. */
export function readOnlyFilters({ config, crossFilter }) {
  const filters = filtersOf(config);
  return html`
    ${filters.length ? html`<ul class="filters" aria-label="Filters">${filters.map((filter) => html`<li class="chip"><span>${inWords(filter)}</span></li>`)}</ul>` : nothing}
    ${crossFilterChip(crossFilter)}
  `;
}
