// The filters of a dashboard above its charts.
import { filtersOf } from "./config.js";
import { crossFilterChip } from "./cross_filter.js";
import { inWords } from "./filter_words.js";
import { html, icon, repeat } from "./html.js";

/** The filters to edit, and the button that adds one. */
export function filterBar(page) {
  return html`<div class="filters" role="group" aria-label="Filters">
    ${repeat(
      filtersOf(page.config),
      ({ id }) => id,
      (filter) => html`<span class="chip">
        <button type="button" @click=${() => page.editing.editFilter(filter)} ?disabled=${!page.table.dataSchema}>${inWords(filter)}</button>
        <button type="button" aria-label=${`Remove the filter ${inWords(filter)}`} @click=${() => page.editing.removeFilter(filter)}>✕</button>
      </span>`,
    )}
    <button type="button" class="quiet" @click=${() => page.editing.editFilter(null)} ?disabled=${!page.table.dataSchema}>${icon("filter")}Add filter</button>
    ${crossFilterChip(page.crossFilter)}
  </div>`;
}
