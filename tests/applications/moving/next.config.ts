import type { NextConfig } from "next";

const config: NextConfig = {
  serverExternalPackages: ["@prisma/client", "@prisma/adapter-pg"],
  turbopack: { root: import.meta.dirname },
};

export default config;
