import type { StateCreator, StoreApi } from "zustand";
import type { DashboardClient, DashboardConfig, DashboardDocument, OpenOptions } from "./index.js";

export interface DashkeepOptions<State> extends OpenOptions {
  client: DashboardClient;
  projectId: string;
  /** The name that `persist` stored the state under in this browser; that state is moved to the server once. */
  name?: string;
  /** Returns the config to save for a state. Default: the state's members with a config's names. */
  partialize?: (state: State) => DashboardConfig;
  /** Returns the state for a loaded config. Default: the config's members override the state's. */
  merge?: (config: DashboardConfig, state: State) => State;
}

/** A middleware that adds the document to the store as `dashkeep`, with its `state`, `save`, `resolve` and `restore`. */
export function dashkeep<State extends object>(
  initializer: StateCreator<State>,
  options: DashkeepOptions<State>,
): StateCreator<State>;

export type WithDashkeep<State> = StoreApi<State> & { dashkeep: DashboardDocument };
