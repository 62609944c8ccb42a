/** Following has the types that it should; compiled, and never run. */

import { createDashboardClient, type DashboardConfig } from "@dashkeep/client";
import { live, type Following, type LiveConnection, type LiveEnvironment, type LiveOptions, type LiveState, type News, type Socket, type SocketEvents } from "@dashkeep/client/live";
import { expectTypeOf } from "expect-type";

interface Typed extends DashboardConfig {
  theme?: { id: "light" | "dark" };
}

const to = { baseUrl: "https://api.example.com", getToken: () => "token" };
const connection = live(createDashboardClient<Typed>(to));

expectTypeOf(connection).toEqualTypeOf<LiveConnection>();
expectTypeOf(live(createDashboardClient(to), {})).toEqualTypeOf<LiveConnection>();
expectTypeOf<LiveState>().toEqualTypeOf<"idle" | "connecting" | "live" | "asking">();
expectTypeOf(connection.state).toEqualTypeOf<LiveState>();
expectTypeOf(connection.subscribe((state) => expectTypeOf(state).toEqualTypeOf<LiveState>())).toEqualTypeOf<() => void>();
expectTypeOf(connection.close()).toEqualTypeOf<void>();
// @ts-expect-error The state is the connection's own.
connection.state = "live";

const stop = connection.follow("p", { changed: (news) => expectTypeOf(news).toEqualTypeOf<News>(), gone: () => {} });
expectTypeOf(stop).toEqualTypeOf<() => void>();
void connection.follow("p", { changed: async () => {} });
expectTypeOf(connection.follow).parameters.toEqualTypeOf<[project: string, following?: Following]>();
expectTypeOf<News>().toEqualTypeOf<{ readonly project: string; readonly configVersion: number | null; readonly dataVersion: string | null; readonly updatedBy: string | null }>();
// @ts-expect-error Documents of the client are found by themselves.
connection.follow("p", { document: null });

expectTypeOf<LiveOptions["environment"]>().toEqualTypeOf<Partial<LiveEnvironment> | undefined>();
expectTypeOf<LiveEnvironment["connect"]>().toEqualTypeOf<(url: string, events: SocketEvents) => Socket>();
// The browser's own fits.
expectTypeOf<WebSocket>().toExtend<Socket>();
