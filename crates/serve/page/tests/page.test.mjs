// What a reader can do with the page, on a synthetic run that needs no training.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { arrived, browser, number, open, pairNow, step, until, visit } from "./browser.mjs";
import { standin } from "./standin.mjs";
import { synthetic } from "./synthetic.mjs";

const made = synthetic();
let server;
before(async () => (server = await standin(made)));
after(async () => {
  await server.close();
  await browser.close();
});

const reading = (fragment, act, settings) => visit(`${server.address}#${fragment}`, act, settings);

test("a run plays from step 0 to its newest frame when first opened", () =>
  reading("", async (page) => {
    assert.ok((await step(page)) < 40);
    assert.ok((await pairNow(page)) < 0.3);
    await page.locator(".caption p").filter({ hasText: "strangers" }).waitFor();
    await arrived(page, 200);
    assert.ok((await pairNow(page)) > 0.8);
    await page.locator(".caption p").filter({ hasText: "have met" }).waitFor();
    await page.getByRole("button", { name: "Close this note" }).click();
    assert.equal(await page.locator(".caption").isVisible(), false);
    await page.reload();
    await arrived(page, 200);
    assert.equal(await page.locator(".caption").isVisible(), false, "what was closed stays closed");
  }));

test("with reduced motion the newest frame is shown at once", () =>
  reading("", async (page) => assert.equal(await step(page), 200), { still: true }));

test("the keyboard scrubs: Home, End and arrows move, space plays", () =>
  reading("step=200", async (page) => {
    await page.getByRole("slider", { name: "Step" }).focus();
    await page.keyboard.press("Home");
    assert.equal(await step(page), 0);
    const early = await pairNow(page);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await step(page), 2);
    await page.keyboard.press("End");
    assert.equal(await step(page), 200);
    assert.ok((await pairNow(page)) > early + 0.5);
    assert.equal(await page.getByRole("slider", { name: "Step" }).getAttribute("aria-valuetext"), "step 200 of 200");
    await page.keyboard.press(" ");
    await until(page, () => Number(document.querySelector(".step b").textContent) < 10);
  }));

test("a found word shows its neighbours, and Escape deselects it", () =>
  reading("step=200", async (page) => {
    await page.keyboard.press("/");
    await page.keyboard.type("ca");
    await page.getByRole("option", { name: "cat", exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".chosen h2").filter({ hasText: "cat" }).waitFor();
    const now = page.locator(".near ol").first().locator("li");
    await now.nth(9).waitFor();
    const listed = await now.locator(".word").allTextContents();
    assert.equal(await page.locator(".near ol").nth(1).locator("li").count(), 10);
    const animal = new Set(made.classes[0].words.map((id) => made.names[id]));
    assert.ok(
      listed.every((word) => animal.has(word)),
      `${listed} are animals`,
    );
    const seen = number(await now.last().locator(".number").textContent());
    await page.getByRole("button", { name: "raw cosine" }).click();
    assert.notEqual(number(await now.last().locator(".number").textContent()), seen);
    await page.keyboard.press("Escape");
    await page.locator(".chosen").waitFor({ state: "detached" });
  }));

test("a click on a point chooses its word", () =>
  reading("step=200&view=2d", async (page) => {
    // Search the cloud for a word: over one, the pointer becomes a hand.
    const cloud = await page.locator(".cloud canvas").first().boundingBox();
    for (let i = 0; i < 400; i++) {
      const [x, y] = [
        cloud.x + cloud.width * (0.3 + 0.4 * ((i * 0.618) % 1)),
        cloud.y + cloud.height * (0.3 + 0.4 * ((i * 0.414) % 1)),
      ];
      await page.mouse.move(x, y);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      if (
        (await page
          .locator(".cloud canvas")
          .first()
          .evaluate((canvas) => canvas.style.cursor)) !== "pointer"
      )
        continue;
      await page.mouse.click(x, y);
      break;
    }
    assert.ok(made.names.includes(await page.locator(".chosen h2").textContent()));
  }));

test("pairs can be pinned and unpinned, and a link restores the view", () =>
  reading("step=40&word=cat", async (page) => {
    assert.equal(await page.locator(".pair").count(), 3, "the run's own pairs are pinned from the start");
    await page.locator(".near .add:not([disabled])").first().click();
    await page.locator(".pair").nth(3).waitFor();
    await page.getByRole("button", { name: "Unpin cat · piano" }).click();
    assert.equal(await page.locator(".pair").count(), 3);
    await page.getByRole("button", { name: "Copy a link to this view" }).click();
    // The address follows the view a moment later, and may still name the pair that was just unpinned.
    await until(page, () => /pins=cat\.dog,king\.queen,/.test(location.hash) && !location.hash.includes("piano"));
    const names = await page.locator(".pair h3").allTextContents();
    const again = await open(await page.evaluate(() => location.href));
    await again.page.locator(".pair").nth(2).waitFor();
    assert.deepEqual(await again.page.locator(".pair h3").allTextContents(), names);
    assert.equal(await step(again.page), 40);
    assert.equal(await again.page.locator(".chosen h2").textContent(), "cat");
    await again.close();
  }));

test("a run is compared with its own first step on one timeline", () =>
  reading("step=200", async (page) => {
    await page.getByLabel("Compare with").selectOption("made-up@0");
    await page.locator(".cloud").nth(1).waitFor();
    assert.deepEqual(await page.locator("figcaption").allTextContents(), ["made-up", "made-up at step 0"]);
    assert.equal(await step(page), 200);
    await page.getByLabel("Compare with").selectOption("");
    await until(page, () => document.querySelectorAll(".cloud").length === 1);
  }));

test("positions and a typed sentence are shown as readable values", () =>
  reading("step=200&tab=sentence", async (page) => {
    await page.locator(".tokens li").nth(2).waitFor();
    await page.getByLabel("Your sentence").fill("cat king cat");
    await page.locator("#panel-sentence .facts").filter({ hasText: "at positions 0 and 2" }).waitFor();
    assert.equal(await page.locator(".tokens .strip").count(), 9);
    await page.locator(".tokens .strip").first().focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator(".readout").textContent(), /cat, token vector, value 1: [+−]\d/);
    await page.getByRole("tab", { name: "Positions" }).click();
    await page.locator("#panel-positions output").filter({ hasText: "positions 0 and 0: +1" }).waitFor();
    await page.locator("#panel-positions .map").first().focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.locator("#panel-positions output").textContent(), /positions 0 and 1: [+−]/);
  }));

