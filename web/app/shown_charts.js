// The charts of a config as the grid takes them.
import { bottomOf, chartsOf, filtersOf, isShown, positionOf } from "./config.js";

/** Return the charts that are not hidden; without a table they have no data. */
export function shownCharts(config, rows, hasTable) {
  const below = bottomOf(config);
  const filters = filtersOf(config);
  const dataOf = hasTable ? (id, chart) => rows.dataOf(id, chart, filters) : () => null;
  return chartsOf(config)
    .filter(([, chart]) => isShown(chart))
    .map(([id, chart]) => ({
      id,
      chart,
      position: positionOf(chart, below),
      data: (orderBy) => dataOf(id, ordered(chart, orderBy)),
      allRows: (orderBy) => rows.csvOf(ordered(chart, orderBy), filters),
    }));
}

/** The rows of a table card may be looked at in another order. */
const ordered = (chart, orderBy) => (orderBy ? { ...chart, dataMapping: { ...chart.dataMapping, orderBy } } : chart);

/** Return the number of rows that match the filters, null until they are counted. */
export function matchingRows(config, rows, { rowCount }) {
  const filters = filtersOf(config);
  return filters.length ? rows.countOf(filters) : rowCount;
}
