// The history drawer: what is open in it, and how to preview, restore, name or compare a version, or take its changes back.
import { Contents } from "./history_contents.js";
import { refusalInWords } from "./history_words.js";
import { historyView } from "./history_view.js";
import { isAlone, savers } from "./people.js";

const PAGE_SIZE = 25;

/**
 * Open the history; `people` promises who may do what, `look` gets a version with its config, `restore` and `takeBack` a
 * version number. The owner can remove a version's content.
 */
export function openHistory(dialog, client, projectId, current, actions) {
  const drawer = new HistoryDrawer(dialog, client, projectId, current, actions);
  dialog.open({ title: "History", kind: "drawer", body: () => historyView(drawer) });
  void drawer.loadMore();
  void drawer.getToKnow(actions.people);
}

class HistoryDrawer {
  /** The newest versions, as far as they were asked for, and the cursor of the next ones; null at first. */
  list = null;
  current;
  isOwner;
  isNamedOnly = false;
  problem = null;
  /**
   * The version that is open: its number, its changes since the one before, and the comparison with another one. Of the
   * changes, undefined is not known yet, and null that one of the versions is no longer kept.
   */
  opened = null;
  who = () => "";
  #dialog;
  #client;
  #project;
  #actions;
  #contents;
  /** By the first and the last version of an entry, what has changed in it. */
  #summaries = new Map();
  /** The newest versions of the runs that are open. */
  #runs = new Set();

  constructor(dialog, client, projectId, current, actions) {
    this.#dialog = dialog;
    this.#client = client;
    this.#project = projectId;
    this.#actions = actions;
    this.#contents = new Contents(client, projectId);
    this.current = current;
    this.isOwner = actions.isOwner;
  }

  async getToKnow(people) {
    const known = await people;
    if (known && !isAlone(known)) this.who = savers(known);
    this.#dialog.redraw();
  }

  // --- the list ---

  loadMore() {
    return this.#attempt(async () => {
      const page = await this.#client.history(this.#project, { limit: PAGE_SIZE, cursor: this.list?.nextCursor ?? undefined });
      this.list = { ...page, versions: [...(this.list?.versions ?? []), ...page.versions] };
    });
  }

  showNamedOnly(isNamedOnly) {
    this.isNamedOnly = isNamedOnly;
    this.#dialog.redraw();
  }

  isRunOpen([newest]) {
    return this.#runs.has(newest.version);
  }

  toggleRun([{ version }]) {
    if (!this.#runs.delete(version)) this.#runs.add(version);
    this.#dialog.redraw();
  }

  /** What has changed in an entry's versions, undefined until that is known. */
  summaryOf(entry) {
    return this.#summaries.get(keyOf(entry));
  }

  /** An entry has come into view. */
  async summarize(entry) {
    const key = keyOf(entry);
    if (this.#summaries.has(key)) return;
    this.#summaries.set(key, undefined);
    try {
      this.#summaries.set(key, await this.#contents.summary(entry.at(-1).version - 1, entry[0].version));
    } catch (error) {
      if (error.status === undefined) throw error;
      // What an entry is about is known without it, and opening it says what is wrong.
      this.#summaries.set(key, "");
    }
    this.#dialog.redraw();
  }

  // --- one version ---

  toggle({ version, removed }) {
    if (this.opened?.version === version) {
      this.opened = null;
      return this.#dialog.redraw();
    }
    const entry = { version, changes: undefined, comparison: null };
    this.opened = entry;
    if (removed) return this.#dialog.redraw();
    return this.#attempt(async () => {
      entry.changes = await this.#contents.changes(version - 1, version);
      requestAnimationFrame(() => document.querySelector(".drawer .changes")?.scrollIntoView({ block: "nearest" }));
    });
  }

  /** Compare the open version with another one, or, with null, with the one before. */
  compareWith(other) {
    const entry = this.opened;
    if (other === null) {
      entry.comparison = null;
      return this.#dialog.redraw();
    }
    const [from, to] = [entry.version, other].sort((one, two) => one - two);
    const comparison = { other, changes: undefined };
    entry.comparison = comparison;
    return this.#attempt(async () => {
      comparison.changes = await this.#contents.changes(from, to);
    });
  }

  look() {
    return this.#attempt(async () => {
      const found = await this.#client.version(this.#project, this.opened.version);
      this.#dialog.close();
      this.#actions.look(found);
    });
  }

  restore() {
    return this.#dialog.attempt(() => this.#actions.restore(this.opened.version));
  }

  takeBack() {
    return this.#withOpened(async (version) => {
      await this.#actions.takeBack(version);
      this.#dialog.close();
    }, refusalInWords);
  }

  /** Ask for a version's name, or whether to remove its content: `name`, `removal`, or null for neither. */
  ask(asked) {
    this.opened.asked = asked;
    this.#dialog.redraw();
  }

  /** Name the open version; an empty text takes its name off. */
  name(text) {
    return this.#withOpened(async (version) => {
      const summary = await this.#client.nameVersion(this.#project, version, text.trim() || null);
      this.#replace(summary);
      this.opened.asked = null;
    });
  }

  remove() {
    return this.#withOpened(async (version) => {
      await this.#client.deleteVersion(this.#project, version);
      this.#contents.forget(version);
      this.#replace({ ...this.list.versions.find((each) => each.version === version), removed: true });
      this.opened = { version, comparison: null };
    });
  }

  #replace(summary) {
    this.list = { ...this.list, versions: this.list.versions.map((each) => (each.version === summary.version ? summary : each)) };
  }

  /** Do something with the version that is open, and say there why it failed. */
  async #withOpened(work, inWords = ({ message }) => message) {
    const entry = this.opened;
    if (entry.isBusy) return;
    Object.assign(entry, { isBusy: true, refusal: null });
    this.#dialog.redraw();
    try {
      await work(entry.version);
    } catch (error) {
      if (error.status === undefined) throw error;
      entry.refusal = inWords(error, entry.changes);
    }
    entry.isBusy = false;
    this.#dialog.redraw();
  }

  async #attempt(work) {
    this.problem = null;
    this.#dialog.redraw();
    try {
      await work();
    } catch (error) {
      if (error.status === undefined) throw error;
      this.problem = error;
    }
    this.#dialog.redraw();
  }
}

const keyOf = (entry) => `${entry.at(-1).version}-${entry[0].version}`;
