// Edits of a config, each a function from one config to the next.
import { sizeOf } from "./chart_kinds.js";

const COLUMNS = 12;

export const chartsOf = (config) => Object.entries(config?.chartCustomizations ?? {});
export const filtersOf = (config) => config?.filters ?? [];
export const themeOf = (config) => config?.theme?.id ?? (typeof config?.theme === "string" ? config.theme : "system");
export const isShown = (chart) => chart.isVisible !== false;

/** Add charts, replacing those with the same id. */
export const withCharts = (charts) => (config) => ({
  ...config,
  chartCustomizations: { ...config.chartCustomizations, ...charts },
});

/** Bring a chart back as `before` has it, at its place among the others. */
export const withChartBack = (id, before) => (config) => {
  const charts = { ...config.chartCustomizations, [id]: before.chartCustomizations[id] };
  const names = new Set([...Object.keys(before.chartCustomizations), ...Object.keys(charts)]);
  const inOrder = [...names].filter((name) => Object.hasOwn(charts, name)).map((name) => [name, charts[name]]);
  return { ...config, chartCustomizations: Object.fromEntries(inOrder) };
};

export const withoutChart = (id) => (config) => {
  const { [id]: _, ...others } = config.chartCustomizations;
  return { ...config, chartCustomizations: others };
};

/** Change some members of a chart, and remove those that are undefined; a chart that somebody else has removed stays removed. */
export const withChart = (id, members) => (config) => {
  const chart = config.chartCustomizations[id];
  const isKept = ([, value]) => value !== undefined;
  return chart ? withCharts({ [id]: Object.fromEntries(Object.entries({ ...chart, ...members }).filter(isKept)) })(config) : config;
};

/** Move charts; what else a position holds stays. */
export const withPositions = (positions) => (config) => {
  const moved = ([id, place]) => {
    const chart = config.chartCustomizations[id];
    return [id, { ...chart, position: { ...(typeof chart.position === "object" ? chart.position : null), ...place } }];
  };
  return withCharts(Object.fromEntries(Object.entries(positions).map(moved)))(config);
};

export const withTheme = (id) => (config) => ({ ...config, theme: { ...(typeof config.theme === "object" ? config.theme : null), id } });

/** Replace the filter with this id, or append it if it is new; `null` removes it. */
export const withFilter = (id, filter) => (config) => {
  const filters = filtersOf(config);
  if (!filter) return { ...config, filters: filters.filter((each) => each.id !== id) };
  const isKnown = filters.some((each) => each.id === id);
  return { ...config, filters: isKnown ? filters.map((each) => (each.id === id ? filter : each)) : [...filters, filter] };
};

/** Rename columns in the charts and the filters that use them; a config that uses none stays the same object. */
export const withColumnNames = (names) => (config) => {
  const named = (column) => (typeof column === "string" && Object.hasOwn(names, column) ? names[column] : column);
  const renamed = chartsOf(config).flatMap(([id, chart]) => {
    const { dataMapping } = chart;
    const mapping = withNamedColumns(dataMapping, named);
    return mapping === dataMapping ? [] : [[id, { ...chart, dataMapping: mapping }]];
  });
  const filters = filtersOf(config).map((filter) => (named(filter.column) === filter.column ? filter : { ...filter, column: named(filter.column) }));
  const isFiltered = filters.some((filter, index) => filter !== filtersOf(config)[index]);
  if (!renamed.length && !isFiltered) return config;
  return { ...withCharts(Object.fromEntries(renamed))(config), ...(isFiltered ? { filters } : {}) };
};

/** The members of a data mapping that name a column, and those that have such members of their own. */
const COLUMN_NAMES = ["xAxis", "yAxis", "splitBy", "column"];
const WITH_COLUMN_NAMES = ["second", "orderBy"];

function withNamedColumns(mapping, named) {
  if (mapping === null || typeof mapping !== "object" || Array.isArray(mapping)) return mapping;
  const rename = (member, value) => {
    if (COLUMN_NAMES.includes(member)) return named(value);
    if (WITH_COLUMN_NAMES.includes(member)) return withNamedColumns(value, named);
    return member === "columns" && Array.isArray(value) ? value.map(named) : value;
  };
  const renamed = Object.fromEntries(Object.entries(mapping).map(([member, value]) => [member, rename(member, value)]));
  return JSON.stringify(renamed) === JSON.stringify(mapping) ? mapping : renamed;
}

/** Give each chart of a list the first place that is free on twelve columns; hidden charts take no room. */
export function placedFreely(config, charts) {
  const below = bottomOf(config);
  const taken = chartsOf(config).flatMap(([, chart]) => (isShown(chart) ? [positionOf(chart, below)] : []));
  return charts.map((chart) => {
    const position = firstFree(taken, positionOf(chart, 0));
    taken.push(position);
    return { ...chart, position };
  });
}

function firstFree(taken, { w, h }) {
  const isFree = (x, y) => taken.every((other) => x >= other.x + other.w || other.x >= x + w || y >= other.y + other.h || other.y >= y + h);
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + w <= COLUMNS; x += 1) if (isFree(x, y)) return { x, y, w, h };
  }
}

/** Return a chart's position on twelve columns; a chart without a valid position goes below all others. */
export function positionOf({ position, kind }, below) {
  const [w, h] = sizeOf(kind);
  const { x, y, w: width, h: height } = { x: 0, y: below, w, h, ...position };
  const at = { x, y, w: width, h: height };
  const isPossible = Object.values(at).every((value) => Number.isInteger(value) && value >= 0 && value < 1_000);
  return isPossible ? { ...at, w: Math.min(Math.max(width, 2), COLUMNS), h: Math.max(height, 2) } : { x: 0, y: below, w, h };
}

/** Return the first row below all charts. */
export function bottomOf(config) {
  return Math.max(0, ...chartsOf(config).map(([, chart]) => positionOf(chart, 0)).map(({ y, h }) => y + h));
}
