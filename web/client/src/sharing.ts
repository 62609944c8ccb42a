/** Sharing projects, and reading public links. An entry of its own: most pages that show a dashboard need neither. */

import { repeated, type InternalClient } from "./calls.js";
import { browserEnvironment, type Environment } from "./environment.js";
import { accepted, createTransport, pathOf, required, urlOf, type RequestOptions } from "./transport.js";
import type { Abortable, DashboardClient, DashboardConfig, DataSchema, Loaded, Project, ProjectSummary, Role, Row, RowRange } from "./types.js";

/** A role that can be given to others. */
export type GivenRole = Exclude<Role, "owner">;

/** A person within one project; the name is the one that they had when they accepted. */
export interface Person {
  /** The same as in `updatedBy`: it names the person in this project alone. */
  readonly id: string;
  readonly name?: string;
}

export interface Member extends Person {
  readonly role: GivenRole;
  readonly since: string;
  /** The member has access through a team only. */
  readonly through?: "team";
}

export interface Team {
  readonly name: string;
  readonly role: GivenRole;
  readonly since: string;
}

export interface Invitation {
  readonly invitationId: string;
  readonly role: GivenRole;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** How many people may accept it, and how many have. */
  readonly uses: number;
  readonly used: number;
}

export interface Link {
  readonly linkId: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  /** The version of the config, and of the table, that the link shows; without them, it shows the newest. */
  readonly version?: number;
  readonly dataVersion?: number;
}

/** The token is shown once: only who has it can use what was made. */
export type WithToken<T> = T & { readonly token: string };

/** Who may what; editors do not get invitations and links, and viewers only the owner and themselves. */
export interface Members {
  /** The user's own id. */
  readonly you: string;
  readonly owner: Person;
  readonly members: readonly Member[];
  readonly teams?: readonly Team[];
  readonly invitations?: readonly Invitation[];
  readonly links?: readonly Link[];
}

/** A project that somebody shares with the user. */
export interface SharedProject extends ProjectSummary<never> {
  readonly owner: Person;
  readonly role: GivenRole;
  readonly since: string;
}

export interface Sharing<Config extends object = DashboardConfig> {
  /** The projects that others share with the user or their teams, the newest grant first; at most 25. */
  shared(options?: Abortable & { limit?: number; cursor?: string }): Promise<{ readonly projects: readonly SharedProject[]; readonly nextCursor: string | null }>;
  members(project: string, options?: Abortable): Promise<Members>;
  setRole(project: string, memberId: string, role: GivenRole, options?: Abortable): Promise<Member>;
  /** Remove a member, or leave with the id `you`. `stillThrough` names the teams that still let them in. */
  removeMember(project: string, memberId: string, options?: Abortable): Promise<{ readonly stillThrough: readonly string[] }>;
  /**
   * Make an invitation: for 7 days and one person, unless the options say more. It is requested once, and not again if
   * the answer is lost: that would leave an invitation that nobody has.
   */
  invite(project: string, options: Abortable & { role: GivenRole; expiresInDays?: number; uses?: number }): Promise<WithToken<Invitation>>;
  takeBack(project: string, invitationId: string, options?: Abortable): Promise<void>;
  /** Read what an invitation is for, without accepting it. */
  preview(token: string, options?: Abortable): Promise<{ readonly project: { readonly name: string }; readonly owner: { readonly name?: string }; readonly role: GivenRole; readonly expiresAt: string }>;
  /** Accept an invitation: on a user's click only. Accepting it again changes nothing. */
  accept(token: string, options?: Abortable): Promise<{ readonly project: Project<Config>; readonly role: Role }>;
  readonly teams: {
    /** Let a team in, or change its role; the user's own token must name it. */
    set(project: string, name: string, role: GivenRole, options?: Abortable): Promise<Team>;
    remove(project: string, name: string, options?: Abortable): Promise<void>;
  };
  readonly links: {
    /** Make a public link: to the newest config and table, or to a version with the table of now. It is requested once, as `invite`. */
    create(project: string, options?: Abortable & { version?: number; expiresAt?: string | Date }): Promise<WithToken<Link>>;
    remove(project: string, linkId: string, options?: Abortable): Promise<void>;
  };
}

