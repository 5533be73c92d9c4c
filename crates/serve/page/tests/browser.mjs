// A browser for the tests: the system's Chromium, without background traffic, rendering in software.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const PLAIN = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
const SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [...PLAIN, ...QUIET, ...SOFTWARE],
});

/** Records what is drawn over the clouds: texts with their boxes, and the ends of the links of pinned pairs. */
function record() {
  const context = CanvasRenderingContext2D.prototype;
  let path = [];
  const watch = (name, act) => {
    const own = context[name];
    context[name] = function (...given) {
      if (this.canvas.classList.contains("overlay")) act(this, given);
      return own.apply(this, given);
    };
  };
  watch("clearRect", () => (window.drawn = { texts: [], links: [] }));
  watch("beginPath", () => (path = []));
  watch("moveTo", (_, point) => path.push(point));
  watch("lineTo", (_, point) => path.push(point));
  watch("stroke", ({ lineWidth }) => Math.abs(lineWidth - 1.4) < 0.01 && window.drawn.links.push(path));
  watch("fillText", (ctx, [text, x, y]) => {
    const [width, height] = [ctx.measureText(text).width, Number(/([\d.]+)px/.exec(ctx.font)[1])];
    window.drawn.texts.push({ text, stands: /^(600|500)/.test(ctx.font), box: [x, y - height / 2, width, height] });
  });
}

/** What is drawn over the clouds once nothing moves any more. */
export const drawn = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        let [seen, same] = [null, 0];
        const look = () => {
          same = window.drawn === seen ? same + 1 : 0;
          seen = window.drawn;
          if (same < 6 || !seen?.links.length) requestAnimationFrame(look);
          else done(seen);
        };
        look();
      }),
  );

/** Opens an address in a new page; `faults` collects its errors. */
export async function open(address, { width = 1280, height = 800, dark = false, phone = false, still = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: still ? "reduce" : "no-preference",
    hasTouch: phone,
    isMobile: phone,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  await page.addInitScript(record);
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error.stack)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  if (address) await page.goto(address);
  return { page, faults, close: () => context.close() };
}

/** Waits until a condition holds in the page; the test fails if it never does. */
export const until = (page, condition, argument) => page.waitForFunction(condition, argument, { timeout: 60_000 });

/**
 * Opens a run's page at an address, waits for its first numbers, acts on it, and checks that it had no errors. `act` gets the
 * page and the addresses that it has requested.
 */
export async function visit(address, act, settings) {
  const { page, faults, close } = await open(undefined, settings);
  const requested = [];
  page.on("request", (request) => requested.push(new URL(request.url())));
  await page.goto(address);
  await until(page, () => document.querySelector(".pair .now")?.textContent.length > 2);
  await act(page, requested);
  assert.deepEqual(faults, []);
  await close();
}

export const step = (page) =>
  page
    .locator(".step b")
    .textContent()
    .then((text) => Number(text.replace(/,/g, "")));
export const arrived = (page, at) =>
  until(page, (at) => document.querySelector(".step b")?.textContent.replace(/,/g, "") === String(at), at);
export const number = (text) => Number(text.replace("−", "-"));
export const pairNow = (page) => page.locator(".pair .now").first().textContent().then(number);

/** The page's pictures per second, over sixty pictures. */
export const rate = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const times = [];
        const tick = (now) =>
          times.push(now) < 61 ? requestAnimationFrame(tick) : done(60_000 / (times.at(-1) - times[0]));
        requestAnimationFrame(tick);
      }),
  );
