// The configs that thumbnails are drawn from. They come after the list, which does not wait for what only decorates it.

/** The server's own limit of a page with configs. */
const PAGE_SIZE = 25;

export class Layouts {
  #client;
  #changed;
  /** By address. */
  #configs = new Map();
  #cursor;
  #wanted = [];
  #isLoading = false;
  #isClosed = false;

  constructor(client, changed) {
    this.#client = client;
    this.#changed = changed;
  }

  of(address) {
    return this.#configs.get(address);
  }

  put(address, config) {
    this.#configs.set(address, config);
  }

  /** Load page after page until all of these dashboards have their configs. */
  async want(addresses) {
    this.#wanted = addresses;
    if (this.#isLoading) return;
    this.#isLoading = true;
    while (!this.#isClosed && this.#cursor !== null && this.#wanted.some((each) => !this.#configs.has(each))) await this.#loadPage();
    this.#isLoading = false;
  }

  close() {
    this.#isClosed = true;
  }

  async #loadPage() {
    try {
      const { projects, nextCursor } = await this.#client.projects.list({ limit: PAGE_SIZE, include: "dashboardConfig", ...(this.#cursor && { cursor: this.#cursor }) });
      for (const { address, dashboardConfig } of projects) this.#configs.set(address, dashboardConfig?.config);
      this.#cursor = nextCursor;
    } catch (error) {
      if (error.status === undefined) throw error;
      // The thumbnails stay empty: the list has all that is needed.
      this.#cursor = null;
    }
    if (!this.#isClosed) this.#changed();
  }
}
