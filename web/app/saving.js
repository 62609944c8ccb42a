// The saving of an open dashboard: the user's actions, and what the page knows besides the document's own state.
import { openConflictDialog } from "./conflict.js";
import { otherThanYou } from "./news_words.js";
import { isSignedOut, statusInWords, troubleOf } from "./saving_words.js";

const AUTOSAVE_KEY = "dashkeep.autosave";
/** Storing an edit takes less. */
const STORING_MS = 500;

export const isAutosaveOn = () => localStorage.getItem(AUTOSAVE_KEY) !== "off";

export class Saving {
  /** Whether edits are not durable in this browser, although there was time to store them. */
  isUnkept = false;
  /** Whether the dashboard was there and is not any more, at least not for this user; until the server has it again. */
  isDeleted = false;
  /** Whether the user has read what could not be moved of an older version's copy. */
  isNotMovedRead = false;
  #app;
  #page;
  #storing = null;
  /** The kind of trouble whose banner the user has closed. */
  #closed = null;
  #isLeft = false;

  constructor(app, page) {
    this.#app = app;
    this.#page = page;
    addEventListener("beforeunload", this.#onUnload);
    addEventListener("keydown", this.#onKey);
  }

  /** Close the document as soon as its edits are stored: until then, they are there for the next one who opens it. */
  close() {
    this.#isLeft = true;
    clearTimeout(this.#storing);
    removeEventListener("keydown", this.#onKey);
    if (this.isUnkept) this.#app.tell(`“${this.#page.title || "Dashboard"}” has changes that this browser cannot store. Keep this page open, and go back to save them.`);
    if (this.#state.isKept) this.#end();
    else this.#page.document.subscribe(({ isKept }) => isKept && this.#end());
  }

  #end() {
    removeEventListener("beforeunload", this.#onUnload);
    this.#page.document.close();
  }

  // --- what is shown ---

  get isShared() {
    return this.#page.isShared;
  }

  /** Who else has saved what is shown, as far as that is known. */
  get savedBy() {
    return otherThanYou(this.#state.updatedBy, this.#page.knownPeople);
  }

  get status() {
    return statusInWords(this.#state, this);
  }

  get trouble() {
    return troubleOf(this.#state, this);
  }

  /** The trouble whose banner is open. */
  get shown() {
    const { trouble } = this;
    return trouble?.kind === this.#closed ? null : trouble;
  }

  closeBanner() {
    if (this.shown) this.#closed = this.shown.kind;
    else this.isNotMovedRead ||= this.#state.notMoved.length > 0;
    this.#app.redraw();
  }

  openBanner() {
    this.#closed = null;
    this.#app.redraw();
  }

  /** Follow a change of the document's state. */
  changed() {
    const { error, origin, isDirty, isKept } = this.#state;
    if (error?.status === 404 && origin) this.isDeleted = true;
    else if (!error) this.isDeleted = false;
    if (this.trouble?.kind !== this.#closed) this.#closed = null;
    if (isDirty && !isKept) {
      this.#storing ??= setTimeout(() => this.#setUnkept(true), STORING_MS);
      return;
    }
    clearTimeout(this.#storing);
    this.#storing = null;
    this.#setUnkept(false);
  }

  #setUnkept(isUnkept) {
    this.isUnkept = isUnkept;
    this.#app.redraw();
  }

  // --- actions ---

  /** Save, or compare both sides if somebody else has changed the same values. */
  async save() {
    if (this.#page.isReadOnly) return;
    this.openBanner();
    // The state has the result and is shown.
    if (!this.#state.conflict) await this.#page.document.save().catch(() => {});
    this.decideConflict();
  }

  setAutosave(on) {
    localStorage.setItem(AUTOSAVE_KEY, on ? "on" : "off");
    this.#page.document.setAutosave(on);
  }

  decideConflict() {
    const { conflict } = this.#state;
    if (!conflict || this.#isLeft) return;
    openConflictDialog(this.#app.dialog, conflict, this.#page.people(), (choice) => {
      // The state has the result and is shown; another save may have come in between.
      void this.#page.document.resolve(choice).catch(() => this.decideConflict());
    });
  }

  /** Get a new token, then load what is missing; a save that waits for it is repeated. */
  async signInAgain() {
    // Whether that succeeds is seen by loading.
    await this.#app.session.token({ refresh: true }).catch(() => {});
    await this.#page.loadAgain();
    if (isSignedOut(this.#state)) this.#app.tell("You could not be signed in. Check the connection, then try again.");
  }

  /** Restore the dashboard that was deleted; edits that are not saved stay. */
  async restoreDashboard() {
    try {
      await this.#app.client.projects.restore(this.#page.id);
    } catch (error) {
      if (error.status === undefined) throw error;
      this.#app.tell(error.status === 404 ? "This dashboard can no longer be restored." : error.message);
      return;
    }
    this.isDeleted = false;
    this.#app.tell("The dashboard was restored.");
    await this.#page.loadAgain();
  }

  // --- events ---

  /** Have the browser ask before edits are lost. */
  #onUnload = (event) => this.#state.isKept || event.preventDefault();

  #onKey = (event) => event.key === "Escape" && !document.querySelector("dialog[open]") && this.closeBanner();

  get #state() {
    return this.#page.document.state;
  }
}
