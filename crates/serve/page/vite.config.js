// One page, one script and one style sheet under fixed names: the program compiles them in.
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
      // The script is at the end of the body, so that a report can carry it inside the page unchanged.
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
