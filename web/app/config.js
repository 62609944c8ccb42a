// Edits of a config, each a function from one config to the next.
import { sizeOf } from "./chart_data.js";
import { inWords } from "./filters.js";

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

/** Change some members of a chart. */
export const withChart = (id, members) => (config) => withCharts({ [id]: { ...config.chartCustomizations[id], ...members } })(config);

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

/** Describe the pointer of a diff or a conflict: `Revenue › Title`. */
export function placeInWords(pointer, ...configs) {
  const [member, id, ...rest] = pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (member === undefined) return "The whole dashboard";
  if (member === "filters" && id !== undefined) return ["Filter", filterNamed(id, configs), ...rest].join(" › ");
  const names = { filters: "Filters", theme: "Theme", currentLayout: "Layout", extensions: "Extensions" };
  if (member !== "chartCustomizations") return [names[member] ?? member, ...(member === "theme" && id === "id" ? [] : [id, ...rest].filter(Boolean))].join(" › ");
  if (id === undefined) return "All charts";
  const title = configs.map((config) => config?.chartCustomizations?.[id]?.title).find(Boolean) ?? id;
  return [title, ...rest.map((name) => MEMBERS[name] ?? name)].join(" › ");
}

/** Describe a filter by its index in the first config that has it. */
function filterNamed(index, configs) {
  const filter = configs.map((config) => config?.filters?.[index]).find(Boolean);
  return filter?.column ? inWords(filter) : index;
}

const MEMBERS = {
  title: "Title",
  kind: "Type",
  position: "Position",
  isVisible: "Visible",
  dataMapping: "Data",
  xAxis: "Grouped by",
  yAxis: "Column",
  aggregate: "Calculation",
};
