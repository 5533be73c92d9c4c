// Projections, colours, filters and the lasso; all of it on a phone and by keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, until, visit } from "./browser.mjs";
import { standin } from "./standin.mjs";
import { synthetic } from "./synthetic.mjs";

const made = synthetic();
let server;
before(async () => (server = await standin(made)));
after(async () => {
  await server.close();
  await browser.close();
});

const reading = (fragment, act, settings, address = server.address) => visit(`${address}#${fragment}`, act, settings);

const howMany = async (page) => parseInt(await page.getByRole("heading", { name: /selected words?$/ }).textContent());

const selectedWords = async (page) => {
  await page.getByRole("heading", { name: /selected words?$/ }).waitFor();
  return page.locator(".listed .word").allTextContents();
};

/** Selects all words in view, by keyboard. */
async function selectInView(page) {
  await page.keyboard.press("l");
  await page.keyboard.press("Enter");
  return selectedWords(page);
}

test("the words are drawn by PCA, on the axes of a pair, by t-SNE and by UMAP", () =>
  reading("step=200", async (page, asked) => {
    const choice = page.getByLabel("Projection");
    assert.deepEqual(await choice.locator("option").allTextContents(), ["PCA", "cat · dog", "t-SNE", "UMAP"]);
    for (const [by, meaning] of [
      ["pair", "→ from piano to cat and dog at the newest step"],
      ["tsne", "keeps neighbours, not distances"],
      ["umap", "keeps neighbours, distances roughly"],
    ]) {
      await choice.selectOption(by);
      await page.locator(".axes").filter({ hasText: meaning }).waitFor();
      await page.getByRole("button", { name: "switch to 3-D" }).waitFor();
      await until(page, (by) => location.hash.includes(`projection=${by}`), by);
      const requests = asked.filter(({ searchParams }) => searchParams.get("by") === by);
      assert.ok(
        requests.some(({ pathname }) => pathname.endsWith("/points/200")),
        by,
      );
    }
    const pair = asked.find(({ searchParams }) => searchParams.get("by") === "pair").searchParams;
    assert.deepEqual(
      ["a", "b", "against"].map((name) => pair.get(name)),
      ["0", "1", "4"],
    );
    await choice.selectOption("pca");
    await page.getByRole("button", { name: "switch to 2-D" }).waitFor();
  }));

test("two words are watched while they meet: played from step 0 on their own axes", () =>
  reading("step=200", async (page, asked) => {
    await page.getByRole("article", { name: "king · queen" }).getByRole("button", { name: "watch them meet" }).click();
    await page.locator(".axes").filter({ hasText: "↑ from queen to king at step 0" }).waitFor();
    await until(page, () => Number(document.querySelector(".step b").textContent) < 40);
    await until(page, () => document.querySelector(".step b").textContent === "200");
    const pair = asked.find(({ searchParams }) => searchParams.get("by") === "pair").searchParams;
    assert.deepEqual(
      ["a", "b"].map((name) => pair.get(name)),
      ["2", "3"],
    );
  }));

test("a lasso selects the words inside it, and Escape clears the selection", () =>
  reading("step=200&view=2d", async (page) => {
    await page.getByRole("button", { name: "Select words with a lasso" }).click();
    const { x, y, width, height } = await page.locator(".cloud").boundingBox();
    const at = (right, down) => [x + width * right, y + height * down];
    await page.mouse.move(...at(0.5, 0.25));
    await page.mouse.down();
    for (const corner of [at(0.9, 0.25), at(0.9, 0.75), at(0.5, 0.75)]) await page.mouse.move(...corner, { steps: 4 });
    await page.mouse.up();
    const right = await selectedWords(page);
    assert.ok(right.length > 10 && right.length === (await howMany(page)), `${right}`);
    await page.keyboard.press("Escape");
    await page.locator(".listed").waitFor({ state: "hidden" });
    const all = await selectInView(page);
    assert.ok((await howMany(page)) > right.length && (await howMany(page)) > 200);
    assert.equal(all.length, 200, "so many are listed");
    await page.locator(".listed .word").first().click();
    assert.equal(await page.locator(".chosen h2").textContent(), all[0]);
  }));

