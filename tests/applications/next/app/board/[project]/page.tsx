// app/board/[project]/page.tsx
import { Board } from "./Board";

export default async function Page({ params }: { params: Promise<{ project: string }> }) {
  return <Board address={(await params).project} />;
}
