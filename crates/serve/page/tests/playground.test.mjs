// The page that trains by itself, opened from disk as a reader has it: without a server and without a network.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser, open, rate, until } from "./browser.mjs";
import { start } from "./program.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A run of a second or two. */
const SMALL = { Layers: "0", Channels: "16", Heads: "2", Steps: "40" };

let folder;
let file;

const program = async (...args) => {
  const { code, said } = await start(folder, args).ended;
  assert.equal(code, 0, said);
  return said;
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "wordspace-"));
  await program("playground", "--to", "wordspace.html");
  file = pathToFileURL(join(folder, "wordspace.html")).href;
});

after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const status = (page) => page.evaluate(() => window.wordspace.status());
const reaches = (page, state, timeout = 60_000) =>
  page.waitForFunction((state) => window.wordspace?.status().state === state, state, { timeout, polling: 100 });
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Opens the page at a fragment, waits for its points, acts on it, and checks that it had no errors and asked for nothing. */
async function play(fragment, act, settings) {
  const { page, faults, close } = await open(undefined, settings);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  try {
    await page.context().setOffline(true);
    const began = Date.now();
    await page.goto(file + fragment);
    await until(page, () => document.querySelector(".pair .now")?.textContent.length > 2);
    await act(page, Date.now() - began);
    assert.deepEqual(faults, []);
    const fetched = asked.filter((url) => !url.startsWith("blob:") && url.split("#")[0] !== file);
    assert.deepEqual(fetched, []);
  } finally {
    await close();
  }
}

async function set(page, knobs) {
  for (const [label, value] of Object.entries(knobs)) {
    const knob = page.locator(".knobs label").filter({ has: page.getByText(label, { exact: true }) }).locator("input, select");
    if (await knob.evaluate((element) => element.tagName === "SELECT")) await knob.selectOption(value);
    else await knob.fill(value);
  }
}

/** Drops a file onto the page. */
async function drop(page, path) {
  const [name, content] = [basename(path), await readFile(path, "utf8")];
  const dropped = await page.evaluateHandle(
    ([name, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name));
      return transfer;
    },
    [name, content],
  );
  await page.dispatchEvent("#view", "drop", { dataTransfer: dropped });
}

/** What the page says in a message for a few seconds. */
async function message(page, act) {
  await page.evaluate(() => (document.querySelector(".toast").textContent = ""));
  await act();
  await until(page, () => document.querySelector(".toast").textContent.length > 0);
  return page.locator(".toast").textContent();
}

async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Save (zip)").click()]);
  const path = join(folder, name);
  await download.saveAs(path);
  return path;
}

const lines = async (run) => (await readFile(join(folder, run, "log.jsonl"), "utf8")).trim().split("\n").map(JSON.parse);

test("the toy run trains to its end from disk, cat meets dog, and its losses are those of the program", async () => {
  await program("train", "--name", "native", "--device", "flex");
  await play("#go", async (page, milliseconds) => {
    console.log(`points after ${milliseconds} ms`);
    const first = (await status(page)).pairs[0];
    await reaches(page, "complete", 300_000);
    const last = await status(page);
    console.log(`${last.steps} steps in ${Math.round(last.milliseconds)} ms`);
    const [pair] = last.pairs;
    assert.deepEqual([pair.a, pair.b], ["cat", "dog"]);
    assert.ok(!first || first.centred < pair.centred - 0.3, `${first?.centred} to ${pair.centred}`);
    assert.ok(Math.max(...pair.ranks) <= 10, `${pair.ranks}`);
    await saved(page, "toy.zip");
  });

  execFileSync("python3", ["-m", "zipfile", "-e", join(folder, "toy.zip"), join(folder, "page")]);
  const [page, native] = [await lines("page/toy"), await lines("runs/native")];
  const of = (log, event) => log.filter((line) => line.event === event);
  const near = (found, expected, tolerance, what) =>
    assert.ok(Math.abs(found - expected) <= tolerance * expected, `${what}: ${found} instead of ${expected}`);
  const steps = of(native, "step");
  of(page, "step").slice(0, 20).forEach((line, i) => near(line.loss, steps[i].loss, 1e-4, `loss of step ${i + 1}`));
  const evaluations = of(native, "evaluation");
  assert.equal(of(page, "evaluation").length, evaluations.length);
  of(page, "evaluation").forEach((line, i) => near(line.loss, evaluations[i].loss, 1e-3, `evaluation at ${line.step}`));
  const [found, expected] = [page, native].map((log) => of(log, "watch").at(-1));
  near(found.purity, expected.purity, 0.02, "purity");
  found.pairs.forEach((pair, i) => assert.ok(Math.abs(pair.centred - expected.pairs[i].centred) < 0.05, pair.a));

  const resumed = await program("resume", "page/toy", "--more", "3");
  assert.match(resumed, /603/);
  await program("report", "page/toy", "--to", "toy.html");
});

