// The dialog that shows both sides of a conflict. Nothing is decided by closing it, and nothing is lost by deciding.
import { valueOf } from "/client/index.js";
import { placeInWords } from "./config.js";
import { html } from "./html.js";

/** Open it; `decide` gets `mine` or `theirs`. */
export function openConflictDialog(dialog, conflict, decide) {
  const choose = (choice) => () => dialog.attempt(() => decide(choice));
  dialog.open({
    title: "Somebody else changed the same",
    kind: "wide",
    body: () => html`
      <p>Everything else of both sides is kept. Whichever you choose, the other one stays in the history.</p>
      <table class="sides">
        <thead><tr><th scope="col">Place</th><th scope="col">Yours</th><th scope="col">Saved by others</th></tr></thead>
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

/** A value in words: a text as it is, all else as compact JSON. */
export function inWords(value) {
  if (value === undefined) return "nothing";
  return typeof value === "string" ? `“${value}”` : JSON.stringify(value);
}
