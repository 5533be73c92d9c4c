// Makes a picture of the live page after the toy run: `node tests/screenshot.mjs FILE`. See scripts/screenshot.sh.

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { browser, drawn, open, until } from "./browser.mjs";
import { start } from "./program.mjs";

const MAX_BYTES = 300_000;
/** From here the classes overlap little: yaw, pitch, distance and the point that the camera looks at. */
const EYE = "0.42,0.34,4.2,-0.22,-0.02,0.1";

const [file] = process.argv.slice(2);
if (!file) throw new Error("expected the file to write, as in: node tests/screenshot.mjs live-page.png");
const folder = await mkdtemp(join(tmpdir(), "wordspace-screenshot-"));
try {
  const { code, said } = await start(folder, ["train"]).ended;
  if (code !== 0) throw new Error(said);
  const { child, address, ended } = start(folder, ["serve", "--port", "0"]);
  const { page } = await open(`${await address}#run=toy&step=600&eye=${EYE}`, {
    width: 1280,
    height: 800,
    still: true,
  });
  await until(page, () => document.querySelectorAll(".pair .line.main").length >= 2);
  await page.locator(".caption p").waitFor();
  await drawn(page);
  await page.screenshot({ path: file });
  child.kill("SIGINT");
  await ended;
  const { size } = await stat(file);
  if (size > MAX_BYTES) throw new Error(`${file} has ${size} bytes; expected ${MAX_BYTES} at most`);
} finally {
  await browser.close();
  await rm(folder, { recursive: true });
}
