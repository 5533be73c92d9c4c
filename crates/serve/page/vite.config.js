// One page, one script, one style sheet, under names that never change: the program carries them inside itself.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    license: { fileName: "licences.md" },
    rolldownOptions: {
      output: { entryFileNames: "app.js", assetFileNames: "app[extname]", codeSplitting: false },
    },
  },
  plugins: [
    {
      // The script stands at the end of the body, so that a report can carry it inside the page as it is.
      name: "plain-tags",
      enforce: "post",
      transformIndexHtml(html) {
        return html
          .replace(/\s*<script[^>]*src="[^"]*app\.js"[^>]*><\/script>/, "")
          .replace(/<link rel="stylesheet"[^>]*href="[^"]*app\.css"[^>]*>/, '<link rel="stylesheet" href="app.css">')
          .replace("</body>", '  <script type="module" src="app.js"></script>\n  </body>');
      },
    },
  ],
});
