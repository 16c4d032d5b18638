import { defineConfig } from "vite";

/** Where `npm run dev` and `npm run preview` find a daemon: `make demo` serves there. */
const daemon = process.env.KEYVIZ_DAEMON ?? "http://127.0.0.1:8090";
const proxy = { "/admin/api": daemon };

export default defineConfig({
  base: "/admin/keyviz/",
  // A data: URL would be refused by the page's content security policy wherever it is not an image.
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  worker: { format: "es" },
  server: { proxy },
  preview: { proxy },
});
