// vite.config.ts
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const target = process.env.DASHKEEP_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  // For `vite` and `vite preview`. The page calls its own origin, so the API needs no CORS setting.
  server: { proxy: { "/api": { target, changeOrigin: true }, "/local/token": { target, changeOrigin: true } } },
});
