/** What the tests of the Zustand middleware share. */

import { createStore } from "zustand/vanilla";

// The client loads it when it is needed; here, no test should wait for it.
import "../dist/legacy.js";
import { dashkeep } from "../dist/zustand.js";
import { settled, world } from "./support.js";

/** The state of an application: members of a config, something else, and actions. @type {any} */
export const initializer = (/** @type {any} */ set, /** @type {any} */ get) => ({
  chartCustomizations: {},
  theme: { id: "light" },
  isMenuOpen: false,
  setChart: (/** @type {string} */ name, /** @type {any} */ chart) =>
    set((/** @type {any} */ state) => ({ chartCustomizations: { ...state.chartCustomizations, [name]: chart } })),
  setTheme: (/** @type {string} */ id) => set({ theme: { id } }),
  toggleMenu: () => set({ isMenuOpen: !get().isMenuOpen }),
});

/** The configs of a project as somebody else saves them. @type {(...charts: string[]) => any} */
export const charts = (...names) => ({ chartCustomizations: Object.fromEntries(names.map((name) => [name, { title: name }])) });

/**
 * Create a store in a tab of its own, and wait until it has loaded. `saved` is what the server has at version 1.
 *
 * @param {any} [options] those of `world` and of the middleware; `state` is the initializer, and `wrap` adds middlewares
 */
export async function stored({ server, browser, user, getToken, saved, state = initializer, wrap = (/** @type {any} */ creator) => creator, ...options } = {}) {
  const given = Object.entries({ server, browser, user, getToken }).filter(([, value]) => value !== undefined);
  const made = world(Object.fromEntries(given));
  if (saved) made.server.save(saved);
  /** @type {any} */
  const store = createStore(wrap(dashkeep(state, { client: made.client, projectId: "p", legacyKeys: null, ...options })));
  await settled();
  return { ...made, store, doc: store.dashkeep };
}

/** Another device saves, and the tab hears of it when it is shown. @param {any} made @param {any} config */
export async function elsewhere(made, config) {
  made.server.save(config);
  await made.tab.happens("shown");
}

/** The configs in history. @param {any} server */
export const history = (server) => server.versions.slice(1).map((/** @type {any} */ each) => each.config);

/** The members of a config that a store shows. @param {any} store */
export function shown(store) {
  const { chartCustomizations, currentLayout, filters, theme, extensions } = store.getState();
  return JSON.parse(JSON.stringify({ chartCustomizations, currentLayout, filters, theme, extensions }));
}
