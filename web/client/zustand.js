/**
 * A Zustand middleware: the store's state is a dashboard's config, loaded from and saved to Dashkeep.
 *
 * `create(dashkeep((set) => ({ … }), { client, projectId }))` replaces `persist`.
 */

import { read } from "./cache.js";
import { same } from "./conflict.js";

/** The config members that a store saves by default; `partialize` overrides them. */
const MEMBERS = ["chartCustomizations", "currentLayout", "filters", "theme", "extensions"];

/** @type {typeof import("./zustand.js").dashkeep} */
export const dashkeep = (initializer, options) => (set, get, api) => {
  const { client, projectId, partialize = pick, merge = (config, state) => ({ ...state, ...config }), name, ...more } = options;
  const document = client.open(projectId, { ...more, ...(name ? { legacyKeys: persisted } : {}) });
  const initial = initializer(set, get, api);
  /** @type {any} the config that the store shows; `kept` is what it saves, as a state may have more than was loaded */
  let shown = null;
  let kept = partialize(initial);
  let isComing = false;

  document.subscribe(({ config }) => {
    if (!config || same(config, shown)) return;
    shown = config;
    isComing = true;
    set(/** @type {any} */ (merge(config, get())), true);
    isComing = false;
    kept = partialize(get());
  });
  api.subscribe((state) => {
    const config = partialize(state);
    if (isComing || same(config, kept)) return;
    kept = shown = config;
    document.edit(config);
  });
  Object.assign(api, { dashkeep: document });
  // The document's state reports a failed load.
  document.load().catch(() => {});
  return initial;

  /** Read the state that `persist` stored. @param {Storage} storage */
  function persisted(storage) {
    const state = read(storage, name ?? "")?.state;
    return state ? partialize(state) : null;
  }
};

/** @param {any} state */
function pick(state) {
  const members = MEMBERS.filter((name) => state[name] !== undefined).map((name) => [name, state[name]]);
  return { chartCustomizations: {}, ...Object.fromEntries(members) };
}
