// The question before unsaved edits are discarded: what is lost, and what the dashboard goes back to.
import { changesBetween } from "./changes.js";
import { html, nothing } from "./html.js";
import { ago } from "./words.js";

/** Open the dialog; `discard` discards the edits. Without the network, it cannot list them. */
export function openDiscardDialog(dialog, client, page, discard) {
  let lost = [];
  dialog.open({
    title: "Discard your changes?",
    action: "Discard changes",
    body: () => html`
      <p>${outcome(page.state)} This cannot be undone.</p>
      ${lost.length ? html`<div class="lost"><p>You lose:</p><ul>${lost.map(({ text }) => html`<li>${text}</li>`)}</ul></div>` : nothing}
    `,
    submit: discard,
  });
  void list();

  async function list() {
    try {
      const { version, config } = page.state;
      // Viewers may read the newest version only.
      const saved = !version ? null : (await (page.canEdit ? client.version(page.id, version) : client.load(page.id))).config;
      lost = changesBetween(saved, config);
      dialog.redraw();
    } catch (error) {
      if (error.status === undefined) throw error;
    }
  }
}

function outcome({ conflict, version, updatedAt }) {
  if (conflict) return "The dashboard takes over what others have saved, and your changes since are gone.";
  if (!version) return "The dashboard has not been saved yet: it is empty again.";
  return `The dashboard goes back to version ${version}${updatedAt ? `, saved ${ago(updatedAt)}` : ""}.`;
}
