/**
 * A Zustand middleware: the store's state is a dashboard's config, loaded from and saved to Dashkeep.
 *
 * `create(dashkeep((set) => ({ … }), { client, projectId }))` replaces `persist`. Only changes pass between the two: changes
 * to the store are applied to the config, and a config that arrives is put into the store. So members that the store does
 * not know stay in the config, and untouched initial values are never saved.
 */

import type { StateCreator, StoreApi, StoreMutatorIdentifier } from "zustand/vanilla";

import { carryOver } from "./carry.js";
import { EMPTY } from "./core.js";
import type { InternalDocument, InternalOptions } from "./document.js";
import { DashkeepError } from "./errors.js";
import { identityOf, nameOf } from "./identity.js";
import { isEqual, isObject, member, toJson, type Json, type JsonObject } from "./json.js";
import { ASYNC, delegates, SYNC } from "./opening.js";
import { failure } from "./transport.js";
import type { DashboardClient, DashboardConfig, DashboardDocument, DocumentState, OpenOptions } from "./types.js";

export interface DashkeepOptions<State, Config extends object = DashboardConfig> extends Omit<OpenOptions<Config>, "initial"> {
  client: DashboardClient<Config>;
  /** The project's id or address; null if no project is open yet. */
  projectId: string | null;
  /** The name under which `persist` stored the state in this browser; that state is moved to the server once. */
  name?: string;
  /** Returns the config to save for a state. Default: the state's members with a config's names. */
  partialize?: (state: State) => Config;
  /**
   * Returns the state for a loaded config. `state` is the current one, with the config's members at their initial values.
   * Default: the config's members override these.
   */
  merge?: (config: Config, state: State) => State;
  /** The version of the config's schema, stored in `extensions.storeVersion`. Default: 0. */
  version?: number;
  /** Migrates what another version saved, a config or a state that `persist` stored, to the current schema. */
  migrate?: (saved: unknown, version: number) => Config;
}

/** The store's document, which `open` replaces. */
export interface StoreDashboard<Config extends object = DashboardConfig> extends DashboardDocument<Config> {
  /** Open another project in this store, or no project. */
  open(projectId: string | null): void;
  /** Change the store without a user's edit: `correcting(() => store.setState(…))`. */
  correcting(change: () => void): void;
}

type Write<T, U> = Omit<T, keyof U> & U;

declare module "zustand/vanilla" {
  // eslint-disable-next-line
  interface StoreMutators<S, A> {
    "@dashkeep/client": Write<S, { dashkeep: StoreDashboard<A extends object ? A : DashboardConfig> }>;
  }
}

/** The middleware's type, which composes with Zustand's other middlewares, inside or outside of them. */
export type Dashkeep = <
  State,
  Mps extends [StoreMutatorIdentifier, unknown][] = [],
  Mcs extends [StoreMutatorIdentifier, unknown][] = [],
  Config extends object = DashboardConfig,
>(
  initializer: StateCreator<State, [...Mps, ["@dashkeep/client", unknown]], Mcs>,
  options: DashkeepOptions<State, Config>,
) => StateCreator<State, Mps, [["@dashkeep/client", Config], ...Mcs]>;

/** The config members that a store saves by default; `partialize` overrides them. */
const MEMBERS = ["chartCustomizations", "currentLayout", "filters", "theme", "extensions"];
const VERSION = "storeVersion";

