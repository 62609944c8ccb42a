/** What the tests of documents share. */

import { CONFIG, titled, world } from "./support.js";

/**
 * Open the project "p" and load it; a new server has it at version 1.
 *
 * @param {any} [options] those of `world`, and of `client.open`
 */
export async function opened({ server, browser, user, userClaim, getToken, timeout, storage, project = "p", ...options } = {}) {
  const given = Object.entries({ server, browser, user, userClaim, getToken, timeout, storage }).filter(([, value]) => value !== undefined);
  const made = world(Object.fromEntries(given));
  if (!server) made.server.save(CONFIG);
  const document = made.client.open(project, { autosave: false, ...options });
  await document.load();
  return { ...made, document };
}

/** Kill a tab whose save was accepted at version 2 but not answered; somebody else has made version 3 since. */
export async function killedUnanswered() {
  const made = await opened();
  made.document.edit(titled("mine"));
  made.server.instead = [made.server.lose];
  await made.document.save().catch(() => {});
  made.tab.kill();
  made.server.save({ ...titled("mine"), theme: "dark" });
  return made;
}

/** @param {any} document */
export const title = (document) => document.state.config.chartCustomizations.c1.title;

/** @type {(member: string, value: unknown) => (config: any) => any} */
export const setting = (member, value) => (config) => ({ ...config, [member]: value });

/** @type {(name: string, chart: any) => (config: any) => any} */
export const charted = (name, chart) => (config) => ({ ...config, chartCustomizations: { ...config.chartCustomizations, [name]: chart } });

/** The configs in history, the empty beginning left out. @param {import("./support.js").Server} server */
export const history = (server) => server.versions.slice(1).map(({ config }) => config);

/** A request that is processed when `go` is called: `gone` resolves to nothing then. */
export function held() {
  /** @type {(nothing?: undefined) => void} */
  let go = () => {};
  /** @type {Promise<any>} */
  const gone = new Promise((resolve) => (go = resolve));
  return { gone, go };
}
