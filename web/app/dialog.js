// The page's single dialog: its content and its outcome. The browser handles focus and Escape.
import { html, nothing, ref } from "./html.js";

export class Dialog {
  #redraw;
  #shown = null;
  #element = null;

  constructor(redraw) {
    this.#redraw = redraw;
  }

  /**
   * Show a dialog: `body` draws it; `submit` performs its action, and the dialog closes unless that fails with an error or
   * it `staysOpen`.
   *
   * @param {{ title: string | (() => string), body: () => unknown, action?: string, submit?: (form: FormData) => unknown, kind?: string,
   *   staysOpen?: boolean, footer?: () => unknown, closed?: () => void }} dialog
   */
  open(dialog) {
    this.#shown = { ...dialog, error: null, isBusy: false, isChanged: false, isAsking: false };
    this.#redraw();
  }

  close() {
    const closed = this.#shown?.closed;
    this.#shown = null;
    this.#element?.close();
    this.#redraw();
    closed?.();
  }

  get isOpen() {
    return this.#shown !== null;
  }

  /** Whether some work is under way. */
  get isBusy() {
    return this.#shown?.isBusy ?? false;
  }

  redraw() {
    this.#redraw();
  }

  drawn() {
    if (this.#shown && this.#element && !this.#element.open) this.#element.showModal();
  }

  view() {
    const shown = this.#shown;
    if (!shown) return nothing;
    const { title, kind = "", body, submit, action, footer, error, isBusy, isAsking } = shown;
    const onSubmit = (event) => {
      event.preventDefault();
      this.#submit(new FormData(event.target));
    };
    return html`
      <dialog class=${kind} aria-labelledby="dialog-title" @cancel=${(event) => this.#onCancel(event)} @close=${() => this.#onClose()} ${ref((element) => (this.#element = element))}>
        <form @submit=${onSubmit} @input=${() => this.#onInput()}>
          <header>
            <h2 id="dialog-title">${typeof title === "function" ? title() : title}</h2>
            <button type="button" class="icon-button" aria-label="Close" @click=${() => this.close()}>✕</button>
          </header>
          <div class="body">${body()}</div>
          ${error ? html`<p class="problem" role="alert">${error.message}</p>` : nothing}
          ${isAsking ? html`<p class="problem" role="alert">What you entered is not applied yet. Press Escape once more to discard it.</p>` : nothing}
          ${footer ? html`<footer>${footer()}</footer>` : nothing}
          ${submit && !footer
            ? html`<footer>
                <button type="button" @click=${() => this.close()}>${isAsking ? "Discard" : "Cancel"}</button>
                <button type="submit" class="primary" ?disabled=${isBusy}>${action}</button>
              </footer>`
            : nothing}
        </form>
      </dialog>
    `;
  }

  /** Run work that may fail; if it does, the dialog stays open and shows the error. */
  async attempt(work) {
    const shown = this.#shown;
    Object.assign(shown, { error: null, isBusy: true });
    this.#redraw();
    try {
      await work();
      if (this.#shown !== shown) return;
      if (!shown.staysOpen) return this.close();
      shown.isBusy = false;
      this.#redraw();
    } catch (error) {
      if (error.status === undefined) throw error;
      Object.assign(shown, { error, isBusy: false });
      this.#redraw();
    }
  }

  #submit(form) {
    const shown = this.#shown;
    if (!shown.submit || shown.isBusy) return;
    void this.attempt(async () => {
      await shown.submit(form);
      shown.isChanged = false;
    });
  }

  /** Escape may have been meant for a list of choices, so it takes two to discard what was entered. */
  #onCancel(event) {
    event.preventDefault();
    const shown = this.#shown;
    if (!shown.submit || !shown.isChanged || shown.isAsking) return this.close();
    shown.isAsking = true;
    this.#redraw();
  }

  /** Browsers close a dialog without asking at a second Escape. */
  #onClose() {
    if (this.#shown && !this.#element.open) this.close();
  }

  #onInput() {
    Object.assign(this.#shown, { isChanged: true, isAsking: false });
    this.#redraw();
  }
}
