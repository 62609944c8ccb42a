// The news of an open dashboard: who has changed what just now, said for a while.
import { namesOf, newsInWords } from "./news_words.js";

/** How long the news are shown after the last of them. */
const SHOWN_MS = 10_000;

const nothing = () => ({ config: new Set(), deeds: new Set(), table: new Set(), isWaiting: false });

export class News {
  #page;
  #redraw;
  #isClosed = false;
  /** The ids of those who have saved and are not among the people, when these were asked for last. */
  #strangers = new Set();
  /** The names of those who have changed something, and what they did to the dashboard, while the news are shown. */
  #told = nothing();
  #timer = null;

  constructor(page, redraw) {
    this.#page = page;
    this.#redraw = redraw;
  }

  /** Empty while nothing is new. */
  get text() {
    return newsInWords(this.#told);
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  dismiss() {
    clearTimeout(this.#timer);
    this.#told = nothing();
    this.#redraw();
  }

  /** Say who has changed the dashboard or the table, by their ids, and what they did; `isWaiting` says that a save will show it. */
  async say({ config = [], deeds = [], table = [], isWaiting = false }) {
    const ids = [...config];
    if (!ids.length && !table.length) return;
    const people = await this.#peopleWith(ids);
    if (this.#isClosed) return;
    const told = this.#told;
    this.#told = {
      config: new Set([...told.config, ...namesOf(ids, people)]),
      deeds: new Set([...told.deeds, ...deeds]),
      table: new Set([...told.table, ...namesOf(table, people)]),
      isWaiting,
    };
    this.#hushLater();
    this.#redraw();
  }

  /** Who may do what; asked for once, and again if somebody has come since. */
  async #peopleWith(ids) {
    const people = this.#page.knownPeople;
    const known = people ? [people.you, people.owner.id, ...people.members.map(({ id }) => id)] : [];
    const unknown = ids.filter((id) => id && !known.includes(id) && !this.#strangers.has(id));
    if (people && !unknown.length) return people;
    const found = await this.#page.people();
    // A viewer does not get to know everybody.
    if (found) for (const id of unknown) this.#strangers.add(id);
    return found;
  }

  #hushLater() {
    clearTimeout(this.#timer);
    // Nothing disappears under the pointer or the focus.
    this.#timer = setTimeout(() => (document.querySelector(".news:is(:hover, :focus-within)") ? this.#hushLater() : this.dismiss()), SHOWN_MS);
  }
}
