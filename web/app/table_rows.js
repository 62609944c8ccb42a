// The page's side of the worker that holds a table's rows.
import { DashkeepError } from "../client/dist/index.js";

/** The code of the error when the worker is gone. */
export const LOST = "worker";

const lost = () => new DashkeepError(0, LOST, { detail: "A part of the page could not be loaded." });

export class TableRows {
  #address;
  #worker = null;
  #version = null;
  #getToken;
  #calls = new Map();
  #last = 0;
  #given;
  /** What has been computed since the table changed: the data of each chart, and the number of matching rows. */
  #data = new Map();
  #count = null;
  #changed;

  /**
   * `changed` is called when something that was asked for is there.
   *
   * @param {string} address of the worker's script
   * @param {{ root: string, project?: string, link?: string, key?: string[], getToken: (options: object) => Promise<string>,
   *   changed: () => void }} options a project, or the token of a public link; `key` names the copy that the browser keeps
   */
  constructor(address, { getToken, changed, ...given }) {
    this.#getToken = getToken;
    this.#changed = changed;
    this.#given = given;
    this.#address = address;
    this.#worker = this.#start();
  }

  close() {
    this.#worker?.terminate();
    this.#calls.clear();
  }

  /** Take the copy in this browser; returns what is known of it without its rows, or null. */
  async copy() {
    return this.#take(await this.#call("copy", this.#given));
  }

  /** Load the newest table; returns what is known of it, null for a project without one. Rejects with a DashkeepError. */
  async load() {
    return this.#take(await this.#call("load", this.#given));
  }

  /** Drop the copy in this browser. */
  forget() {
    return this.#call("forget", this.#given);
  }

  /** Return a chart's data, undefined until the worker has computed it. */
  dataOf(id, chart, filters) {
    const wanted = JSON.stringify([chart, filters]);
    const known = this.#data.get(id);
    if (known?.wanted === wanted) return known.data;
    // What is shown stays until there is something newer.
    const asked = { wanted, data: known?.data };
    this.#data.set(id, asked);
    void this.#compute(() => this.#call("data", chart, filters), (data) => (asked.data = data));
    return asked.data;
  }

  /** Compute a chart's data that is not kept. */
  compute(chart, filters) {
    return this.#call("data", chart, filters);
  }

  /** Return the number of rows that match the filters, null until the worker has counted them. */
  countOf(filters) {
    const wanted = JSON.stringify(filters);
    if (this.#count?.wanted === wanted) return this.#count.value;
    const asked = { wanted, value: this.#count?.value ?? null };
    this.#count = asked;
    void this.#compute(() => this.#call("count", filters), (value) => (asked.value = value));
    return asked.value;
  }

  /** Return all rows that a table card is about, as CSV. */
  csvOf(chart, filters) {
    return this.#call("csv", chart, filters);
  }

  /** Return the different values of a column as texts, sorted. */
  choicesOf(column) {
    return this.#call("choices", column);
  }

  suggestions() {
    return this.#call("suggestions");
  }

  /** Return a page of the rows. Rejects with a DashkeepError if the worker was lost, and the rows with it. */
  page(wanted) {
    return this.#held("page", wanted);
  }

  /** Return how many cells of each column are empty. Rejects like `page`. */
  emptyCells() {
    return this.#held("emptyCells");
  }

  async #held(name, ...given) {
    const found = await this.#call(name, ...given);
    if (found === null) throw lost();
    return found;
  }

  /** What was computed from another version is shown until there is something newer. */
  #take(known) {
    if (known?.version !== this.#version) {
      for (const asked of [...this.#data.values(), this.#count]) if (asked) asked.wanted = null;
      this.#version = known?.version;
    }
    return known;
  }

  async #compute(ask, take) {
    take(await ask());
    this.#changed();
  }

  #call(name, ...given) {
    this.#worker ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers();
    const id = (this.#last += 1);
    this.#calls.set(id, { resolve, reject });
    this.#worker.postMessage({ id, name, given });
    return promise;
  }

  #start() {
    const worker = new Worker(this.#address, { type: "module" });
    worker.addEventListener("message", ({ data }) => (data.token ? void this.#sendToken(data) : this.#answer(data)));
    worker.addEventListener("error", () => this.#fail());
    return worker;
  }

  #answer({ id, result, error }) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (!error) call.resolve(result);
    else if (error.status === undefined) call.reject(new Error(error.message));
    else call.reject(new DashkeepError(error.status, error.code, error.problem));
  }

  async #sendToken({ token, options }) {
    try {
      this.#worker.postMessage({ token, value: await this.#getToken(options) });
    } catch ({ message }) {
      this.#worker.postMessage({ token, failure: message });
    }
  }

  /** The worker's script could not be loaded, and its rows are lost: the next call starts another one. */
  #fail() {
    for (const { reject } of this.#calls.values()) reject(lost());
    this.#calls.clear();
    this.#worker.terminate();
    this.#worker = null;
  }
}
