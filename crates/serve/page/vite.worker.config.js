// The worker that trains in the page, as one script that the page carries (see vite.config.js for the page itself).
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    emptyOutDir: false,
    rolldownOptions: {
      input: "src/worker.ts",
      output: { entryFileNames: "worker.js", format: "iife", codeSplitting: false },
    },
  },
});
