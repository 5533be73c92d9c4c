// The page and the program together: the toy run trains while the page watches.

import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { arrived, browser, open, pairNow, step, until } from "./browser.mjs";
import { start } from "./program.mjs";

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "wordspace-page-"))));
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

async function run(...args) {
  const { code, said } = await start(folder, args).ended;
  assert.equal(code, 0, said);
}

test("cat and dog meet while the page watches", async () => {
  const { child, address, ended } = start(folder, ["train", "--serve"]);
  const { page, faults, close } = await open(await address);
  await until(page, () => document.querySelector(".pair .now")?.textContent.length > 2);
  const seen = [await pairNow(page)];
  for (const at of [60, 200]) {
    await until(page, (at) => Number(document.querySelector(".step b").textContent) >= at, at);
    seen.push(await pairNow(page));
  }
  await arrived(page, 600);
  seen.push(await pairNow(page));
  console.log(`cat · dog on the page: ${seen.join(" → ")}`);
  assert.ok(seen[0] < 0.4 && seen.at(-1) > 0.7 && seen[0] < seen[1], `${seen}`);
  await page.locator('.state[data-state="complete"]').waitFor();
  await page.getByRole("tab", { name: "Training" }).click();
  await page.locator("#panel-training .line.main").nth(2).waitFor();
  assert.ok(Number(await page.locator("#panel-training .now").first().textContent()) < 3);
  assert.deepEqual(faults, []);
  await close();
  child.kill("SIGINT");
  assert.equal((await ended).code, 0);
});

test("two runs are compared: with positions and without", async () => {
  await run("train", "--set", "model.positions=none", "--steps", "40", "--name", "bag");
  const { child, address, ended } = start(folder, ["serve"]);
  const { page, faults, close } = await open(`${await address}#run=toy&compare=bag&step=40&word=cat`);
  await page.locator(".cloud").nth(1).waitFor();
  await page.locator(".near li").nth(19).waitFor();
  assert.equal(await step(page), 40);
  await page.getByRole("tab", { name: "Positions" }).click();
  await page.locator("#panel-positions output").filter({ hasText: "+1.00" }).waitFor();
  await page.getByRole("tab", { name: "Sentence" }).click();
  await page.locator(".tokens .strip").nth(5).waitFor();
  assert.deepEqual(faults, []);
  await close();
  child.kill("SIGINT");
  assert.equal((await ended).code, 0);
});

test("a report of the run opens from disk with all its tabs", async () => {
  const file = join(folder, "report.html");
  await run("report", "runs/toy", "--to", file);
  assert.ok((await stat(file)).size < 2_000_000);
  const { page, faults, close } = await open(`${pathToFileURL(file).href}#step=600&word=cat`);
  const asked = [];
  page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || asked.push(request.url()));
  await page.locator(".near li").nth(19).waitFor();
  assert.ok((await pairNow(page)) > 0.7);
  for (const tab of ["Training", "Positions", "Sentence", "Run"]) await page.getByRole("tab", { name: tab }).click();
  await page.getByText("config.toml").waitFor();
  assert.deepEqual(asked, []);
  assert.deepEqual(faults, []);
  await close();
});
