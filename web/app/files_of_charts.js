// Saves what a chart shows as a file. The scripts that make the files are loaded when the first one is wanted.
import { required } from "../client/dist/transport.js";

/** Return the grid's actions that also those may use who cannot change the dashboard. */
export function fileActions(app) {
  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      app.tell(error.message);
    }
  };
  return {
    savePicture: (chart, data, drawing) => attempt(async () => (await required(import("./chart_picture.js"))).savePicture(chart, data, drawing)),
    saveCsv: (chart, data, allRows) => attempt(async () => (await required(import("./chart_csv.js"))).saveCsv(chart, data, allRows)),
  };
}
