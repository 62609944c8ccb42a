// next.config.ts
import type { NextConfig } from "next";

const config: NextConfig = {
  // The browser calls its own origin, so the API needs no CORS setting. `next build` writes this address into the build.
  rewrites: async () => [{ source: "/api/:path*", destination: `${process.env.DASHKEEP_URL}/api/:path*` }],
  turbopack: { root: import.meta.dirname },
};

export default config;
