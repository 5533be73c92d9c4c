// The page shows how two words meet: they are visible from the first frame, their names can be read, and nothing is said
// before it is true.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { browser, drawn, step, visit } from "./browser.mjs";
import { standin } from "./standin.mjs";
import { answers, synthetic } from "./synthetic.mjs";

after(() => browser.close());

const PHONE = { width: 390, height: 844, phone: true };

/** Opens a synthetic run, and checks afterwards that the page had no errors. */
async function watching(made, fragment, act, settings) {
  const server = await standin(made);
  await visit(`${server.address}#${fragment}`, act, settings);
  await server.close();
}

const overlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];

/** The boxes of the elements that lie over the cloud, and that of the cloud, without padding. */
const boxes = (page, selector) =>
  page.evaluate(
    (selector) =>
      [...document.querySelectorAll(selector)].map((element) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        const { paddingTop, paddingBottom } = getComputedStyle(element);
        return [left, top + parseFloat(paddingTop), width, height - parseFloat(paddingTop) - parseFloat(paddingBottom)];
      }),
    selector,
  );

/** Checks that the pinned words lie where nothing covers them, and that no name or number lies over another. */
async function check(page, where) {
  const { texts, links } = await drawn(page);
  const [cloud] = await boxes(page, ".cloud");
  const over = (await boxes(page, "#head > *, .tools, .legend, .caption")).filter((box) => box[2] > 0);
  for (const [x, y] of links.flat()) {
    const point = [cloud[0] + x, cloud[1] + y, 0, 0];
    assert.ok(overlap(point, cloud), `${where}: a pinned word at ${x}, ${y} is outside the picture`);
    assert.ok(!over.some((box) => overlap(point, box)), `${where}: a pinned word at ${x}, ${y} is covered`);
  }
  const standing = texts.filter(({ stands }) => stands);
  for (const word of ["cat", "dog", "king", "queen", "piano"])
    assert.ok(
      standing.some(({ text }) => text === word),
      `${where}: ${word} has its name`,
    );
  for (const [i, a] of texts.entries()) {
    for (const b of texts.slice(0, i)) assert.ok(!overlap(a.box, b.box), `${where}: “${a.text}” lies over “${b.text}”`);
    const box = [cloud[0] + a.box[0], cloud[1] + a.box[1], a.box[2], a.box[3]];
    assert.ok(!over.some((other) => overlap(box, other)), `${where}: “${a.text}” is covered`);
  }
}

async function checkFirstFrames(seed, settings) {
  await watching(
    synthetic({ seed }),
    "step=0",
    async (page) => {
      const slider = page.getByRole("slider", { name: "Step" });
      for (const at of [0, 1, 2, 40, 200]) {
        if (at === 40) await slider.press("End").then(() => slider.press("ArrowLeft"));
        else if (at) await slider.press(at === 200 ? "End" : "ArrowRight");
        await check(page, `seed ${seed}, step ${await step(page)}, ${JSON.stringify(settings)}`);
      }
    },
    settings,
  );
}

for (const seed of [1, 2, 3])
  test(`pinned words are visible and their names apart from the first frame on, seed ${seed}`, () =>
    checkFirstFrames(seed, { dark: seed % 2 === 0 }));

for (const seed of [4, 5])
  test(`on a phone too, seed ${seed}`, () => checkFirstFrames(seed, { ...PHONE, dark: seed === 5 }));

test("on the axes of the pair names are apart too", () =>
  watching(synthetic(), "step=200&projection=pair", (page) => check(page, "the pair")));

test("on a phone no caption covers the cloud", async () => {
  for (const at of [0, 200]) {
    await watching(
      synthetic(),
      `step=${at}`,
      async (page) => {
        await page.locator(".caption p").waitFor();
        const [[cloud], [caption]] = [await boxes(page, ".cloud"), await boxes(page, ".caption")];
        assert.ok(!overlap(cloud, caption), `${caption} covers ${cloud}`);
        assert.ok(caption[0] >= 0 && caption[0] + caption[2] <= 390);
      },
      PHONE,
    );
  }
});

test("two words have met when each is among the ten nearest of the other, not before", async () => {
  const made = synthetic();
  const { ranks } = answers(made).pair(0, 1);
  const met = ranks.map((pair) => pair.every((rank) => rank !== null));
  assert.ok(!met[0] && met.at(-1), `${ranks}`);
  await watching(made, "step=200", async (page) => {
    const slider = page.getByRole("slider", { name: "Step" });
    const said = () => page.locator(".caption p").filter({ hasText: "have met", visible: true }).count();
    await page.locator(".caption p").filter({ hasText: "have met" }).waitFor();
    for (let at = made.steps.length - 2; at >= 0; at--) {
      await slider.press("ArrowLeft");
      assert.equal(await step(page), made.steps[at]);
      assert.equal(await said(), met[at] && met[at + 1] ? 1 : 0, `step ${made.steps[at]}`);
      const note = await page.locator(".pair .facts").first().textContent();
      const [a, b] = ranks[at].map((rank) => rank ?? "> 10");
      assert.ok(note.startsWith(`ranks ${a} and ${b} `), `${note} at step ${made.steps[at]}`);
      if (!met[at]) break;
    }
  });
});

test("uneven time is marked, even time is not", async () => {
  const shown = async (page) => page.getByText("steps, not to scale").isVisible();
  await watching(synthetic(), "step=200", async (page) => assert.ok(await shown(page)));
  const even = synthetic({ steps: [0, 50, 100, 150, 200] });
  await watching(even, "step=200", async (page) => assert.ok(!(await shown(page))));
});
