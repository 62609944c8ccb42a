// The dialog that downloads a table.
import { html } from "./html.js";

/** Open the dialog; `download` gets whether the file has to be safe for spreadsheets. */
export function openDownloadDialog(dialog, download) {
  dialog.open({
    title: "Download as CSV",
    action: "Download",
    body: () => html`
      <fieldset class="choices">
        <label><input type="checkbox" name="safe" checked><span>Safe for spreadsheets</span></label>
        <p class="hint">An apostrophe before each text that a spreadsheet would run as a formula. Without it, every cell is the text that was uploaded.</p>
      </fieldset>
    `,
    submit: (form) => download(form.has("safe")),
  });
}
