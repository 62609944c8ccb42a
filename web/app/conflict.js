// The comparison of a conflict: both sides' values, and a decision for each place. Closing it decides nothing, and deciding
// loses nothing: the history has both values.
import { valueOf } from "../client/dist/index.js";
import { html, live, nothing } from "./html.js";
import { FORMER, savers } from "./people.js";
import { placeInWords, valueInWords } from "./places.js";
import { ago, count } from "./words.js";

const SIDES = { mine: "Yours", theirs: "Theirs" };

/**
 * Open the comparison; `people` promises who may do what, and `decide` gets `mine`, `theirs`, or a function from a pointer
 * to one of them. Nothing is chosen at first, so that no place is decided by accident.
 */
export function openConflictDialog(dialog, conflict, people, decide) {
  let who = "";
  const places = placesOf(conflict);
  /** @type {Map<string, "mine" | "theirs">} By the place's pointer. */
  const chosen = new Map();
  const choose = (pointers, side) => {
    for (const pointer of pointers) chosen.set(pointer, side);
    dialog.redraw();
  };
  const chooseAll = (side) => () => choose(places.map(({ pointer }) => pointer), side);
  dialog.open({
    title: () => headline(who),
    kind: "wide",
    body: () => html`
      <p>${introduction(places.length, conflict.updatedAt, who)}</p>
      <div class="all-places">
        <button type="button" @click=${chooseAll("mine")}>All mine</button>
        <button type="button" @click=${chooseAll("theirs")}>All theirs</button>
        <span class="hint" role="status">${chosen.size} of ${places.length} decided</span>
      </div>
      <div class="places">${places.map((place, index) => placeView(place, index, chosen, choose))}</div>
    `,
    footer: () => html`
      <button type="button" @click=${() => dialog.close()}>Decide later</button>
      <button type="submit" class="primary">Save decisions</button>
    `,
    submit: () => decide(decisionOf(places, chosen)),
  });
  void people.then((known) => {
    who = savers(known)(conflict.updatedBy);
    dialog.redraw();
  });
}

/** Name who saved: the user themselves may have, in another tab. */
export function headline(who) {
  if (who === "You") return "You changed the same values elsewhere";
  const by = who === FORMER || !who ? capital(who || "someone else") : who;
  return `${by} changed the same values`;
}

export function introduction(number, updatedAt, who) {
  const what = number === 1 ? "This value was" : `These ${count(number, "value")} were`;
  const saved = updatedAt ? ago(updatedAt) : "";
  const by = who === "You" ? `by you, in another tab or on another device${saved && `, ${saved}`}` : `by ${who || "someone else"}${saved && `, who saved ${saved}`}`;
  return `${what} also changed ${by}. Choose what to keep. All other changes from both sides are kept, and the values that you do not choose stay in the history.`;
}

/** A required choice: the browser names the first place that is not decided. */
function placeView({ pointer, name, was, ...values }, index, chosen, choose) {
  return html`<fieldset class="place">
    <legend>${name}${was ? html`<small>was ${was}</small>` : nothing}</legend>
    <div class="sides">
      ${Object.entries(SIDES).map(
        ([side, words]) => html`<label>
          <input type="radio" name=${`place-${index}`} value=${side} required .checked=${live(chosen.get(pointer) === side)} @change=${() => choose([pointer], side)}>
          <span><small>${words}</small>${values[side]}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}

/**
 * Return what is decided together, with both sides' values in words: a chart's position is one decision, although both may
 * have changed several of its members.
 *
 * @returns {{ pointer: string, name: string, was: string, mine: string, theirs: string }[]}
 */
export function placesOf({ conflicts, mine, theirs, base }) {
  return [...new Set(conflicts.map(wholeOf))].map((pointer) => {
    const inWords = (document) => valueInWords(pointer, valueOf(document, pointer, [theirs, base]));
    const before = valueOf(base, pointer, [theirs, base]);
    // A pointer has the index of a filter in their list, and a chart is known by its title before both changed it.
    const name = placeInWords(pointer, ...(pointer.startsWith("/filters/") ? [theirs, base] : [base, mine, theirs]));
    return { pointer, name, was: before === undefined ? "" : inWords(base), mine: inWords(mine), theirs: inWords(theirs) };
  });
}

/** Return what the document's `resolve` takes for these choices. */
export function decisionOf(places, chosen) {
  const [first, ...others] = new Set(places.map(({ pointer }) => chosen.get(pointer)));
  return others.length ? (pointer) => chosen.get(wholeOf(pointer)) : first;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const wholeOf = (pointer) => /^\/chartCustomizations\/[^/]+\/position(?=\/)/.exec(pointer)?.[0] ?? pointer;
