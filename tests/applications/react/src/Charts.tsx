// src/Charts.tsx
import { useDashboard } from "@dashkeep/client/react";

import { client, type SalesConfig } from "./client";
import { SaveState } from "./SaveState";

const titled = (id: string, title: string) => (config: SalesConfig): SalesConfig => ({
  ...config,
  chartCustomizations: { ...config.chartCustomizations, [id]: { ...config.chartCustomizations[id], title } },
});

export function Charts({ address }: { address: string }) {
  const dashboard = useDashboard(client, address);
  const { config, edit, undo, redo, canUndo, canRedo } = dashboard;
  return (
    <main>
      <SaveState dashboard={dashboard} />
      <button disabled={!canUndo} onClick={() => undo()}>Undo</button>
      <button disabled={!canRedo} onClick={() => redo()}>Redo</button>
      {Object.entries(config?.chartCustomizations ?? {}).map(([id, chart]) => (
        <label key={id}>
          {id} <input value={chart.title} onChange={({ target }) => edit(titled(id, target.value))} />
        </label>
      ))}
      <button onClick={() => edit(titled(crypto.randomUUID(), "New chart"))}>Add chart</button>
    </main>
  );
}
