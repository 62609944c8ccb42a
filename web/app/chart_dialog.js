// The form that adds or edits a chart, with the chart that is entered beside it.
import { chartOf, entriesOf } from "./chart_entries.js";
import { hasMore, mainFields, moreFields } from "./chart_form.js";
import { ChartPreview } from "./chart_preview.js";
import { titleOf } from "./chart_words.js";
import { html, live, nothing } from "./html.js";

/**
 * Open the form for a chart, or for a new one if none is given; `done` gets the members of a chart that the form has.
 *
 * @param {import("./dialog.js").Dialog} dialog
 * @param {{ columns: () => object, basis: () => unknown, compute: (chart: object) => Promise<object> }} table its columns may arrive,
 *   or change, while the form is open
 */
export function openChartDialog(dialog, table, before, done) {
  const entered = entriesOf(before);
  let title = String(before?.title ?? "");
  const isMoreOpen = hasMore(entered);
  const set = (name, value) => (entered[name] = value);
  const map = (name, value) => (entered.dataMapping[name] = value);
  const sortRows = (orderBy) => {
    map("orderBy", orderBy ?? undefined);
    dialog.redraw();
  };
  const preview = new ChartPreview(table, sortRows, () => dialog.redraw());
  const made = () => {
    const columns = table.columns();
    const chart = chartOf(entered, before, columns);
    const name = titleOf(chart.kind, chart.dataMapping, columns.columnTypes);
    return { columns, name, chart: { title: title.trim() || name, ...chart } };
  };
  dialog.open({
    title: before ? "Edit chart" : "Add chart",
    action: before ? "Apply" : "Add",
    kind: "charting",
    body: () => {
      const { columns, name, chart } = made();
      const form = { chart, columns, set, map };
      const more = moreFields(form);
      return html`
        <div class="entries">
          ${titleField(title, name, (text) => (title = text))}
          ${mainFields(form)}
          ${more === nothing ? nothing : html`<details ?open=${isMoreOpen}><summary>More options</summary><div class="further">${more}</div></details>`}
        </div>
        ${preview.view(chart)}
      `;
    },
    submit: () => done(made().chart),
    closed: () => preview.close(),
  });
}

/** A chart without a title is named after what it shows. */
const titleField = (title, name, enter) =>
  html`<label class="field"><span>Title</span><input name="title" .value=${live(title)} placeholder=${name} maxlength="200" autocomplete="off" autofocus @input=${({ target }) => enter(target.value)}></label>`;
