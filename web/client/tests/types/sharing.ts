/** Sharing has the types that it should; compiled, and never run. */

import { createDashboardClient, type ConflictError, type DashboardConfig, type DocumentState, type Loaded, type Project, type Role, type VersionSummary } from "@dashkeep/client";
import { openLink, sharing, type GivenRole, type Invitation, type Link, type LinkData, type Member, type Members, type PublicLink, type SharedProject, type Sharing, type Team, type WithToken } from "@dashkeep/client/sharing";
import { expectTypeOf } from "expect-type";

interface Typed extends DashboardConfig {
  theme?: { id: "light" | "dark" };
}

const to = { baseUrl: "https://api.example.com", getToken: () => "token" };
const client = createDashboardClient(to);
const calls = sharing(client);
const typed = sharing(createDashboardClient<Typed>(to));

expectTypeOf(calls).toEqualTypeOf<Sharing>();
expectTypeOf(typed).toEqualTypeOf<Sharing<Typed>>();
expectTypeOf<GivenRole>().toEqualTypeOf<"viewer" | "editor">();
expectTypeOf<Role>().toEqualTypeOf<"viewer" | "editor" | "owner">();

expectTypeOf(calls.shared({ limit: 25, cursor: "c" })).resolves.toEqualTypeOf<{ readonly projects: readonly SharedProject[]; readonly nextCursor: string | null }>();
expectTypeOf(calls.members("p")).resolves.toEqualTypeOf<Members>();
expectTypeOf(calls.setRole("p", "i", "editor")).resolves.toEqualTypeOf<Member>();
expectTypeOf(calls.removeMember("p", "i")).resolves.toEqualTypeOf<{ readonly stillThrough: readonly string[] }>();
expectTypeOf(calls.invite("p", { role: "viewer", expiresInDays: 7, uses: 1 })).resolves.toEqualTypeOf<WithToken<Invitation>>();
expectTypeOf(calls.takeBack("p", "n")).resolves.toEqualTypeOf<void>();
expectTypeOf(calls.preview("t")).resolves.toExtend<{ readonly project: { readonly name: string }; readonly role: GivenRole }>();
expectTypeOf(typed.accept("t")).resolves.toEqualTypeOf<{ readonly project: Project<Typed>; readonly role: Role }>();
expectTypeOf(calls.teams.set("p", "sales", "viewer")).resolves.toEqualTypeOf<Team>();
expectTypeOf(calls.teams.remove("p", "sales")).resolves.toEqualTypeOf<void>();
expectTypeOf(calls.links.create("p", { version: 7, expiresAt: new Date() })).resolves.toEqualTypeOf<WithToken<Link>>();
expectTypeOf(calls.links.remove("p", "l", { signal: new AbortController().signal })).resolves.toEqualTypeOf<void>();
// @ts-expect-error A project has one owner.
void calls.invite("p", { role: "owner" });
// @ts-expect-error An invitation gives a role.
void calls.invite("p", {});
// @ts-expect-error There is no such option.
void calls.links.create("p", { days: 7 });

const link = openLink<Typed>({ baseUrl: "https://api.example.com", token: "t", fetch: globalThis.fetch });
expectTypeOf(link).toEqualTypeOf<PublicLink<Typed>>();
expectTypeOf(openLink({ baseUrl: "https://api.example.com", token: "t" })).toEqualTypeOf<PublicLink>();
expectTypeOf(link.config()).resolves.toEqualTypeOf<Loaded<Typed>>();
expectTypeOf(link.data({ rows: [0, 999] })).resolves.toEqualTypeOf<LinkData>();
// @ts-expect-error A link needs its token.
openLink({ baseUrl: "https://api.example.com" });

// Who saved, roles, copies, and removals from history.
expectTypeOf<DocumentState["updatedBy"]>().toEqualTypeOf<string | null>();
expectTypeOf<NonNullable<DocumentState["conflict"]>["updatedBy"]>().toEqualTypeOf<string | null>();
expectTypeOf<ConflictError["updatedBy"]>().toEqualTypeOf<string | null>();
expectTypeOf<VersionSummary["updatedBy"]>().toEqualTypeOf<{ readonly id: string } | undefined>();
expectTypeOf<VersionSummary["removed"]>().toEqualTypeOf<true | undefined>();
expectTypeOf<Project["role"]>().toEqualTypeOf<Role>();
expectTypeOf(client.deleteVersion("p", 3)).resolves.toEqualTypeOf<void>();
expectTypeOf(client.projects.create({ copyOf: "b~p" })).resolves.toEqualTypeOf<Project>();
void client.projects.create({ copyOf: "b~p", id: "mine", name: "Mine", description: "", settings: { tags: [] } });
// @ts-expect-error A copy has the config of its source.
void client.projects.create({ copyOf: "b~p", settings: { dashboardConfig: { chartCustomizations: {} } } });
