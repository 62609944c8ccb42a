// The forms of charts and filters: loaded once a dashboard is shown, because showing it needs none of them.
export { openChartDialog } from "./chart_dialog.js";
export { openFilterDialog } from "./filter_dialog.js";
