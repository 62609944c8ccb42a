// lib/browser.ts
import { createDashboardClient } from "@dashkeep/client";

import type { SalesConfig } from "./config";

export const client = createDashboardClient<SalesConfig>({
  // Modules of client components run on the server too, where this client is not used.
  baseUrl: typeof window === "undefined" ? "" : window.location.origin,
  getToken: async () => {
    const response = await fetch("/token");
    return response.ok ? response.text() : null;
  },
});
