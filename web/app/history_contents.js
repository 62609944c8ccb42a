// The contents of a dashboard's versions, each asked for once, and a few at a time.
import { inOneLine } from "./changes.js";
import { linesOf } from "./history_words.js";

const MOST_AT_ONCE = 3;

export class Contents {
  #client;
  #project;
  /** By version. */
  #configs = new Map();
  #running = 0;
  #waiting = [];

  constructor(client, project) {
    this.#client = client;
    this.#project = project;
  }

  /** Return what has changed from one version to another in one line, an empty text if one of them is no longer kept. */
  async summary(from, to) {
    const [before, after] = await this.#both(from, to);
    return before === undefined || after === undefined ? "" : inOneLine(before, after);
  }

  /** Return what has changed from one version to another: both configs and the lines, null if one is no longer kept. */
  async changes(from, to) {
    const [before, after] = await this.#both(from, to);
    if (before === undefined || after === undefined) return null;
    if (from === 0) return { before, after, lines: [] };
    const { operations } = await this.#client.diff(this.#project, from, to);
    return { before, after, lines: linesOf(operations, before, after) };
  }

  /** Forget a version whose content was taken out. */
  forget(version) {
    this.#configs.set(version, Promise.resolve(undefined));
  }

  #both(from, to) {
    return Promise.all([this.#config(from), this.#config(to)]);
  }

  /** Version 0 is before the first one. */
  #config(version) {
    if (version === 0) return null;
    if (!this.#configs.has(version)) this.#configs.set(version, this.#inTurn(() => this.#load(version)));
    return this.#configs.get(version);
  }

  async #load(version) {
    try {
      return (await this.#client.version(this.#project, version)).config;
    } catch (error) {
      if (error.status === 404) return undefined;
      // It can be asked for again.
      this.#configs.delete(version);
      throw error;
    }
  }

  async #inTurn(work) {
    if (this.#running === MOST_AT_ONCE) await new Promise((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // The next one takes this one's turn.
      if (this.#waiting.length) this.#waiting.shift()();
      else this.#running -= 1;
    }
  }
}
