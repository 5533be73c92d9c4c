// The page's size, speed and accessibility, and that it works as a file.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { arrived, browser, drawn, open, pairNow, rate, step, until } from "./browser.mjs";
import { writeReport } from "./report.mjs";
import { standin } from "./standin.mjs";
import { synthetic } from "./synthetic.mjs";

const DIST = new URL("../dist/", import.meta.url);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

after(() => browser.close());

test("the page is at most 300 KB compressed and fetches nothing else", async () => {
  const files = await Promise.all(["index.html", "app.js", "app.css"].map((name) => readFile(new URL(name, DIST))));
  const weight = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`page weight: ${weight} bytes compressed`);
  assert.ok(weight <= 300_000, `${weight}`);
  const [html, script, style] = files.map(String);
  assert.ok(
    html.includes('<link rel="stylesheet" href="app.css">') &&
      html.includes('<script type="module" src="app.js"></script>'),
  );
  assert.ok(!/<\/script|<!--/.test(script), "a report could not carry the script");
  assert.ok(!/url\(|@import/.test(style));
});

test("axe-core finds no serious fault, light, dark or on a phone", async () => {
  const server = await standin(synthetic());
  for (const settings of [{}, { dark: true }, { width: 390, height: 844, phone: true }]) {
    const { page, close } = await open(`${server.address}#step=200&word=cat`, settings);
    await page.locator(".near li").first().waitFor();
    for (const tab of ["Words", "Training", "Positions", "Sentence", "Run"]) {
      await page.getByRole("tab", { name: tab }).click();
      const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(
        serious.map(({ id, nodes }) => `${tab}: ${id}: ${nodes[0].html}`),
        [],
      );
    }
    await close();
  }
  await server.close();
});

test("50,257 words play, and the frame rate is printed", async () => {
  const made = synthetic({ words: 50_257, channels: 8, steps: [0, 20, 40, 80, 160, 200] });
  made.watch = [[0, 1]];
  const server = await standin(made);
  for (const at of made.steps) await (await fetch(`${server.address}api/runs/0/points/${at}`)).arrayBuffer();
  const { page, faults, close } = await open(server.address);
  await arrived(page, 200);
  await page.getByRole("button", { name: /^Play/ }).click();
  await until(page, () => document.querySelector(".step b").textContent !== "0");
  const scripts = await scriptSeconds(page);
  const before = await scripts();
  const moving = await rate(page);
  const own = ((await scripts()) - before) / 60;
  console.log(`50,257 points in motion: ${moving.toFixed(1)} pictures a second in software`);
  console.log(`of each picture the page's own scripts take ${(1000 * own).toFixed(1)} ms`);
  assert.ok(moving > 0 && (await step(page)) > 0);
  assert.deepEqual(faults, []);
  await close();
  await server.close();
});

/** A function that tells how long the page's scripts have run so far. */
async function scriptSeconds(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "ScriptDuration").value;
  };
}

test("a report works from disk without a server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "wordspace-page-"));
  const file = join(folder, "report.html");
  const made = synthetic();
  await writeReport(made, file);
  const { page, faults, close } = await open();
  const asked = [];
  page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await arrived(page, 200);
  assert.ok((await pairNow(page)) > 0.8);
  await page.getByLabel("Find a word").fill("king");
  await page.keyboard.press("Enter");
  await page.locator(".near ol").first().locator("li").nth(9).waitFor();
  const people = new Set(made.classes[4].words.map((id) => made.names[id]));
  const listed = await page.locator(".near ol").first().locator(".word").allTextContents();
  assert.ok(
    listed.every((word) => people.has(word)),
    `${listed} are people`,
  );
  const projections = page.getByLabel("Projection");
  assert.deepEqual(await projections.locator("option").allTextContents(), ["PCA", "cat · dog"]);
  await projections.selectOption("pair");
  await page.locator(".axes").filter({ hasText: "→ from piano to cat and dog" }).waitFor();
  const ends = async () => (await drawn(page)).links[0];
  const apart = ([[ax, ay], [bx, by]]) => Math.hypot(ax - bx, ay - by);
  const late = apart(await ends());
  await page.getByRole("slider", { name: "Step" }).press("Home");
  assert.ok(apart(await ends()) > 3 * late, "cat and dog are seen to meet");
  await page.getByRole("tab", { name: "Sentence" }).click();
  await page.getByLabel("Your sentence").fill("cat dog cat");
  await page.locator("#panel-sentence .facts").filter({ hasText: "at positions 0 and 2" }).waitFor();
  await page.getByLabel("Your sentence").fill("cat unicorn");
  await page.getByText("“unicorn” is not among the words").waitFor();
  await page.getByRole("tab", { name: "Positions" }).click();
  await page.locator("#panel-positions .map").first().waitFor();
  assert.deepEqual(asked, []);
  assert.deepEqual(faults, []);
  assert.ok((await stat(file)).size < 2_000_000);
  await close();
  await rm(folder, { recursive: true });
});
