// Edits of a config, each a function from one config to the next.
import { sizeOf } from "./chart_data.js";
import { inWords } from "./filters.js";

const COLUMNS = 12;

export const chartsOf = (config) => Object.entries(config?.chartCustomizations ?? {});
export const filtersOf = (config) => config?.filters ?? [];
export const themeOf = (config) => config?.theme?.id ?? (typeof config?.theme === "string" ? config.theme : "system");
export const isShown = (chart) => chart.isVisible !== false;

/** Add charts, or put others in place of those with the same id. */
export const withCharts = (charts) => (config) => ({
  ...config,
  chartCustomizations: { ...config.chartCustomizations, ...charts },
});

export const withoutChart = (id) => (config) => {
  const { [id]: _, ...others } = config.chartCustomizations;
  return { ...config, chartCustomizations: others };
};

/** Change some members of a chart. */
export const withChart = (id, members) => (config) => withCharts({ [id]: { ...config.chartCustomizations[id], ...members } })(config);

export const withPositions = (positions) => (config) =>
  withCharts(Object.fromEntries(Object.entries(positions).map(([id, position]) => [id, { ...config.chartCustomizations[id], position }])))(config);

export const withTheme = (id) => (config) => ({ ...config, theme: { ...(typeof config.theme === "object" ? config.theme : null), id } });

/** Put a filter in the place of the one with its id, at the end where there is none; `null` takes it away. */
export const withFilter = (id, filter) => (config) => {
  const filters = filtersOf(config);
  if (!filter) return { ...config, filters: filters.filter((each) => each.id !== id) };
  const isKnown = filters.some((each) => each.id === id);
  return { ...config, filters: isKnown ? filters.map((each) => (each.id === id ? filter : each)) : [...filters, filter] };
};

/** Where a chart is, on twelve columns; one without a place, or with one that cannot be, goes below all others. */
export function positionOf({ position, kind }, below) {
  const [w, h] = sizeOf(kind);
  const { x, y, w: width, h: height } = { x: 0, y: below, w, h, ...position };
  const at = { x, y, w: width, h: height };
  const isPossible = Object.values(at).every((value) => Number.isInteger(value) && value >= 0 && value < 1_000);
  return isPossible ? { ...at, w: Math.min(Math.max(width, 2), COLUMNS), h: Math.max(height, 2) } : { x: 0, y: below, w, h };
}

/** The first row below every chart. */
export function bottomOf(config) {
  return Math.max(0, ...chartsOf(config).map(([, chart]) => positionOf(chart, 0)).map(({ y, h }) => y + h));
}

/** A pointer of a diff or a conflict in words: `Revenue › Title`. */
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

/** A filter by its place in the first config that has one there. */
function filterNamed(index, configs) {
  const filter = configs.map((config) => config?.filters?.[index]).find(Boolean);
  return filter?.column ? inWords(filter) : index;
}

const MEMBERS = {
  title: "Title",
  kind: "Kind",
  position: "Place",
  isVisible: "Shown",
  dataMapping: "Data",
  xAxis: "Grouped by",
  yAxis: "Column",
  aggregate: "Computed as",
};
