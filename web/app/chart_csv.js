// What a chart shows, as a CSV file.
import { figureInWords, measureInWords, namedGroups } from "./chart_words.js";
import { csvIn } from "./csv.js";
import { saveFile } from "./saved_file.js";

/** Save what a chart shows; `allRows` returns the CSV of a table card, which shows the first rows only. */
export async function saveCsv(chart, data, allRows) {
  const text = chart.kind === "table" ? await allRows() : csvOf(chart, data);
  saveFile(new Blob([text], { type: "text/csv" }), String(chart.title ?? "Untitled"), "csv");
}

/**
 * Return the groups of a chart with their values, or its points, or its number.
 *
 * @param {object} chart
 * @param {object} data as `dataOf` returns it, without a problem
 */
export function csvOf({ kind = "bar", dataMapping = {} }, data) {
  if ("value" in data) return csvIn([[figureInWords(dataMapping)], [data.value]]);
  if (kind === "scatter") return csvIn([[dataMapping.xAxis, dataMapping.yAxis], ...data.points]);
  const series = data.series ?? [{ name: measureInWords(dataMapping), points: data.points }];
  const groups = series[0].points.map(([name], index) => [name, ...series.map(({ points }) => points[index][1])]);
  const rest = data.rest ? [restOf(data)] : [];
  return csvIn([[dataMapping.xAxis, ...series.map(({ name }) => name)], ...groups, ...rest]);
}

function restOf(data) {
  const { name, value } = namedGroups(data).at(-1);
  return [name, value];
}
