import type { StateCreator, StoreApi } from "zustand";
import type { DashboardClient, DashboardConfig, DashboardDocument, OpenOptions } from "./index.js";

export interface DashkeepOptions<State> extends OpenOptions {
  client: DashboardClient;
  projectId: string;
  /** The name under which `persist` kept the state in this browser: it is moved to the server once. */
  name?: string;
  /** The config that a state is saved as; its members of a config's names unless given. */
  partialize?: (state: State) => DashboardConfig;
  /** The state with a config that was loaded; the config's members over the state's unless given. */
  merge?: (config: DashboardConfig, state: State) => State;
}

/** A store made with it has the document as `dashkeep`: its state, `save`, `resolve`, `restore`. */
export function dashkeep<State extends object>(
  initializer: StateCreator<State>,
  options: DashkeepOptions<State>,
): StateCreator<State>;

export type WithDashkeep<State> = StoreApi<State> & { dashkeep: DashboardDocument };
