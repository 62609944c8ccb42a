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
  const preview = new ChartPreview(table, () => dialog.redraw());
  const chart = () => {
    const columns = table.columns();
    const made = chartOf(entered, before, columns);
    // A text needs no title.
    const named = made.kind === "text" ? "" : titleOf(made.kind, made.dataMapping, columns.columnTypes);
    return { title: title.trim() || named, named, made };
  };
  dialog.open({
    title: before ? "Edit chart" : "Add chart",
    action: before ? "Apply" : "Add",
    kind: "charting",
    body: () => {
      const { made, named, title: shown } = chart();
      const form = {
        chart: made,
        columns: table.columns(),
        set: (name, value) => (entered[name] = value),
        map: (name, value) => (entered.dataMapping[name] = value),
      };
      const more = moreFields(form);
      return html`
        <div class="entries">
          <label class="field"><span>Title</span><input name="title" .value=${live(title)} placeholder=${named} maxlength="200" autocomplete="off" autofocus @input=${({ target }) => (title = target.value)}></label>
          ${mainFields(form)}
          ${more === nothing ? nothing : html`<details ?open=${isMoreOpen}><summary>More options</summary><div class="further">${more}</div></details>`}
        </div>
        ${preview.view({ ...made, title: shown })}
      `;
    },
    submit: () => {
      const { made, title } = chart();
      done({ title, ...made });
    },
    closed: () => preview.close(),
  });
}
