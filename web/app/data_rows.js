// The rows of a table: a page of them, searched and sorted by the worker that holds them.
import { isNumeric } from "./chart_kinds.js";
import { html, nothing, repeat } from "./html.js";
import { PAGE_ROWS } from "./table_pages.js";
import { LOST } from "./table_rows.js";
import { count } from "./words.js";

export class RowsView {
  title = "Rows";
  #rows;
  #load;
  #redraw;
  #wanted = { search: "", sort: null, page: 0 };
  /** The page on display, null until the worker has answered. */
  #shown = null;
  #problem = null;
  #isAsking = false;

  constructor(rows, load, redraw) {
    this.#rows = rows;
    this.#load = load;
    this.#redraw = redraw;
  }

  /** Ask for what is wanted, and once more if that has changed when the answer comes. */
  async refresh() {
    this.#wanted = { ...this.#wanted };
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      let asked = null;
      while (asked !== this.#wanted) {
        asked = this.#wanted;
        this.#shown = await this.#rows.page(asked);
      }
      this.#problem = null;
    } catch (error) {
      if (error.code !== LOST) throw error;
      this.#problem = error;
    } finally {
      this.#isAsking = false;
    }
    this.#redraw();
  }

  async #loadAgain() {
    await this.#load();
    await this.refresh();
  }

  #want(change) {
    this.#wanted = { ...this.#wanted, page: 0, ...change };
    void this.refresh();
  }

  body({ dataSchema }) {
    if (this.#problem) {
      return html`<p class="problem" role="alert">The browser no longer holds the rows of this table. <button type="button" @click=${() => this.#loadAgain()}>Load again</button></p>`;
    }
    const shown = this.#shown;
    if (!shown) return html`<p role="status">Loading rows…</p>`;
    return html`
      <div class="look">
        <input type="search" aria-label="Search in all columns" placeholder="Search in all columns" autocomplete="off" .value=${this.#wanted.search} @input=${(event) => this.#search(event)} @keydown=${stay}>
        <p role="status">${this.#wanted.search.trim() ? matchingInWords(shown.matching) : nothing}</p>
      </div>
      <div class="sheet" role="region" aria-label=${`Rows of ${dataSchema.fileName}`} tabindex="0">
        <table>
          <thead><tr><th scope="col">Row</th>${shown.columns.map((column) => this.#header(column))}</tr></thead>
          <tbody>${repeat(shown.rows, ({ number }) => number, (row) => rowView(row, shown.columns))}</tbody>
        </table>
      </div>
    `;
  }

  footer() {
    if (!this.#shown || this.#problem) return nothing;
    const { page, matching } = this.#shown;
    const last = Math.ceil(matching / PAGE_ROWS) - 1;
    const button = (text, to, isOff) => html`<button type="button" ?disabled=${isOff} @click=${() => this.#want({ page: to })}>${text}</button>`;
    const [isFirst, isLast] = [page === 0, page === last];
    const buttons = () => html`${button("First", 0, isFirst)} ${button("Previous", page - 1, isFirst)} ${button("Next", page + 1, isLast)} ${button("Last", last, isLast)}`;
    return html`<p role="status">${rangeInWords(this.#shown)}</p>
      ${last > 0 ? buttons() : nothing}`;
  }

  #header({ name, type }) {
    const { sort } = this.#wanted;
    const direction = sort?.column === name ? (sort.isDescending ? "descending" : "ascending") : null;
    return html`<th scope="col" class=${isNumeric(type) ? "figures" : ""} aria-sort=${direction ?? nothing}>
      <button type="button" title=${`Sort by ${name}`} @click=${() => this.#want({ sort: nextSort(name, sort) })}>${name}</button>
    </th>`;
  }

  /** Nothing that has to be applied was entered. */
  #search(event) {
    event.stopPropagation();
    this.#want({ search: event.target.value });
  }
}

/** Ascending first, then descending, then as in the file. */
export function nextSort(column, sort) {
  if (sort?.column !== column) return { column, isDescending: false };
  return sort.isDescending ? null : { column, isDescending: true };
}

/** `Rows 1–50 of 18,000` */
export function rangeInWords({ page, rows, matching }) {
  if (!matching) return "No rows";
  const [first, last, all] = [page * PAGE_ROWS + 1, page * PAGE_ROWS + rows.length, matching].map((number) => number.toLocaleString("en"));
  return `Rows ${first}–${last} of ${all}`;
}

const matchingInWords = (number) => (number ? `${count(number, "row")} ${number === 1 ? "matches" : "match"}` : "No row matches");

function rowView({ number, cells }, columns) {
  return html`<tr>
    <th scope="row">${number}</th>
    ${cells.map((text, index) => html`<td class=${isNumeric(columns[index].type) ? "figures" : ""} title=${text || nothing}>${text || html`<span class="hint">empty</span>`}</td>`)}
  </tr>`;
}

/** Enter in the search does not apply what was entered elsewhere. */
function stay(event) {
  if (event.key === "Enter") event.preventDefault();
}
