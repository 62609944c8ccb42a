// Prints a dashboard: light, without controls, its charts in columns that no page cuts.
import { filtersOf } from "./config.js";
import { inWords } from "./filter_words.js";
import { exactly } from "./words.js";

const root = document.documentElement;
/** Pixels of a drawing for one of the page, so that it is sharp on paper. */
const SHARPNESS = 3;

export class Printing {
  #grid;
  #page;
  #isOn = false;
  #wasDark = false;

  /**
   * @param {import("./grid.js").Grid} grid
   * @param {{ config: object, version: number | null, isUnsaved: boolean, preview?: object, crossFilter: object }} page what is printed
   */
  constructor(grid, page) {
    this.#grid = grid;
    this.#page = page;
  }

  /** Be prepared for the browser's own command too; returns what ends that. */
  open() {
    const ending = new AbortController();
    const { signal } = ending;
    addEventListener("beforeprint", () => this.#begin(), { signal });
    addEventListener("afterprint", () => this.#end(), { signal });
    matchMedia("print").addEventListener("change", ({ matches }) => (matches ? this.#begin() : this.#end()), { signal });
    addEventListener("keydown", (event) => this.#onKey(event), { signal });
    return () => ending.abort();
  }

  /** Print all charts, also those that have not come into view yet. */
  async print() {
    await this.#grid.fillAll();
    print();
  }

  /** The browser would print what is there: charts further down have not been computed. */
  #onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "p") return;
    event.preventDefault();
    void this.print();
  }

  /** A printer waits for nothing, so the page is laid out and drawn as it is printed before this returns. */
  #begin() {
    const note = document.querySelector(".printed");
    if (this.#isOn || !note) return;
    this.#isOn = true;
    this.#wasDark = root.classList.contains("dark-mode");
    root.classList.remove("dark-mode");
    root.classList.add("printing");
    note.textContent = noteOn(this.#page);
    this.#grid.drawNow(SHARPNESS);
  }

  #end() {
    if (!this.#isOn) return;
    this.#isOn = false;
    root.classList.remove("printing");
    root.classList.toggle("dark-mode", this.#wasDark);
    this.#grid.drawNow();
  }
}

function noteOn({ config, version, isUnsaved, preview, crossFilter }) {
  const filters = [...filtersOf(config), ...(crossFilter.chosen ? [crossFilter.chosen] : [])].map(inWords);
  const what = version ? `Version ${version}${isUnsaved && !preview ? " with unsaved changes" : ""}, printed` : "Printed";
  return [`${what} ${exactly(Date.now())}`, ...(filters.length ? [`Filters: ${filters.join("; ")}`] : [])].join("\n");
}
