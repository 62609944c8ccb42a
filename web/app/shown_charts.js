// The charts of a page's config as the grid takes them: computed with its filters, in which relative time is today's.
import { bottomOf, chartsOf, filtersOf, isShown, positionOf } from "./config.js";
import { localDate, resolved } from "./relative_time.js";

/** Return the filters of a config as the worker takes them. */
export const filtersToday = (config) => resolved(filtersOf(config), localDate());

/** Return the charts that are not hidden; without a table they have no data. `chosen` returns the place of the group that was clicked. */
export function shownCharts({ config, table, crossFilter }, rows) {
  const below = bottomOf(config);
  const filters = filtersToday(config);
  const dataOf = table.dataSchema ? (id, chart) => rows.dataOf(id, chart, crossFilter.filtersFor(id, filters)) : () => null;
  return chartsOf(config)
    .filter(([, chart]) => isShown(chart))
    .map(([id, chart]) => ({ id, chart, position: positionOf(chart, below), data: () => dataOf(id, chart), chosen: (data) => crossFilter.placeIn(id, data) }));
}

/** Return the number of rows that match the filters, null until they are counted. */
export function matchingRows({ config, table, crossFilter }, rows) {
  const filters = crossFilter.filtersFor(null, filtersToday(config));
  return filters.length ? rows.countOf(filters) : table.dataSchema.rowCount;
}
