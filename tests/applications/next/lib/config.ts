// lib/config.ts
import type { DashboardConfig } from "@dashkeep/client";

export interface SalesConfig extends DashboardConfig {
  chartCustomizations: { [id: string]: { title: string } };
  theme?: { id: "light" | "dark" };
}
