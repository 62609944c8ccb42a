// Saves what a chart shows as a file. The scripts that make the files are loaded when the first one is wanted.

/** Return the grid's actions that also those may use who cannot change the dashboard. */
export function fileActions(app) {
  return {
    savePicture: (chart, data, drawing) => app.with(import("./chart_picture.js"), ({ savePicture }) => savePicture(chart, data, drawing)),
    saveCsv: (chart, data, allRows) => app.with(import("./chart_csv.js"), ({ saveCsv }) => saveCsv(chart, data, allRows)),
  };
}
