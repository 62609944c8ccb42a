// The whole window as a target for a file that is dragged onto it.
const isFile = ({ dataTransfer }) => dataTransfer.types.includes("Files");

export class DropTarget {
  /** Whether a file is above the window. */
  isOver = false;
  #canDrop;
  #changed;
  #dropped;

  /** @param {{ canDrop: () => boolean, changed: () => void, dropped: (files: DataTransfer) => void }} options */
  constructor({ canDrop, changed, dropped }) {
    this.#canDrop = canDrop;
    this.#changed = changed;
    this.#dropped = dropped;
  }

  /** The listeners by type of event, for the window. */
  get listeners() {
    return {
      dragover: (event) => this.#onOver(event),
      // Without a related target, the file has left the window.
      dragleave: (event) => !event.relatedTarget && this.#set(false),
      drop: (event) => this.#onDrop(event),
    };
  }

  #onOver(event) {
    if (!isFile(event)) return;
    // Also where it cannot be dropped, or the browser would open the file in place of the page.
    event.preventDefault();
    event.dataTransfer.dropEffect = this.#canDrop() ? "copy" : "none";
    this.#set(this.#canDrop());
  }

  #onDrop(event) {
    if (!isFile(event)) return;
    event.preventDefault();
    this.#set(false);
    if (this.#canDrop()) this.#dropped(event.dataTransfer);
  }

  #set(isOver) {
    if (this.isOver === isOver) return;
    this.isOver = isOver;
    this.#changed();
  }
}
