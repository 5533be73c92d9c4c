// Three sentences for the first minute, each at the moment when there is something to see; a reader who has
// closed one has read it.

import { at, positionOf } from "./clock";
import { el, icon } from "./dom";
import { type Stage, pinned } from "./stage";
import { spelled } from "./words";

const CROSS = "M4 4l8 8M12 4l-8 8";
/** A sentence stands at least this long before the next takes its place. */
const READING_MS = 4500;
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

  function dismiss() {
    if (shown) closed.add(shown);
    try {
      localStorage.setItem(KEPT, [...closed].join(" "));
    } catch {
      // A page from disk may not be allowed to remember.
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
    const place = positionOf(pair.steps, clock.step);
    const [now, high] = [at(pair.centred, place), at(pair.high, place)];
    if (clock.position < 4 && pair.centred[0] < pair.high[0]) {
      return ["noise", `Every point is a word. At step 0 they lie at random: ${first} and ${second} are strangers.`];
    }
    if (now > Math.max(0.6, high)) {
      return [
        "met",
        `${first} and ${second} have met. Nobody told the model what they are: they stand in the same places of its text, and that was enough.`,
      ];
    }
    if (now > high || (clock.position > 6 && now > pair.centred[0] + 0.15)) {
      return [
        "signs",
        `First signs. Words that are used alike are pushed the same way, step after step, and come nearer to each other.`,
      ];
    }
    return null;
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
    }
    if (!visible) delete text.dataset.moment;
    box.hidden = !visible;
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
