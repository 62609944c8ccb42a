/** One opening of a document: closing it is final for its caller, and leaves the document's other openings alone. */

import type { InternalDocument } from "./document.js";
import { failure } from "./transport.js";
import type { DashboardDocument } from "./types.js";

/** The methods of a document that return a promise, and those that do not. */
export const ASYNC = ["load", "refresh", "save", "resolve", "restore", "undoVersion", "undo", "redo"] as const;
export const SYNC = ["edit", "correct", "setAutosave", "discard"] as const;

/** Create methods that call those of what `target` returns; if it throws, the asynchronous ones reject. */
export function delegates<T, Name extends keyof T & string>(names: readonly Name[], target: () => T): Pick<T, Name> {
  const method = (name: Name): Method => {
    const call: Method = (...given) => (target()[name] as Method)(...given);
    return (ASYNC as readonly string[]).includes(name) ? async (...given) => call(...given) : call;
  };
  return Object.fromEntries(names.map((name) => [name, method(name)])) as Pick<T, Name>;
}

type Method = (...given: unknown[]) => unknown;

/** `closed` is called once, when the opening is closed. */
export function openingOf<Config extends object>(document: InternalDocument<Config>, closed: () => void): DashboardDocument<Config> {
  let isOpen = true;

  function open(): InternalDocument<Config> {
    if (!isOpen) throw failure("closed");
    return document;
  }

  return {
    ...delegates([...SYNC, ...ASYNC], open),
    get state() {
      return document.state;
    },
    // A function of its own: another opening may subscribe the same listener.
    subscribe: (listener) => open().subscribe((state) => isOpen && listener(state)),
    close() {
      if (isOpen) closed();
      isOpen = false;
    },
  };
}
