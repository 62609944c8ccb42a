// src/SaveState.tsx
import { valueOf, type DashboardDocument, type DocumentState } from "@dashkeep/client";

import type { SalesConfig } from "./client";

type Shown = Pick<DocumentState<SalesConfig>, "status" | "error" | "isKept" | "conflict">;

export function SaveState({ dashboard }: { dashboard: Shown & Pick<DashboardDocument<SalesConfig>, "resolve"> }) {
  const { status, error, isKept, conflict, resolve } = dashboard;
  // A failure is in the state too, where it is shown.
  const decide = (choice: "mine" | "theirs") => void resolve(choice).catch(() => {});
  const show = (side: SalesConfig | null, pointer: string) => JSON.stringify(valueOf(side, pointer, [conflict?.theirs, conflict?.base]));
  return (
    <>
      <p role="status">{error ? `${status}: ${error.message}` : status}</p>
      {!isKept && <p role="alert">Do not close this page: some edits are stored nowhere else.</p>}
      {conflict && (
        <section aria-label="Conflict">
          {conflict.conflicts.map((pointer) => (
            <p key={pointer}>
              {pointer}: {show(conflict.mine, pointer)} or {show(conflict.theirs, pointer)}?
            </p>
          ))}
          <button onClick={() => decide("mine")}>Keep mine</button>
          <button onClick={() => decide("theirs")}>Keep theirs</button>
        </section>
      )}
    </>
  );
}
