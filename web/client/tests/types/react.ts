/** The hook has the types of its client; never run. */

import { createDashboardClient, type DashboardConfig, type DashboardDocument, type DocumentState, type Loaded } from "@dashkeep/client";
import { useDashboard, type Dashboard } from "@dashkeep/client/react";
import { expectTypeOf } from "expect-type";

interface Typed extends DashboardConfig {
  chartCustomizations: { [id: string]: { title: string } };
  theme?: { id: "light" | "dark" };
}

const to = { baseUrl: "https://api.example.com", getToken: () => "token" };
const client = createDashboardClient(to);
const typed = createDashboardClient<Typed>(to);
const loaded: Loaded<Typed> = { config: { chartCustomizations: { c1: { title: "Revenue" } } }, version: 1, updatedAt: null };

expectTypeOf(useDashboard(client, "sales")).toEqualTypeOf<Dashboard>();
expectTypeOf(useDashboard(client, null)).toEqualTypeOf<Dashboard>();
expectTypeOf(useDashboard(typed, "sales", { sessionId: "session", autosave: false, loaded })).toEqualTypeOf<Dashboard<Typed>>();
// What a server could not load.
useDashboard(typed, "sales", { loaded: undefined });

const dashboard = useDashboard(typed, "sales");
expectTypeOf(dashboard).toExtend<DocumentState<Typed>>();
expectTypeOf(dashboard.config).toEqualTypeOf<Typed | null>();
expectTypeOf(dashboard.edit).toEqualTypeOf<DashboardDocument<Typed>["edit"]>();
expectTypeOf(dashboard.resolve).toEqualTypeOf<DashboardDocument<Typed>["resolve"]>();
expectTypeOf(dashboard.resolve((pointer) => (pointer.length > 6 ? "mine" : "theirs"))).toEqualTypeOf<Promise<DocumentState<Typed>>>();
expectTypeOf(dashboard.save()).toEqualTypeOf<Promise<DocumentState<Typed>>>();
expectTypeOf(dashboard.undo()).toEqualTypeOf<Promise<void>>();
dashboard.edit((config) => ({ ...config, theme: { id: "dark" } }));

// @ts-expect-error No such theme.
dashboard.edit((config) => ({ ...config, theme: { id: "blue" } }));
// @ts-expect-error Unmounting closes it.
dashboard.close();
// @ts-expect-error A hook needs an address, or null.
useDashboard(client);
// @ts-expect-error An option that does not exist is a mistake.
useDashboard(client, "sales", { autosav: false });
// @ts-expect-error The server's config has the client's type.
useDashboard(typed, "sales", { loaded: { ...loaded, config: { chartCustomizations: { c1: { title: 7 } } } } });