test("a run is paused, goes one step at a time, goes on, and begins again", async () => {
  await play("", async (page) => {
    assert.equal((await status(page)).state, "idle");
    await button(page, "Train").click();
    await until(page, () => window.wordspace.status().step >= 3);
    await button(page, "Pause training").click();
    await reaches(page, "paused");
    // The update under way is still finished.
    await page.evaluate(() => new Promise((done) => setTimeout(done, 600)));
    const { step } = await status(page);
    await button(page, "One step").click();
    await until(page, (step) => window.wordspace.status().step === step + 1, step);
    assert.equal((await status(page)).state, "paused");
    await button(page, "Go on").click();
    await until(page, (step) => window.wordspace.status().step > step + 2, step);
    await button(page, "Restart").click();
    await reaches(page, "idle");
    assert.equal((await status(page)).step, 0);
  });
});

test("settings make another run, alone or beside the present one", async () => {
  await play("", async (page) => {
    await set(page, SMALL);
    await button(page, "Train with these").click();
    await reaches(page, "complete");
    assert.equal((await status(page)).steps, 40);
    await until(page, () => document.querySelector("#head h1").textContent.includes("layers 0"));
    await set(page, { Positions: "none" });
    await button(page, "Train beside the present run").click();
    await until(page, () => document.querySelectorAll(".clouds figcaption").length === 2);
    await reaches(page, "complete");
    assert.match(await page.locator(".clouds").textContent(), /positions none/);
  });
});

test("a text of one's own is trained on by words, characters or byte pairs", async () => {
  const sentences = Array.from({ length: 32_000 }, (_, i) => `the ${["cat", "dog", "cow"][i % 3]} ran to house ${i % 97} .`);
  const text = sentences.join("\n");
  assert.ok(text.length > 800_000);
  await writeFile(join(folder, "own.txt"), text.repeat(2));
  await play("", async (page) => {
    await set(page, { Layers: "0", Steps: "5" });
    await drop(page, join(folder, "own.txt"));
    for (const tokenizer of ["word", "char", "bpe:512"]) {
      await set(page, { Tokenizer: tokenizer });
      await button(page, "Train with these").click();
      await until(page, (name) => {
        const title = document.querySelector("#head h1").textContent;
        return title.includes("own text") && (name === "word" || title.includes(name.replace(":", "-")));
      }, tokenizer);
      await reaches(page, "complete");
    }
  });
});

test("what cannot be trained is said in a sentence, and the run before stays", async () => {
  await play("", async (page) => {
    const train = () => button(page, "Train with these").click();
    await set(page, { Channels: "1200", Layers: "4" });
    assert.match(await message(page, train), /would take about .* MB/);
    await set(page, { Channels: "many" });
    assert.match(await message(page, train), /channels/);
    await set(page, { Channels: "64", Layers: "2" });
    await page.getByLabel("A text of your own").fill("too short");
    assert.match(await message(page, train), /tokens/);
    assert.equal((await status(page)).state, "idle");
    await page.getByLabel("A text of your own").fill("");
    await set(page, { ...SMALL, "Learning rate": "1e30" });
    await train();
    await reaches(page, "failed");
    assert.match(await page.locator(".transport .hint").textContent(), /diverged at step \d+.*smaller learning rate/);
  });
});

test("an experiment shows two runs that differ in one thing, and what to look for", async () => {
  await play("", async (page) => {
    const experiments = page.locator(".experiment");
    assert.equal(await experiments.count(), 6);
    await page.getByRole("button", { name: "Order needs positions" }).click();
    await until(page, () => document.querySelectorAll(".clouds figcaption").length === 2);
    assert.match(await page.locator(".look").textContent(), /unordered bag of words/);
    await until(page, () => window.wordspace.status().step >= 2);
    await button(page, "Pause training").click();
    await page.getByRole("button", { name: "A symmetric start never parts" }).click();
    await until(page, () => document.querySelector(".clouds").textContent.includes("equal start"));
    await until(page, () => window.wordspace.status().step >= 12);
    assert.deepEqual(await page.locator(".notice:not([hidden])").count(), 0);
  });
});

