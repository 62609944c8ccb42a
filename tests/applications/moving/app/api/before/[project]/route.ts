// app/api/before/[project]/route.ts
import { readRow, saveRow } from "../../../../lib/rows";
import { getUser } from "../../../../lib/session";

type Context = { params: Promise<{ project: string }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  const { project } = await params;
  return Response.json(await readRow(await getUser(), project));
}

export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const { project } = await params;
  await saveRow(await getUser(), project, await request.json());
  return Response.json({ saved: true });
}