const middleware =
  <State extends object, Config extends object>(initializer: StateCreator<State>, options: DashkeepOptions<State, Config>): StateCreator<State> =>
  (set, get, api) => {
    const { client, projectId, name, version = 0, migrate, partialize = picked, merge = placed, ...opening } = options;
    const initial = initializer(set, get, api);
    const initialView = toJson(partialize(initial)) as JsonObject;
    const listeners = new Set<(state: DocumentState<Config>) => void>();
    let document: InternalDocument<Config>;
    let isIdle = true;
    /** The last state that the listeners received. */
    let told: DocumentState<Config> | null = null;
    /** The saved part of the state when the store was last in sync with the config `shown`. */
    let view: Json = initialView;
    let shown: Json | undefined = null;
    /** Why store and config are out of sync: the store's edits were rejected, or a config could not be put into it. */
    let held: DashkeepError | null = null;
    let isBehind = false;
    /** The last config that was put into the store, or that failed to be. */
    let tried: Json | undefined;
    /** What a change of the store counts as; null while a config is put into it. */
    let kind: "edit" | "correct" | null = "edit";

    function members(from: object, areSaved = true): [string, unknown][] {
      return Object.entries(from).filter(([member, value]) => MEMBERS.includes(member) === areSaved && !(areSaved && value === undefined));
    }

    function picked(state: State): Config {
      return { chartCustomizations: {}, ...Object.fromEntries(members(state)) } as unknown as Config;
    }

    /** Reset the members of an earlier config to their initial values, or drop them, and apply the new config. */
    function placed(config: object, state: State): State {
      return Object.fromEntries([...members(state, false), ...members(initial), ...members(config)]) as State;
    }

    function viewOf(state: State): Json {
      return toJson(partialize(state), view);
    }

    /** Migrate a config to the current schema. */
    function migrated(config: Json): Json {
      if (!migrate || !config || savedBy(config) === version) return config;
      // `migrate` may mutate its argument, as with `persist`.
      const present = toJson(migrate(structuredClone(config), savedBy(config)), config);
      return present === config ? config : stamped(present);
    }

    function stamped(config: Json): Json {
      return toJson({ ...(config as JsonObject), extensions: { ...(member(config, "extensions") as JsonObject | undefined), [VERSION]: version } });
    }

    /** Keep the version of a schema newer than this page's, so that newer pages do not migrate the config again. */
    function marked(config: Json): Json {
      return savedBy(config) >= version ? config : stamped(config);
    }

    /** Apply the store's changes since `before` to the config; returns whether there were any. */
    function hand(change: "edit" | "correct", before: Json, onto?: Json): boolean {
      let after: Json | undefined;
      try {
        after = viewOf(get());
        const isSame = isEqual(before, after);
        if (isSame && (held ? isBehind : onto === undefined)) return false;
        if (held && isBehind) throw held;
        const made = after;
        const wasInStep = isEqual(document.state.config as Json, shown);
        document[change]((config) => {
          const next = isSame && onto === undefined ? (config as Json) : marked(put(before, onto ?? (config as Json), made));
          held = null;
          view = made;
          // Initial values stand in only for members that the config lacks entirely.
          if (wasInStep && isEqual(seen({ ...initialView, ...(next as JsonObject) }, made), made)) shown = next;
          return next as unknown as Config;
        });
      } catch (error) {
        // A listener of the document threw, not the edit.
        if (after !== undefined && !(error instanceof DashkeepError)) throw error;
        hold(error, true);
      }
      return true;
    }

    /** Put a config into the store; any further change that the store makes meanwhile is a correction. */
    function arrive({ config, error }: DocumentState<Config>): void {
      const arrived = config as Json;
      const isHeld = held !== null && error === held;
      if (isHeld ? arrived === tried : !held && isEqual(arrived, shown)) return;
      tried = arrived;
      let [present, expected] = [arrived, arrived];
      let next: State;
      try {
        present = migrated(arrived);
        next = merge((present as unknown as Config | null) ?? partialize(initial), placed({}, get()));
        expected = viewOf(next);
      } catch (cause) {
        return hold(cause, false);
      }
      held = null;
      isBehind = false;
      if (isHeld && hand("edit", view)) return;
      view = expected;
      shown = arrived;
      try {
        quietly(() => api.setState(next, true, ...(["dashkeep/arrived"] as unknown as [])));
      } catch (cause) {
        // Report a subscriber's exception like any uncaught error, and carry on.
        void Promise.reject(cause);
      }
      hand("correct", seen({ ...initialView, ...(present as JsonObject | null) }, expected) as Json, present === arrived ? undefined : present);
    }

    /** Report in the state why store and config are out of sync. */
    function hold(cause: unknown, isEdit: boolean): void {
      held = cause instanceof DashkeepError ? cause : failure("store", { cause });
      isBehind ||= !isEdit;
      document.report(held, isEdit);
      tell();
    }

    function quietly(change: () => void, as: typeof kind = null): void {
      const before = kind;
      kind = as;
      try {
        change();
      } finally {
        kind = before;
      }
    }

    /** Read a state that `persist` stored; members that it lacks have their initial values. */
    function read(state: unknown, saved: number): JsonObject {
      return toJson(migrate && saved !== version ? migrate(state, saved) : partialize({ ...initial, ...(state as State) })) as JsonObject;
    }

    function tell(): void {
      if (document.state === told) return;
      told = document.state;
      for (const listener of [...listeners]) listener(told);
    }

    function open(project: string | null): void {
      // The first time, there is no document yet, and the store is about to get its initial state.
      const autosave = told && { autosave: told.autosave };
      if (told) document.close();
      const legacy = name === undefined ? {} : { persisted: { name, initial: initialView, read, marked } };
      document = client.open(project ?? "", { ...opening, ...autosave, initial: initialView as unknown as Config, isOwn: true, ...legacy } as InternalOptions<Config>) as InternalDocument<Config>;
      isIdle = project === null;
      held = null;
      isBehind = false;
      shown = told && undefined;
      arrive(document.state);
      document.subscribe((state) => {
        arrive(state);
        tell();
      });
      tell();
      // The document's state reports a failed load.
      if (!isIdle) document.loadIfPage();
    }

    /** The document for a request, which needs a project. */
    function asked(): InternalDocument<Config> {
      if (isIdle) throw failure("closed");
      return document;
    }

    const dashboard = {
      ...delegates(SYNC, () => document),
      ...delegates(ASYNC, asked),
      close: () => document.close(),
      get state() {
        return document.state;
      },
      subscribe(listener: (state: DocumentState<Config>) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      open,
      correcting: (change: () => void) => quietly(change, "correct"),
    };
    Object.assign(api, { dashkeep: dashboard });
    api.subscribe(() => kind && hand(kind, view));
    open(projectId);
    return initial;
  };

/** Apply the difference between two views to a config; if nothing is saved yet, edited members are saved whole. */
function put(before: Json, config: Json, after: Json): Json {
  const isNothing = config === EMPTY;
  return toJson({ ...(isNothing && (EMPTY as JsonObject)), ...(carryOver(before, after, isNothing ? {} : config) as JsonObject) });
}

function savedBy(config: Json): number {
  return Number(member(member(config, "extensions"), VERSION) ?? 0);
}

/** Return the part of a config that a view has, so that what the store does not know is not corrected. */
function seen(config: Json | undefined, view: Json | undefined): Json | undefined {
  if (config === view) return view;
  if (isObject(config) && isObject(view)) {
    return Object.fromEntries(Object.keys(view).flatMap((name) => (Object.hasOwn(config, name) ? [[name, seen(config[name], view[name]) as Json]] : [])));
  }
  const identity = identityOf(config, view);
  if (!identity) return config;
  return (config as readonly Json[]).flatMap((each) => {
    const known = (view as readonly Json[]).find((other) => nameOf(other, identity) === nameOf(each, identity));
    return known ? [seen(each, known) as Json] : [];
  });
}

export const dashkeep = middleware as unknown as Dashkeep;

/** A store with its document. */
export type WithDashkeep<State, Config extends object = DashboardConfig> = StoreApi<State> & { dashkeep: StoreDashboard<Config> };