test("a saved run and a report of the program are opened, and a text is continued", async () => {
  await program("train", "--name", "small", "--steps", "20", "--set", "model.channels=16", "--set", "model.layers=1");
  await program("report", "runs/small", "--to", "small.html");
  execFileSync("python3", ["-m", "zipfile", "-c", "small.zip", "runs/small"], { cwd: folder });
  await play("", async (page) => {
    const chosen = page.getByLabel("Open a saved run or a report");
    await chosen.setInputFiles(join(folder, "small.zip"));
    await reaches(page, "complete");
    assert.equal((await status(page)).step, 20);
    await button(page, "Continue the text").click();
    await until(page, () => /^the cat .+/.test(document.querySelector(".generated").textContent));
    await chosen.setInputFiles(join(folder, "small.html"));
    await until(page, () => document.querySelector("#head h1").textContent === "small" && !window.wordspace.status().steps);
    assert.match(await message(page, () => button(page, "Save (zip)").click()), /no model in it/);
    await writeFile(join(folder, "no.zip"), "not a zip file");
    assert.match(await message(page, () => chosen.setInputFiles(join(folder, "no.zip"))), /zip file cannot be opened/);
    await page.reload();
    await reaches(page, "idle");
  });
});

test("a file that is no UTF-8 text is refused", async () => {
  await play("", async (page) => {
    const dropped = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array([99, 97, 102, 0xe9, 32])], "latin.txt"));
      return transfer;
    });
    const act = () => page.dispatchEvent("#view", "drop", { dataTransfer: dropped });
    assert.match(await message(page, act), /latin\.txt is not UTF-8 text/);
  });
});

test("without WebGL a sentence says so once, and training goes on", async () => {
  const { page, faults, close } = await open(undefined);
  await page.addInitScript(() => {
    const own = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
      return kind.startsWith("webgl") ? null : own.call(this, kind, ...more);
    };
  });
  await page.goto(`${file}#go`);
  await until(page, () => window.wordspace?.status().step >= 12);
  assert.match(await page.locator(".notice").textContent(), /needs WebGL 2/);
  assert.ok(faults.length <= 4, `${faults.length} faults: ${faults[0]}`);
  await close();
});

test("a run goes on while its page is hidden", async () => {
  await play("#go", async (page) => {
    const session = await page.context().newCDPSession(page);
    const { windowId } = await session.send("Browser.getWindowForTarget");
    await session.send("Browser.setWindowBounds", { windowId, bounds: { windowState: "minimized" } });
    const hidden = await page.evaluate(() => document.visibilityState);
    const { step } = await status(page);
    await page.waitForFunction((step) => window.wordspace.status().step >= step + 20, step, { timeout: 60_000, polling: 250 });
    console.log(`the page was ${hidden}`);
    await session.send("Browser.setWindowBounds", { windowId, bounds: { windowState: "normal" } });
  });
});

test("it works on a phone, in the dark, and by the keyboard alone; axe-core finds no serious fault", async () => {
  for (const settings of [{}, { dark: true }, { width: 390, height: 844, phone: true }]) {
    // Without motion, because a caption that fades in has too little contrast for a moment.
    await play("", async (page) => {
      const train = button(page, "Train");
      await train.focus();
      await page.keyboard.press("Enter");
      await until(page, () => window.wordspace.status().step >= 2);
      await page.keyboard.press("Space");
      await reaches(page, "paused");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels beyond the edge`);
      const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
    }, { ...settings, still: true });
  }
});

/** The memory of the largest page without the browser's own code, in MB. */
async function memory() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === "renderer");
  const sizes = await Promise.all(
    pages.map(async ({ id }) => {
      const text = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
      return [...text.matchAll(/Rss(?:Anon|Shmem):\s+(\d+)/g)].reduce((sum, [, size]) => sum + size / 1024, 0);
    }),
  );
  return Math.round(Math.max(...sizes));
}

test("fifty restarts take no more memory than five, and training leaves the page responsive", async () => {
  await play("", async (page) => {
    const train = button(page, "Train");
    await train.click();
    await until(page, () => window.wordspace.status().step >= 20);
    console.log(`while training: ${Math.round(await rate(page))} pictures per second, ${await memory()} MB`);
    const sizes = [];
    for (let i = 1; i <= 50; i++) {
      await button(page, "Restart").click();
      await reaches(page, "idle");
      await button(page, "One step").click();
      await reaches(page, "paused");
      if (i === 5 || i === 50) sizes.push(await memory());
    }
    console.log(`after 5 restarts ${sizes[0]} MB, after 50 ${sizes[1]} MB`);
    assert.ok(sizes[1] < sizes[0] + 150, `${sizes}`);
  });
});
