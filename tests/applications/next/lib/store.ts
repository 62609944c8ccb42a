// lib/store.ts
import { dashkeep } from "@dashkeep/client/zustand";
import { createStore } from "zustand";

import { client } from "./browser";
import type { SalesConfig } from "./config";

type Board = Required<Pick<SalesConfig, "chartCustomizations" | "theme">> & { toggleTheme: () => void };

export const createBoard = () =>
  createStore<Board>()(
    dashkeep(
      (set) => ({
        chartCustomizations: {},
        theme: { id: "light" },
        toggleTheme: () => set(({ theme }) => ({ theme: { id: theme.id === "dark" ? "light" : "dark" } })),
      }),
      { client, projectId: null },
    ),
  );
