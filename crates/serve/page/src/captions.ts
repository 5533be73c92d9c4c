// Three captions for the first minute, each shown when there is something to see. A caption that was closed stays
// closed.

import { at, indexOf } from "./clock";
import { CROSS, el, icon } from "./dom";
import { type Stage, pinned } from "./stage";
import { spelled } from "./words";

/** A caption stays at least this long before the next replaces it. */
const READING_MS = 4500;
const GLIDING_MS = 700;
/** A caption keeps this distance from the words it is about, in pixels. */
const MARGIN = 24;
const KEPT = "wordspace captions";

export function captions(host: HTMLElement, stage: Stage): void {
  const closed = new Set(remembered());
  const text = el("p");
  const box = el(
    "div",
    { class: "caption", role: "status", hidden: true },
    text,
    el("button", { class: "plain", "aria-label": "Close this note", onclick: () => dismiss() }, icon(CROSS)),
  );
  host.append(box);
  let shown: string | null = null;
  let since = 0;
  let later = 0;
  let moved = -Infinity;

  function dismiss() {
    if (shown) closed.add(shown);
    try {
      localStorage.setItem(KEPT, [...closed].join(" "));
    } catch {
      // A page opened from disk may have no storage.
    }
    draw();
  }

  function moment(): [string, string] | null {
    const { main, clock } = stage;
    const words = pinned(stage)[0];
    if (!main || stage.other || !words || clock.steps.length < 2) return null;
    const [a, b] = words.map((word) => main.id(word));
    const pair = main.pairs.get(`${a} ${b}`);
    const [first, second] = words.map(spelled);
    if (!pair?.steps.length) return null;
    const index = indexOf(pair.steps, clock.step);
    const [now, high] = [at(pair.centred, index), at(pair.high, index)];
    if (clock.position < 4 && pair.centred[0] < pair.high[0]) {
      return [
        "noise",
        `Every point is a word. At step 0 the vectors are random: ${first} and ${second} are strangers.`,
      ];
    }
    if (now > Math.max(0.6, high)) {
      return [
        "met",
        `${first} and ${second} have met. Nobody told the model what they mean: they occur in the same contexts, and that was enough.`,
      ];
    }
    if (now > high || (clock.position > 6 && now > pair.centred[0] + 0.15)) {
      return [
        "signs",
        "First signs: words in similar contexts get similar updates, step after step, and move closer to each other.",
      ];
    }
    return null;
  }

  /** Moves the caption away from the words it is about: to the top of the cloud, or to the bottom. */
  function stepAside() {
    const { main } = stage;
    if (!main || box.hidden || performance.now() - moved < READING_MS) return;
    const [left, top] = [box.offsetLeft - MARGIN, box.offsetTop - MARGIN];
    const [right, bottom] = [left + box.offsetWidth + 2 * MARGIN, top + box.offsetHeight + 2 * MARGIN];
    const covers = main.pins()[0]?.some((word) => {
      const { x, y } = main.scene.project(main.scene.world(word), { x: 0, y: 0, near: 0 });
      return x > left && x < right && y > top && y < bottom;
    });
    if (!covers) return;
    box.classList.toggle("low");
    moved = performance.now();
  }

  function draw() {
    const found = moment();
    const same = (found?.[0] ?? undefined) === text.dataset.moment;
    const read = closed.has(text.dataset.moment ?? "") || performance.now() - since > READING_MS;
    clearTimeout(later);
    if (!same && !box.hidden && !read) {
      later = window.setTimeout(draw, READING_MS);
      return;
    }
    if (!same) since = performance.now();
    shown = found?.[0] ?? null;
    const visible = !!found && !closed.has(found[0]);
    if (visible && text.dataset.moment !== found[0]) {
      text.dataset.moment = found[0];
      text.textContent = found[1];
      // By then gliding words have nearly arrived.
      window.setTimeout(stepAside, GLIDING_MS);
    }
    if (!visible) delete text.dataset.moment;
    box.hidden = !visible;
    stepAside();
  }

  stage.clock.on(draw);
  stage.onNews(draw);
  document.addEventListener("pair", draw);
}

function remembered(): string[] {
  try {
    return localStorage.getItem(KEPT)?.split(" ") ?? [];
  } catch {
    return [];
  }
}
