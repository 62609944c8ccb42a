// lib/rows.ts
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "@prisma/client";

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });

export interface Dashboard {
  chartCustomizations: { [id: string]: { title: string } };
  theme?: { id: string } | null;
}

const newest = { orderBy: { updatedAt: "desc" } } as const;

export async function readRow(userId: string, projectId: string): Promise<Dashboard | null> {
  const row = await prisma.dashboardConfig.findFirst({ where: { userId, projectId, sessionId: null }, ...newest });
  return row && {
    chartCustomizations: JSON.parse(row.chartCustomizations),
    ...(row.currentTheme && { theme: JSON.parse(row.currentTheme) }),
  };
}

export async function saveRow(userId: string, projectId: string, { chartCustomizations, theme }: Dashboard): Promise<void> {
  const data = {
    chartCustomizations: JSON.stringify(chartCustomizations),
    currentTheme: theme ? JSON.stringify(theme) : null,
  };
  const row = await prisma.dashboardConfig.findFirst({ where: { userId, projectId, sessionId: null }, ...newest });
  if (row) await prisma.dashboardConfig.update({ where: { id: row.id }, data });
  else await prisma.dashboardConfig.create({ data: { userId, projectId, ...data } });
}
