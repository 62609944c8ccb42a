import { createDashboardClient } from "@dashkeep/client";
import { dashkeep } from "@dashkeep/client/zustand";
import { createStore } from "zustand/vanilla";

const client = createDashboardClient({ baseUrl: "https://api.example.com", getToken: () => user.getIdToken() });

export const dashboard = createStore(
  dashkeep(
    (set) => ({
      chartCustomizations: {},
      theme: { id: "light" },
      isMenuOpen: false,
      setTheme: (id) => set({ theme: { id } }),
      toggleMenu: () => set((state) => ({ isMenuOpen: !state.isMenuOpen })),
    }),
    { client, projectId: "sales", name: "dashboard" },
  ),
);