test("an unknown word in a sentence is named", async () => {
  const { page, faults, close } = await open(`${server.address}#step=200&tab=sentence`);
  await page.locator(".tokens li").first().waitFor();
  await page.getByLabel("Your sentence").fill("cat zebra");
  await page.getByText("“zebra” is not in the vocabulary of this run.").waitFor();
  assert.equal(await page.locator(".tokens li").count(), 0);
  // The browser itself reports failed requests on the console.
  assert.deepEqual(
    faults.filter((fault) => !fault.includes("status of 400")),
    [],
  );
  await close();
});

test("theme, dimensions and colours change at a click", () =>
  reading("step=200", async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.getByRole("button", { name: "Switch to dark" }).click();
    assert.notEqual(await paper(), light);
    await until(page, () => location.hash.includes("theme=dark"));
    await page.keyboard.press("2");
    await page.getByRole("button", { name: "switch to 3-D" }).waitFor();
    await page.getByLabel("Colours", { exact: true }).selectOption("frequency");
    await page.getByText("rare").waitFor();
  }));

test("the view is saved as a PNG", () =>
  reading("step=200", async (page) => {
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save this view as a picture" }).click(),
    ]);
    assert.equal(saved.suggestedFilename(), "made-up-step-200.png");
    const chunks = await (await saved.createReadStream()).toArray();
    const bytes = Buffer.concat(chunks);
    assert.equal(bytes.subarray(1, 4).toString(), "PNG");
    assert.ok(bytes.length > 20_000, `a cloud takes more than ${bytes.length} bytes`);
  }));

test("on a phone all tabs work and nothing is wider than the screen", () =>
  reading(
    "step=200",
    async (page) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      for (const name of ["Training", "Positions", "Sentence", "Run", "Words"]) {
        await page.getByRole("tab", { name }).tap();
        assert.ok(await page.getByRole("tabpanel", { name }).isVisible());
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
      }
      const cloud = await page.locator(".cloud").boundingBox();
      assert.ok(cloud.height > 350 && cloud.width === 390);
    },
    { width: 390, height: 844, phone: true },
  ));

test("a new frame is shown at once, unless the reader has gone back", async () => {
  const growing = await standin(synthetic(), 3);
  const { page, faults, close } = await open(growing.address);
  await arrived(page, 2);
  growing.grow(3);
  await arrived(page, 16);
  await page.getByRole("slider", { name: "Step" }).focus();
  await page.keyboard.press("Home");
  growing.grow();
  await page.getByRole("slider", { name: "Step" }).and(page.locator("[max='6']")).waitFor();
  assert.equal(await step(page), 0);
  await page.getByRole("button", { name: "live" }).click();
  await arrived(page, 40);
  assert.deepEqual(faults, []);
  await close();
  await growing.close();
});
