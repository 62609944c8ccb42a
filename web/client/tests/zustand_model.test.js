import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import "./arbitrary.js";
import { charts, initializer, shown, stored } from "./stores.js";
import { Browser, Server } from "./support.js";

const LATER = 5_000;

/** What an initial state shows where a config lacks the member. */
const INITIAL = { ...charts("c1", "c4"), theme: { id: "light" } };

/** @type {any} */
const state = (/** @type {any} */ set, /** @type {any} */ get) => ({ ...initializer(set, get), ...INITIAL });

const name = fc.constantFrom("c1", "c2", "c3");
const value = fc.constantFrom(1, 2, 3);

/** A step: what happens, where, and with what. */
const step = fc.record({
  kind: fc.constantFrom("chart", "remove chart", "filters", "no filters", "theme", "menu", "invalid", "correct", "discard", "save", "wait", "elsewhere", "delete", "offline", "shown", "reopen", "reset"),
  tab: fc.nat(1),
  name,
  value,
});

/** @type {Record<string, (made: any, given: { name: string, value: number }) => unknown>} */
const STEPS = {
  "chart": ({ store }, { name: chart, value: title }) => store.getState().setChart(chart, { title }),
  "remove chart": ({ store }, { name: chart }) => store.setState((/** @type {any} */ { chartCustomizations: { [chart]: _, ...rest } }) => ({ chartCustomizations: rest })),
  "filters": ({ store }, { name: id, value: from }) => store.setState({ filters: [{ id, from }] }),
  "no filters": ({ store }) => store.setState({ filters: undefined }),
  "theme": ({ store }, { value: id }) => store.getState().setTheme(`theme ${id}`),
  "menu": ({ store }) => store.getState().toggleMenu(),
  "invalid": ({ store }, { name: chart }) => store.getState().setChart(chart, { title: new Map() }),
  "correct": ({ store, doc }, { value: x }) => doc.correcting(() => store.setState({ currentLayout: [{ i: "c1", x }] })),
  "discard": ({ doc }) => doc.discard(),
  "save": ({ doc }) => void doc.save().catch(() => {}),
  "wait": ({ browser }) => browser.advance(LATER),
  "elsewhere": ({ server }, { name: chart, value: title }) => server.save({ ...server.config, chartCustomizations: { ...server.config?.chartCustomizations, [chart]: { title } }, annotations: title }),
  "delete": ({ server }) => server.save(null),
  "offline": ({ server }) => void server.instead.push(new TypeError("offline")),
  "shown": ({ tab }) => tab.happens("shown"),
  "reopen": ({ doc }) => doc.open("p"),
  "reset": ({ store }) => store.setState(store.getInitialState(), true),
};

/** Let everything come to rest: values that cannot be saved are given up, and conflicts are settled. @param {any} made */
async function rest({ browser, tab, doc }) {
  for (let turn = 0; turn < 8; turn += 1) {
    if (doc.state.error?.code === "not-json") doc.discard();
    if (doc.state.conflict) doc.resolve("mine").catch(() => {});
    await browser.advance(120_000);
    await tab.happens("shown");
  }
}

test("whatever happens, stores at rest show the server's config, and say so", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const [browser, server] = [new Browser(), new Server()];
      const tabs = [await stored({ browser, server, state }), await stored({ browser, server, state })];
      for (const { kind, tab, ...given } of steps) {
        const made = /** @type {any} */ (tabs[tab]);
        await STEPS[kind]?.(made, given);
        checkNow(made);
      }
      server.instead = [];
      for (const made of [...tabs, ...tabs]) await rest(made);
      for (const { store, doc } of tabs) {
        const { annotations, ...known } = server.config ?? {};
        if (doc.state.status !== "corrected") {
          assert.equal(doc.state.status, "clean");
          assert.deepEqual(shown(store), { ...INITIAL, ...known });
          assert.deepEqual(doc.state.config, server.config);
        }
        assert.equal(doc.state.version, server.version);
      }
    }),
    { numRuns: 60 },
  );
});

/** What is true at every moment: the store and the document's state agree, or the state says that edits are not kept. @param {any} made */
function checkNow({ store, doc }) {
  const { config, isKept } = doc.state;
  const { annotations, ...known } = config ?? {};
  if (isKept) assert.deepEqual(shown(store), { ...INITIAL, ...known });
}
