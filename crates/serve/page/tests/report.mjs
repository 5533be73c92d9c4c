// A report of a synthetic run: the page as one file with its data, as the program writes it.

import { readFile, writeFile } from "node:fs/promises";
import { answers } from "./synthetic.mjs";

const DIST = new URL("../dist/", import.meta.url);

/** 32-bit floats as 16-bit ones in base64, for values between 2⁻¹⁴ and 65,504. */
function halves(values) {
  const bits = new Uint32Array(new Float32Array(values).buffer);
  const half = (b) => {
    const exponent = ((b >>> 23) & 255) - 112;
    return ((b >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((b >>> 13) & 1023));
  };
  return Buffer.from(Uint16Array.from(bits, half).buffer).toString("base64");
}

export async function writeReport(made, path) {
  const all = answers(made);
  const data = {
    schema: 1,
    kind: "report",
    run: { ...all.run(made.steps.length), limits: null },
    log: all.log(made.steps.length),
    frames: made.steps.map((step) => ({
      step,
      points: all.points(step).toString("base64"),
      vectors: halves(made.table(step)),
    })),
    positions: [{ step: made.steps.at(-1), vectors: halves(made.places) }],
  };
  const [html, script, style] = await Promise.all(
    ["index.html", "app.js", "app.css"].map((name) => readFile(new URL(name, DIST), "utf8")),
  );
  const embedded = `<script type="application/json" id="embedded">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>`;
  const page = html
    .replace('<link rel="stylesheet" href="app.css">', () => `<style>${style}</style>`)
    .replace(
      '<script type="module" src="app.js"></script>',
      () => `${embedded}<script type="module">${script}</script>`,
    );
  await writeFile(path, page);
}
