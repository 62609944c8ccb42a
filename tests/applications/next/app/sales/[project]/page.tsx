// app/sales/[project]/page.tsx
import { createClient } from "../../../lib/server";
import { Charts } from "./Charts";

export default async function Page({ params }: { params: Promise<{ project: string }> }) {
  const { project } = await params;
  // If this fails, the browser loads the config, and its state says what is wrong.
  const loaded = await createClient().load(project, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  return <Charts address={project} loaded={loaded} />;
}
