// app/api/dashboards/[project]/route.ts
import { readKept, saveKept } from "../../../../lib/dashkeep";
import { readRow, saveRow } from "../../../../lib/rows";
import { getUser } from "../../../../lib/session";

type Context = { params: Promise<{ project: string }> };

/** The place that users read, and that a save must reach; the other one gets a copy. */
const isKept = process.env.DASHBOARDS === "dashkeep";

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const [user, { project }] = [await getUser(), await params];
  return Response.json(isKept ? await readKept(project) : await readRow(user, project));
}

export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const [user, { project }, dashboard] = [await getUser(), await params, await request.json()];
  const places = [() => saveRow(user, project, dashboard), () => saveKept(project, dashboard)];
  const [first, copy] = isKept ? places.reverse() : places;
  await first?.();
  await copy?.().catch((error: unknown) => console.error(`The copy of ${project} was not saved:`, error));
  return Response.json({ saved: true });
}
