// src/store.ts
import { dashkeep } from "@dashkeep/client/zustand";
import { create } from "zustand";

import { client, type SalesConfig } from "./client";

type Board = Required<Pick<SalesConfig, "chartCustomizations" | "theme">> & {
  setTitle: (id: string, title: string) => void;
  toggleTheme: () => void;
};

export const useBoard = create<Board>()(
  dashkeep(
    (set) => ({
      chartCustomizations: {},
      theme: { id: "light" },
      setTitle: (id, title) =>
        set(({ chartCustomizations }) => ({ chartCustomizations: { ...chartCustomizations, [id]: { ...chartCustomizations[id], title } } })),
      toggleTheme: () => set(({ theme }) => ({ theme: { id: theme.id === "dark" ? "light" : "dark" } })),
    }),
    { client, projectId: null },
  ),
);
