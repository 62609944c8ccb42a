import { dirname } from "node:path";

// No compression: on loopback it costs time and saves nothing.
export default {
  compress: false,
  poweredByHeader: false,
  serverExternalPackages: ["@prisma/client", "@prisma/adapter-better-sqlite3", "better-sqlite3"],
  turbopack: { root: dirname(import.meta.dirname) },
};
