import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The base is relative, so that the page works below any path prefix.
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    outDir: process.env.HORA_UI_OUT ?? "../dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    target: "es2022",
  },
  server: { proxy: { "/api": process.env.HORA_API ?? "http://127.0.0.1:4400" } },
  test: { testTimeout: 120_000, hookTimeout: 180_000, fileParallelism: false, maxWorkers: 1 },
});
