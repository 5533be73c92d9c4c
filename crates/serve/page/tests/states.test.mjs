// The page when there is nothing to show, when the server stops, and with hostile vocabularies.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { arrived, browser, open, until } from "./browser.mjs";
import { standin } from "./standin.mjs";
import { synthetic } from "./synthetic.mjs";

after(() => browser.close());

test("without a run the page says how to make one", async () => {
  const server = await standin(synthetic(), 0, 0, false);
  const { page, close } = await open(server.address);
  await page.getByText("No run yet.").waitFor();
  server.grow(0);
  await page.getByText("has started.").waitFor();
  server.grow(2);
  await page.locator(".cloud").waitFor();
  await arrived(page, 1);
  await close();
  await server.close();
});

test("when the server stops the picture stays, and the page reconnects", async () => {
  const server = await standin(synthetic(), 4);
  const { page, close } = await open(server.address);
  await arrived(page, 4);
  await server.close();
  await page.locator(".lost").waitFor();
  assert.ok(await page.locator(".cloud").isVisible());
  const again = await standin(synthetic(), 6, server.port);
  await arrived(page, 16);
  await page.locator(".lost").waitFor({ state: "hidden" });
  await close();
  await again.close();
});

test("frames that cannot be shown are left out", async () => {
  const server = await standin(synthetic({ broken: [0, 8, 200] }));
  const { page, faults, close } = await open(server.address);
  await page.locator(".toast").filter({ hasText: "is broken" }).waitFor();
  await arrived(page, 160);
  const slider = page.getByRole("slider", { name: "Step" });
  assert.equal(await slider.getAttribute("max"), "7", "eight frames of eleven are on the timeline");
  await page.getByLabel("Find a word").fill("king");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "At step 1", exact: true }).waitFor();
  await page.getByRole("tab", { name: "Positions" }).click();
  await page.locator("#panel-positions .map").first().waitFor();
  // The browser itself reports failed requests on the console.
  assert.deepEqual(
    faults.filter((fault) => !fault.includes("status of 500")),
    [],
  );
  await close();
  await server.close();
});

test("a run without a usable frame says so", async () => {
  const made = synthetic({ steps: [0, 1] });
  const server = await standin({ ...made, broken: made.steps });
  const { page, close } = await open(server.address);
  await page.getByText("None of its frames can be shown.").waitFor();
  await close();
  await server.close();
});

test("words that look like markup stay text", async () => {
  const hostile = [
    "<script>fault()</script>",
    '"><img src=x onerror=fault()>',
    "a.b,c",
    " space",
    "%2E",
    "\n",
    "</ul>",
    "&amp;",
  ];
  const server = await standin(synthetic({ hostile }));
  const { page, faults, close } = await open(`${server.address}#step=200`);
  await page.locator(".cloud").waitFor();
  for (const word of hostile) {
    await page.evaluate(
      (word) =>
        (location.hash = `#step=200&word=${encodeURIComponent(word).replace(/\./g, "%2E")}&pins=cat.${encodeURIComponent(word).replace(/\./g, "%2E")}`),
      word,
    );
    const spelled = word.replace(/ /g, "␣").replace(/\n/g, "⏎");
    await until(page, (spelled) => document.querySelector(".chosen h2")?.textContent === spelled, spelled);
    await until(page, (spelled) => document.querySelector(".pair h3")?.textContent === `cat${spelled}`, spelled);
  }
  assert.equal(await page.locator("#panel script, #panel img").count(), 0);
  assert.deepEqual(faults, []);
  await close();
  await server.close();
});

test("an address that names missing things still opens", async () => {
  const server = await standin(synthetic());
  const { page, faults, close } = await open(
    `${server.address}#run=nowhere&step=1e999&word=unheard&eye=1,2&pins=..,x&tab=zzz&%E0%A4%A`,
  );
  await page.locator(".toast").filter({ hasText: "There is no run “nowhere” here" }).waitFor();
  await page.getByText("does not have the word “unheard”").waitFor();
  assert.deepEqual(faults, []);
  await close();
  await server.close();
});

test("a word whose vector is not finite is not drawn", async () => {
  const server = await standin(synthetic({ notFinite: [0, 7] }));
  const { page, faults, close } = await open(`${server.address}#step=200&word=cat`);
  await page.locator(".near li").first().waitFor();
  await page.getByRole("slider", { name: "Step" }).focus();
  await page.keyboard.press("Home");
  await page.locator(".cloud canvas").first().click();
  const drawn = await page.locator(".overlay").evaluate((canvas) =>
    canvas
      .getContext("2d")
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((value) => value > 0),
  );
  assert.ok(drawn, "the labels of the others are drawn");
  assert.deepEqual(faults, []);
  await close();
  await server.close();
});
