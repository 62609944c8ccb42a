// Which dashboards have unsaved edits in this browser. Other tabs and dashboards that were just left may still be saving.

const EVERY_MS = 2_000;

export class Unsaved {
  #client;
  #changed;
  #addresses = new Set();
  #asking = null;
  #isClosed = false;
  #watch = () => {
    clearInterval(this.#asking);
    this.#asking = setInterval(() => document.visibilityState === "visible" && void this.#find(), EVERY_MS);
    void this.#find();
  };

  constructor(client, changed) {
    this.#client = client;
    this.#changed = changed;
  }

  open() {
    addEventListener("focus", this.#watch);
    this.#watch();
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#asking);
    removeEventListener("focus", this.#watch);
  }

  has(address) {
    return this.#addresses.has(address);
  }

  async #find() {
    let found = [];
    try {
      found = await this.#client.projects.unsaved();
    } catch (error) {
      if (error.status === undefined) throw error;
      // Without a user, no edits are theirs; the list says why, and the next focus asks again.
      clearInterval(this.#asking);
    }
    if (this.#isClosed || String(found) === String([...this.#addresses])) return;
    this.#addresses = new Set(found);
    this.#changed();
  }
}
