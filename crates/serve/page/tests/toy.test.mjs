// The page and the program together: the built-in run is trained for real while the page watches.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { arrived, browser, open, pairNow, step, until } from "./browser.mjs";

const MANIFEST = fileURLToPath(new URL("../../../../Cargo.toml", import.meta.url));
const PROGRAM = process.env.WORDSPACE
  ? [process.env.WORDSPACE]
  : ["cargo", "run", "--release", "--quiet", "--manifest-path", MANIFEST, "-p", "wordspace", "--"];

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "wordspace-page-"))));
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

function start(...args) {
  const child = spawn(PROGRAM[0], [...PROGRAM.slice(1), ...args], { cwd: folder });
  const said = [];
  const address = new Promise((found, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text) => {
        said.push(text);
        const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said.join(""));
        if (url) found(url[0]);
      });
    }
    child.on("exit", () => failed(new Error(`it ended before it served: ${said.join("")}`)));
  });
  const ended = new Promise((done) => child.on("exit", (code) => done({ code, said: said.join("") })));
  return { child, address, ended };
}

async function run(...args) {
  const { address, ended } = start(...args);
  address.catch(() => {});
  const { code, said } = await ended;
  assert.equal(code, 0, said);
}

test("cat and dog find each other while one watches", async () => {
  const { child, address, ended } = start("train", "--serve");
  const { page, faults, close } = await open(await address);
  await until(page, () => document.querySelector(".pair .now")?.textContent.length > 2);
  const seen = [await pairNow(page)];
  for (const at of [60, 200]) {
    await until(page, (at) => Number(document.querySelector(".step b").textContent) >= at, at);
    seen.push(await pairNow(page));
  }
  await arrived(page, 600);
  seen.push(await pairNow(page));
  console.log(`cat · dog, as the page showed it: ${seen.join(" → ")}`);
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

test("two runs stand side by side: with positions and without", async () => {
  await run("train", "--set", "model.positions=none", "--steps", "40", "--name", "bag");
  const { child, address, ended } = start("serve");
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

test("a report of the run opens from disk, with its words, curves and origin", async () => {
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
