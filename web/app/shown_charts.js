// The charts of a page's config as the grid takes them: computed with its filters, in which relative time is today's.
import { bottomOf, chartsOf, filtersOf, isShown, positionOf } from "./config.js";
import { localDate, resolved } from "./relative_time.js";

/** Return the filters of a config as the worker takes them. */
export const filtersToday = (config) => resolved(filtersOf(config), localDate());

/** Return the charts that are not hidden; without a table they have no data. `chosen` returns the place of the group that was clicked. */
export function shownCharts({ config, table, crossFilter }, rows) {
  const below = bottomOf(config);
  const filters = filtersToday(config);
  const shownOf = ([id, chart]) => {
    const filtersHere = crossFilter.filtersFor(id, filters);
    return {
      id,
      chart,
      position: positionOf(chart, below),
      data: (orderBy) => (table.dataSchema ? rows.dataOf(id, ordered(chart, orderBy), filtersHere) : null),
      allRows: (orderBy) => rows.csvOf(ordered(chart, orderBy), filtersHere),
      chosen: (data) => crossFilter.placeIn(id, data),
    };
  };
  return chartsOf(config)
    .filter(([, chart]) => isShown(chart))
    .map(shownOf);
}

/** The rows of a table card may be looked at in another order. */
const ordered = (chart, orderBy) => (orderBy ? { ...chart, dataMapping: { ...chart.dataMapping, orderBy } } : chart);

/** Return the number of rows that match the filters, null until they are counted. */
export function matchingRows({ config, table, crossFilter }, rows) {
  const filters = crossFilter.filtersFor(null, filtersToday(config));
  return filters.length ? rows.countOf(filters) : table.dataSchema.rowCount;
}
