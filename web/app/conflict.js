// The dialog that shows both sides of a conflict. Closing it decides nothing, and deciding loses nothing.
import { valueOf } from "../client/dist/index.js";
import { placeInWords } from "./config.js";
import { html } from "./html.js";

/** Open the dialog; `decide` gets `mine` or `theirs`. */
export function openConflictDialog(dialog, conflict, decide) {
  const choose = (choice) => () => dialog.attempt(() => decide(choice));
  dialog.open({
    title: "Someone else changed the same values",
    kind: "wide",
    body: () => html`
      <p>All other changes from both sides are kept. Whichever you choose, the other values stay in the history.</p>
      <table class="sides">
        <thead><tr><th scope="col">Field</th><th scope="col">Yours</th><th scope="col">Saved by others</th></tr></thead>
        <tbody>${conflict.conflicts.map((pointer) => side(pointer, conflict))}</tbody>
      </table>
    `,
    footer: () => html`
      <button type="button" @click=${() => dialog.close()}>Decide later</button>
      <button type="button" @click=${choose("theirs")}>Take theirs</button>
      <button type="button" class="primary" @click=${choose("mine")}>Keep mine</button>
    `,
  });
}

function side(pointer, { mine, theirs, base }) {
  const show = (document) => inWords(valueOf(document, pointer, [theirs, base]));
  return html`<tr>
    <th scope="row">${placeInWords(pointer, base, mine, theirs)}<small>was ${show(base)}</small></th>
    <td data-side="Yours">${show(mine)}</td>
    <td data-side="Saved by others">${show(theirs)}</td>
  </tr>`;
}

/** Describe a value: a string in quotes, everything else as compact JSON. */
export function inWords(value) {
  if (value === undefined) return "not set";
  return typeof value === "string" ? `“${value}”` : JSON.stringify(value);
}
