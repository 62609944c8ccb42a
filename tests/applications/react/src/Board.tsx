// src/Board.tsx
import { useEffect, useSyncExternalStore } from "react";

import { SaveState } from "./SaveState";
import { useBoard } from "./store";

const { dashkeep } = useBoard;

export function Board({ address }: { address: string }) {
  useEffect(() => {
    dashkeep.open(address);
    return () => dashkeep.close();
  }, [address]);
  const state = useSyncExternalStore(dashkeep.subscribe, () => dashkeep.state);
  const { chartCustomizations, theme, setTitle, toggleTheme } = useBoard();
  return (
    <main>
      <SaveState dashboard={{ ...state, resolve: dashkeep.resolve }} />
      <button disabled={!state.canUndo} onClick={() => dashkeep.undo()}>Undo</button>
      <button onClick={toggleTheme}>Theme: {theme.id}</button>
      {Object.entries(chartCustomizations).map(([id, chart]) => (
        <label key={id}>
          {id} <input value={chart.title} onChange={({ target }) => setTitle(id, target.value)} />
        </label>
      ))}
      <button onClick={() => setTitle(crypto.randomUUID(), "New chart")}>Add chart</button>
    </main>
  );
}
