// A filter by a click on a group of a chart. It applies to all other charts, and is not saved.
import { namedGroups } from "./chart_words.js";
import { inWords } from "./filter_words.js";
import { html, nothing } from "./html.js";

/** What has an Escape of its own. */
const OPENED = "dialog[open], :popover-open";

export class CrossFilter {
  /** The chart that was clicked, and the filter with its name: `{ chartId, column, operator, values, label }`. */
  chosen = null;
  #changed;

  /** `changed` is called with what to announce. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Choose a group of a chart by its place among `data.selections`; a group that is chosen is no longer. */
  choose(chartId, chart, data, index) {
    const selection = data.selections?.[index];
    if (!selection) return;
    if (this.placeIn(chartId, data) === index) return void this.clear();
    this.chosen = { chartId, column: chart.dataMapping.xAxis, ...selection, label: namedGroups(data)[index].name };
    this.#changed(`The other charts show ${inWords(this.chosen)}`);
  }

  /** Choose the next group, or the one before if `by` is -1; beyond the last one, none is chosen. */
  step(chartId, chart, data, by) {
    const groups = [...(data?.selections?.keys() ?? [])].filter((index) => data.selections[index]);
    const at = groups.indexOf(this.placeIn(chartId, data));
    const next = at < 0 && by < 0 ? groups.at(-1) : groups[at + by];
    if (next === undefined) this.clear();
    else this.choose(chartId, chart, data, next);
  }

  clear() {
    if (!this.chosen) return;
    this.chosen = null;
    this.#changed("All charts show all groups");
  }

  /** Return the filters of a chart: those of the dashboard, and the chosen group unless it is the chart's own. */
  filtersFor(chartId, filters) {
    if (!this.chosen || chartId === this.chosen.chartId) return filters;
    const { column, operator, values } = this.chosen;
    return [...filters, { column, operator, values }];
  }

  /** Return the place of the chosen group in its own chart, null in any other. */
  placeIn(chartId, data) {
    if (chartId !== this.chosen?.chartId || !data?.selections) return null;
    const isChosen = (each) => each?.operator === this.chosen.operator && JSON.stringify(each.values) === JSON.stringify(this.chosen.values);
    const place = data.selections.findIndex(isChosen);
    return place < 0 ? null : place;
  }

  onKey = (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector(OPENED)) this.clear();
  };
}

/** Shows what was clicked, beside the filters that are saved. */
export function crossFilterChip(crossFilter) {
  if (!crossFilter.chosen) return nothing;
  const text = inWords(crossFilter.chosen);
  return html`<span class="chip cross" title="Only while you look: it is not saved">
    <span>${text}</span>
    <button type="button" aria-label=${`Remove the filter ${text}, which is not saved`} @click=${() => takeOff(crossFilter)}>✕</button>
  </span>`;
}

function takeOff(crossFilter) {
  crossFilter.clear();
  requestAnimationFrame(() => document.getElementById("main").focus({ preventScroll: true }));
}
