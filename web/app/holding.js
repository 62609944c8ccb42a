// What the user holds: an open dialog, and what they press, such as a chart that they drag. What others have changed waits
// until they let go.

/** Lost releases, as after a context menu, are noticed with the next movement. */
const POINTER = ["pointerdown", "pointermove", "pointerup", "pointercancel"];

export class Holding {
  #dialogIsOpen;
  #isPressed = false;
  #waiting = new Set();

  /**
   * @param {() => boolean} dialogIsOpen
   * @param {EventTarget} target what hears of the pointer
   */
  constructor(dialogIsOpen, target) {
    this.#dialogIsOpen = dialogIsOpen;
    for (const type of POINTER) target.addEventListener(type, (event) => this.#onPointer(event), { capture: true, passive: true });
  }

  get isDialogOpen() {
    return this.#dialogIsOpen();
  }

  /** Do some work now, or once nothing is held any more; the same function only once. */
  wait(work) {
    if (!this.#isHeld) return work();
    this.#waiting.add(work);
    return undefined;
  }

  /** Do what has waited, if nothing is held any more. */
  release() {
    if (this.#isHeld) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const work of waiting) work();
  }

  get #isHeld() {
    return this.#isPressed || this.#dialogIsOpen();
  }

  #onPointer({ type, buttons }) {
    const wasPressed = this.#isPressed;
    this.#isPressed = type !== "pointercancel" && buttons > 0;
    // After the click, which is meant for what is seen now.
    if (wasPressed && !this.#isPressed) setTimeout(() => this.release());
  }
}

/**
 * Return the environment of a client whose documents do not take over, while something is held, what others have saved: they
 * ask when the page is shown, and when another tab has saved.
 *
 * @param {import("../client/dist/index.js").Environment} environment
 * @param {Holding} holding
 * @returns {import("../client/dist/index.js").Environment}
 */
export function patient(environment, holding) {
  return {
    ...environment,
    listen: (kind, listener) => environment.listen(kind, kind === "shown" ? () => holding.wait(listener) : listener),
    openChannel: (name, heard) => environment.openChannel(name, (message) => holding.wait(() => heard(message))),
  };
}
