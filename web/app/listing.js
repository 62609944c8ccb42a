// A list of dashboards that is loaded page by page, as far as it is wanted.

export class Listing {
  #load;
  #mostPerPage;
  #changed;
  /** By address, which is unique among all users. */
  #projects = new Map();
  #cursor;
  #wanted = 0;
  #isClosed = false;
  isLoading = false;
  /** Why the last page could not be loaded, null if it was. */
  error = null;

  /**
   * @param {(page: { limit: number, cursor?: string }) => Promise<{ projects: object[], nextCursor: string | null }>} load
   * @param {number} mostPerPage
   * @param {() => void} changed called after each change
   */
  constructor(load, mostPerPage, changed) {
    this.#load = load;
    this.#mostPerPage = mostPerPage;
    this.#changed = changed;
  }

  get projects() {
    return [...this.#projects.values()];
  }

  get isWhole() {
    return this.#cursor === null;
  }

  /** Load until there are so many, or all; after an error, from where it has stopped. */
  async want(number) {
    this.#wanted = Math.max(this.#wanted, number);
    if (this.isLoading) return;
    this.isLoading = true;
    this.error = null;
    this.#tell();
    try {
      while (!this.#isClosed && !this.isWhole && this.#projects.size < this.#wanted) await this.#loadPage();
    } catch (error) {
      if (error.status === undefined) throw error;
      this.error = error;
    } finally {
      this.isLoading = false;
    }
    this.#tell();
  }

  /** Add dashboards; of one that is there, what is new replaces what was. */
  put(...projects) {
    for (const project of projects) this.#projects.set(project.address, { ...this.#projects.get(project.address), ...project });
    this.#tell();
  }

  remove(address) {
    this.#projects.delete(address);
    this.#tell();
  }

  close() {
    this.#isClosed = true;
  }

  async #loadPage() {
    const limit = Math.min(this.#mostPerPage, this.#wanted - this.#projects.size);
    const { projects, nextCursor } = await this.#load({ limit, ...(this.#cursor && { cursor: this.#cursor }) });
    this.#cursor = nextCursor;
    this.put(...projects);
  }

  #tell() {
    if (!this.#isClosed) this.#changed();
  }
}
