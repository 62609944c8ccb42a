// src/client.ts
import { createDashboardClient, type DashboardConfig } from "@dashkeep/client";

export interface SalesConfig extends DashboardConfig {
  chartCustomizations: { [id: string]: { title: string } };
  theme?: { id: "light" | "dark" };
}

export const client = createDashboardClient<SalesConfig>({
  // The proxy passes these calls on. In production: the stack's `ApiUrl`.
  baseUrl: window.location.origin,
  // In production: your identity provider's, such as `() => user.getIdToken()`.
  getToken: async () => {
    const response = await fetch("/local/token?sub=user-1");
    const { token }: { token: string } = await response.json();
    return token;
  },
});
