/** A page for React, which looks for it when it is imported: import this module first. */

// Not typed: its types are those of a newer Node.js.
const { Window } = await import(/** @type {string} */ ("happy-dom"));
const window = new Window({ url: "https://app.example.com/" });

Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });
// Newer versions of Node.js have their own, which cannot be assigned.
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
