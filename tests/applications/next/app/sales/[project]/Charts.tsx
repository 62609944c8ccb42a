// app/sales/[project]/Charts.tsx
"use client";

import type { Loaded } from "@dashkeep/client";
import { useDashboard } from "@dashkeep/client/react";

import { client } from "../../../lib/browser";
import type { SalesConfig } from "../../../lib/config";

const titled = (id: string, title: string) => (config: SalesConfig): SalesConfig => ({
  ...config,
  chartCustomizations: { ...config.chartCustomizations, [id]: { ...config.chartCustomizations[id], title } },
});

export function Charts({ address, loaded }: { address: string; loaded: Loaded<SalesConfig> | undefined }) {
  const { config, status, error, edit } = useDashboard(client, address, { loaded });
  return (
    <main>
      <p role="status">{error ? `${status}: ${error.message}` : status}</p>
      {Object.entries(config?.chartCustomizations ?? {}).map(([id, chart]) => (
        <label key={id}>
          {id} <input value={chart.title} onChange={({ target }) => edit(titled(id, target.value))} />
        </label>
      ))}
    </main>
  );
}
