import { persist } from "zustand/middleware";
import { createStore } from "zustand/vanilla";

export const dashboard = createStore(
  persist(
    (set) => ({
      chartCustomizations: {},
      theme: { id: "light" },
      isMenuOpen: false,
      setTheme: (id) => set({ theme: { id } }),
      toggleMenu: () => set((state) => ({ isMenuOpen: !state.isMenuOpen })),
    }),
    { name: "dashboard" },
  ),
);
