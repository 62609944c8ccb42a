// app/board/[project]/Board.tsx
"use client";

import { useEffect, useState } from "react";
import { useStore } from "zustand";

import { createBoard } from "../../../lib/store";

export function Board({ address }: { address: string }) {
  const [board] = useState(createBoard);
  const { theme, toggleTheme } = useStore(board);
  useEffect(() => {
    board.dashkeep.open(address);
    return () => board.dashkeep.close();
  }, [board, address]);
  return <button onClick={toggleTheme}>Theme: {theme.id}</button>;
}
