// What a chart shows, as a CSV file.
import { figureInWords, measureInWords, namedGroups } from "./chart_words.js";
import { csvIn } from "./csv.js";
import { saveFile } from "./saved_file.js";
import { chartHeading } from "./words.js";

/** Save what a chart shows; `allRows` returns the CSV of a table card, which shows the first rows only. */
export async function saveCsv(chart, data, allRows) {
  const text = chart.kind === "table" ? await allRows() : csvOf(chart, data);
  saveFile(new Blob([text], { type: "text/csv" }), chartHeading(chart), "csv");
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
  const measures = data.series?.map(({ name }) => name) ?? [measureInWords(dataMapping)];
  // Periods are written as ISO 8601, which programs read.
  const groups = namedGroups(data).map(({ name, values, isRest }, index) => [isRest ? name : data.points[index][0], ...values]);
  return csvIn([[dataMapping.xAxis, ...measures], ...groups]);
}
