// The values of a column to choose from, with a search if there are many.
import { html, live, nothing } from "./html.js";

const MOST_SHOWN = 200;
const SEARCHED_FROM = 9;

export class ValueList {
  /** The texts of the chosen values. */
  chosen = new Set();
  #choicesOf;
  #redraw;
  #column = null;
  /** All values, null until they are loaded: first those that were chosen, even if the table no longer has them. */
  #values = null;
  #search = "";

  /** `choicesOf` gets a column and resolves to its values. */
  constructor(choicesOf, redraw) {
    this.#choicesOf = choicesOf;
    this.#redraw = redraw;
  }

  /** Offer the values of a column, of which some are chosen. */
  async open(column, chosen) {
    Object.assign(this, { chosen: new Set(chosen) });
    if (column === this.#column) return;
    this.#column = column;
    this.#values = null;
    this.#search = "";
    const found = await this.#choicesOf(column);
    if (column !== this.#column) return;
    this.#values = [...new Set([...this.chosen, ...found])];
    this.#redraw();
  }

  view(legend) {
    if (!this.#values) return html`<p role="status">Loading values…</p>`;
    const wanted = this.#search.toLowerCase();
    const found = this.#values.filter((value) => value.toLowerCase().includes(wanted));
    return html`
      ${this.#values.length < SEARCHED_FROM ? nothing : this.#searchField()}
      <fieldset class="choices">
        <legend>${legend}</legend>
        ${found.slice(0, MOST_SHOWN).map((value) => html`<label><input type="checkbox" name="value" value=${value} .checked=${live(this.chosen.has(value))} @input=${({ target }) => this.#choose(value, target.checked)}><span>${value}</span></label>`)}
      </fieldset>
      <p class="hint" role="status">${this.#hint(found.length)}</p>
    `;
  }

  #choose(value, isChosen) {
    if (isChosen) this.chosen.add(value);
    else this.chosen.delete(value);
  }

  #searchField() {
    // Enter would apply the filter.
    const onKey = (event) => event.key === "Enter" && event.preventDefault();
    return html`<label class="field"
      ><span>Search values</span>
      <input type="search" .value=${live(this.#search)} autocomplete="off" @keydown=${onKey} @input=${({ target }) => (this.#search = target.value)}
    ></label>`;
  }

  #hint(found) {
    const chosen = this.#values.length < SEARCHED_FROM ? "" : `${this.chosen.size} of ${this.#values.length} selected.`;
    if (!found) return `No value contains “${this.#search}”. ${chosen}`;
    return found > MOST_SHOWN ? `${chosen} The first ${MOST_SHOWN} of ${found} are listed. Search to find the others.` : chosen;
  }
}
