// The earlier versions of an open dashboard: looking at one, bringing one back, and taking back what one has changed.

/** Unsaved changes are saved first, and these may be what is in conflict. */
const IN_CONFLICT = "Someone else changed the same values as you. Decide what to keep, then take back these changes.";

export class Versions {
  /** An older version shown as a preview instead of the edited one. */
  preview = null;
  #app;
  #page;

  constructor(app, page) {
    this.#app = app;
    this.#page = page;
  }

  /** Show the history, whose script is loaded on first use. */
  open() {
    return this.#app.with(import("./history.js"), ({ openHistory }) => {
      const { id, state, role } = this.#page;
      openHistory(this.#app.dialog, this.#app.client, id, state.version, {
        isOwner: role === "owner",
        people: this.#page.people(),
        look: (version) => this.#show(version),
        restore: (version) => this.#restore(version),
        takeBack: (version) => this.#takeBack(version),
      });
    });
  }

  leavePreview() {
    this.#show(null);
  }

  restorePreview() {
    return this.#app.attempt(() => this.#restore(this.preview.version));
  }

  async #restore(version) {
    await this.#page.following.own(() => this.#page.document.restore(version));
    this.#show(null);
    this.#app.tell(`Version ${version} was restored.`);
  }

  /** Take back what one version changed, and keep what came after it. */
  async #takeBack(version) {
    const before = JSON.stringify(this.#page.state.config);
    const { config } = await this.#page.following.own(() => this.#page.document.undoVersion(version)).catch((error) => {
      if (!this.#page.state.conflict) throw error;
      throw Object.assign(new Error(IN_CONFLICT), { status: error.status });
    });
    this.#show(null);
    const isTakenBack = JSON.stringify(config) !== before;
    this.#app.tell(isTakenBack ? `The changes of version ${version} were taken back.` : `There is nothing to take back: the changes of version ${version} are no longer in the dashboard.`);
  }

  #show(version) {
    this.preview = version;
    this.#app.redraw();
  }
}
