// The first minute: from `train --serve --open` to points on the screen.

import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { browser, open } from "./browser.mjs";
import { start } from "./program.mjs";

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "wordspace-first-"))));
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** An `xdg-open` that records the address it is given; resolves to that address, and when it was. */
async function opener() {
  const [bin, asked] = [join(folder, "bin"), join(folder, "asked")];
  await Promise.all([mkdir(bin), mkdir(asked)]);
  const program = join(bin, "xdg-open");
  await writeFile(program, `#!/bin/sh\nprintf %s "$1" >${asked}/part && mv ${asked}/part ${asked}/address\n`);
  await chmod(program, 0o755);
  const shown = (async () => {
    for await (const { filename } of watch(asked)) {
      if (filename !== "address") continue;
      const path = join(asked, filename);
      return { address: await readFile(path, "utf8"), at: (await stat(path)).mtimeMs };
    }
  })();
  return { path: bin, shown };
}

/** When the run's first step was logged: lines say how many seconds after the start they were written. */
async function firstStep(run) {
  const log = join(folder, "runs", run, "log.jsonl");
  const lines = (await readFile(log, "utf8")).split("\n").slice(0, -1);
  const first = lines.map((line) => JSON.parse(line)).find(({ event }) => event === "step");
  return (await stat(log)).birthtimeMs + 1000 * first.seconds;
}

test("the page opens by itself, before the first step, on random vectors", async () => {
  const { path, shown } = await opener();
  const { child, ended } = start(folder, ["train", "--serve", "--open", "--steps", "60"], {
    PATH: `${path}${delimiter}${process.env.PATH}`,
  });
  const { address, at: opened } = await shown;
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/#run=toy$/);
  const { page, faults, close } = await open(address);
  const drawn = await page.waitForFunction(() => {
    const over = document.querySelector(".overlay");
    const pixels = over?.width && over.getContext("2d").getImageData(0, 0, over.width, over.height).data;
    if (!pixels || !pixels.some((value) => value > 0)) return false;
    return { step: Number(document.querySelector(".step b").textContent), at: Date.now() };
  });
  const seen = await drawn.jsonValue();
  await page.locator(".caption p").filter({ hasText: "strangers" }).waitFor();
  const stepped = await firstStep("toy");
  const after = (time) => ((time - stepped) / 1000).toFixed(2);
  console.log(`after the first step: the browser ${after(opened)} s, words on the screen ${after(seen.at)} s`);
  assert.ok(opened < stepped, "the browser is opened before the first step");
  assert.ok(seen.step < 2, `the words are first seen at step ${seen.step}`);
  assert.deepEqual(faults, []);
  await close();
  child.kill("SIGINT");
  await ended;
});