export interface LinkOptions {
  /** The base URL of the API, without `/api`. */
  baseUrl: string;
  /** The link's token. */
  token: string;
  fetch?: typeof globalThis.fetch;
  /** Milliseconds until a request times out. Default: 30,000. */
  timeout?: number;
  environment?: Pick<Environment, "after" | "random">;
}

export interface LinkData {
  readonly rawData: readonly Row[] | null;
  readonly dataSchema: DataSchema | null;
  readonly version: number;
  readonly updatedAt: string | null;
}

/** What a public link shows to anyone. */
export interface PublicLink<Config extends object = DashboardConfig> {
  config(options?: Abortable): Promise<Loaded<Config>>;
  /** Load the table; with `rows`, only these and the schema. */
  data(options?: Abortable & { rows?: RowRange }): Promise<LinkData>;
}

/** The calls that share the projects of a client's user. */
export function sharing<Config extends object>(client: DashboardClient<Config>): Sharing<Config> {
  const { send } = client as InternalClient<Config>;
  const at = (project: string, ...names: readonly string[]) => pathOf(project, names.map((name) => `/${encodeURIComponent(name)}`).join(""));
  const call = async <T>(method: string, path: string, options?: RequestOptions, attempts?: number) => (await send(method, path, options, attempts)).body as T;
  const remove = async (path: string, options?: Abortable) => void (await send("DELETE", path, options));

  return {
    shared: ({ signal, ...page } = {}) => call("GET", "/projects", { query: { scope: "shared", ...page }, signal }),
    members: (project, options) => call("GET", at(project, "members"), options),
    setRole: (project, memberId, role, options) => call("PUT", at(project, "members", memberId), { ...options, body: { role } }),
    removeMember: (project, memberId, options) => call("DELETE", at(project, "members", memberId), options),
    invite: (project, { signal, ...body }) => call("POST", at(project, "invitations"), { body, signal }, 1),
    takeBack: (project, invitationId, options) => remove(at(project, "invitations", invitationId), options),
    preview: (token, options) => call("POST", "/invitations/preview", { ...options, body: { token } }),
    accept: (token, options) => call("POST", "/invitations/accept", { ...options, body: { token } }),
    teams: {
      // API Gateway decodes a path before it matches it, so a slash in a name must be encoded twice.
      set: (project, name, role, options) => call("PUT", at(project, "teams", encodeURIComponent(name)), { ...options, body: { role } }),
      remove: (project, name, options) => remove(at(project, "teams", encodeURIComponent(name)), options),
    },
    links: {
      create: (project, { signal, ...body } = {}) => call("POST", at(project, "links"), { body, signal }, 1),
      remove: (project, linkId, options) => remove(at(project, "links", linkId), options),
    },
  };
}

/** Read what a public link shows, without a user's token. Temporary failures are retried, as in the client's calls. */
export function openLink<Config extends object = DashboardConfig>({ token, environment = browserEnvironment(), ...options }: LinkOptions): PublicLink<Config> {
  const transport = createTransport({ ...options, getToken: () => null });
  const requests = repeated({ send, fetch: transport.fetch }, environment);
  const path = `/links/${encodeURIComponent(token)}`;

  /** The browser's cache may answer: all readers get the same. */
  async function send(method: string, path: string, { query, signal }: RequestOptions = {}) {
    return accepted(await transport.fetch(urlOf(transport.root, path, query), { method }, { signal }));
  }

  return {
    config: (asked) => requests.json("GET", `${path}/config`, asked),
    async data({ rows, signal } = {}) {
      const { loadTable, range } = await required(import("./tables.js"));
      return loadTable(requests, `${path}/data`, { rows: range(rows) }, signal);
    },
  };
}