test("only the words of a class, or the most frequent, are drawn, and the pinned ones", () =>
  reading("step=200&view=2d", async (page) => {
    const pinned = ["cat", "dog", "king", "queen", "piano"];
    await page.getByRole("button", { name: "food" }).click();
    const food = new Set(made.classes[3].words.map((id) => made.names[id]));
    const shown = await selectInView(page);
    assert.ok(shown.some((word) => food.has(word)));
    assert.ok(
      shown.every((word) => food.has(word) || pinned.includes(word)),
      `${shown}`,
    );
    await page.getByRole("button", { name: "food" }).click();
    await page.getByLabel("Words by frequency").selectOption("50");
    const frequent = await selectInView(page);
    assert.ok(frequent.length <= 50 && frequent.every((word) => made.names.indexOf(word) < 50), `${frequent}`);
    await until(page, () => location.hash.includes("top=50") && !location.hash.includes("only"));
  }));

test("a run without classes is coloured by frequency, or by clusters", async () => {
  const plain = await standin(synthetic({ classed: false }));
  await reading(
    "step=200",
    async (page) => {
      const colours = page.getByLabel("Colours", { exact: true });
      assert.deepEqual(await colours.locator("option").allTextContents(), ["by frequency", "by cluster"]);
      await page.getByText("rare").waitFor();
      const before = await page.locator(".cloud").screenshot();
      await colours.selectOption("cluster");
      await page.getByText("clusters in this picture").waitFor();
      assert.notDeepEqual(await page.locator(".cloud").screenshot(), before);
    },
    { still: true },
    plain.address,
  );
  await plain.close();
});

/** The controls that a reader can use now, with what is wrong with each: outside the screen, or covered. */
const controls = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, select, input, [tabindex='0']")]
      .filter((element) => element.checkVisibility() && !element.disabled)
      .map((element) => {
        element.scrollIntoView({ block: "nearest", inline: "nearest" });
        const { left, top, right, bottom } = element.getBoundingClientRect();
        const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        const name = element.getAttribute("aria-label") || element.textContent || element.className;
        const inside = left >= -0.5 && right <= innerWidth + 0.5 && top >= -0.5 && bottom <= innerHeight + 0.5;
        return {
          name,
          fault: !inside ? "outside" : !element.contains(hit) ? `under ${hit?.outerHTML.slice(0, 80)}` : "",
        };
      }),
  );

test("on a phone no control is cut off or covered, with captions and with a chosen word", async () => {
  for (const fragment of ["step=0", "step=200&word=cat", "step=200&projection=pair&tab=training"]) {
    await reading(
      fragment,
      async (page) => {
        const found = await controls(page);
        assert.ok(found.length > 15);
        const faults = found.filter(({ name, fault }) => fault && !/words of made-up/.test(name));
        assert.deepEqual(faults, []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      },
      { width: 390, height: 844, phone: true },
    );
  }
});

test("the Tab key reaches every control", () =>
  reading("step=200&word=cat", async (page) => {
    await page.locator(".near li").nth(19).waitFor();
    const wanted = await page.evaluate(
      () =>
        [...document.querySelectorAll("button, select, input, [tabindex='0']")].filter(
          (element) => element.checkVisibility() && !element.disabled && element.tabIndex === 0,
        ).length,
    );
    const reached = await page.evaluateHandle(() => new Set());
    await page.evaluate(() => document.activeElement?.blur());
    for (let i = 0; i < wanted + 2; i++) {
      await page.keyboard.press("Tab");
      await reached.evaluate((set) => document.activeElement !== document.body && set.add(document.activeElement));
    }
    assert.equal(await reached.evaluate((set) => set.size), wanted);
  }));
