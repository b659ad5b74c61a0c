import { defineConfig } from "vite";

// The pages and the API have one origin, here as when they are hosted: what begins with /v1 is the API's.
const api = process.env.OPENPRM_API ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "./",
  server: { host: "127.0.0.1", port: 5173, strictPort: true, proxy: { "/v1": api } },
  // Nothing is put into the page itself, so that `script-src 'self'` and `style-src 'self'` hold.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
