// Next.js with Prisma on SQLite: parses the body, stores its text and returns it.
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaClient } from "@prisma/client";

export const dynamic = "force-dynamic";

const json = { "Content-Type": "application/json" };
const prisma = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: process.env.DATABASE_URL }) });

export async function GET(_, { params }) {
  const { id } = await params;
  const found = await prisma.dashboard.findUnique({ where: { id }, select: { config: true } });
  return found ? new Response(found.config, { headers: json }) : new Response(null, { status: 404 });
}

export async function PUT(request, { params }) {
  const { id } = await params;
  const config = await request.text();
  JSON.parse(config);
  await prisma.dashboard.upsert({ where: { id }, create: { id, config }, update: { config }, select: { id: true } });
  return Response.json({ success: true });
}
