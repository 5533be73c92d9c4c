// Three captions for the first minute, each shown when there is something to see. A caption that was closed stays
// closed.

import type { App } from "./app";
import { CROSS, el, icon } from "./dom";
import { at, indexOf } from "./playback";
import { spelled } from "./words";
import { pinned } from "./pins";

/** A caption stays at least this long before the next replaces it. */
const READING_MS = 4500;
const KEPT = "wordspace captions";

export function captions(host: HTMLElement, app: App): void {
  const closed = new Set(remembered());
  const text = el("p");
  const box = el(
    "div",
    { class: "caption", role: "status", hidden: true },
    text,
    el("button", { class: "plain", "aria-label": "Close this note", onclick: () => dismiss() }, icon(CROSS)),
  );
  host.append(box);
  let since = 0;
  let later = 0;

  function dismiss() {
    if (text.dataset.moment) closed.add(text.dataset.moment);
    try {
      localStorage.setItem(KEPT, [...closed].join(" "));
    } catch {
      // A page opened from disk may have no storage.
    }
    draw();
  }

  function moment(): [string, string] | null {
    const { main, playback } = app;
    const words = pinned(app)[0];
    if (!main || app.other || !words || playback.steps.length < 2) return null;
    const [a, b] = words.map((word) => main.id(word));
    const pair = main.pairs.get(`${a} ${b}`);
    const [first, second] = words.map(spelled);
    if (!pair?.steps.length) return null;
    const index = indexOf(pair.steps, playback.step);
    if (haveMet(pair.ranks[Math.floor(index + 1e-6)])) {
      return [
        "met",
        `${first} and ${second} have met. Nobody told the model what they mean: they occur in the same contexts, and that was enough.`,
      ];
    }
    const [now, high] = [at(pair.centred, index), at(pair.high, index)];
    if (playback.position < 4 && pair.centred[0] < pair.high[0]) {
      return [
        "noise",
        `Every point is a word. At step 0 the vectors are random: ${first} and ${second} are strangers.`,
      ];
    }
    if (now > high || (playback.position > 6 && now > pair.centred[0] + 0.15)) {
      return [
        "signs",
        "First signs: words in similar contexts get similar updates, step after step, and move closer to each other.",
      ];
    }
    return null;
  }

  function draw() {
    const found = moment();
    const { moment: shown } = text.dataset;
    const read = closed.has(shown ?? "") || performance.now() - since > READING_MS;
    clearTimeout(later);
    // That two words have met must not be read where they have not.
    if (shown && shown !== found?.[0] && shown !== "met" && !read) {
      later = window.setTimeout(draw, READING_MS);
      return;
    }
    const visible = !!found && !closed.has(found[0]);
    if (visible && shown !== found[0]) {
      since = performance.now();
      text.dataset.moment = found[0];
      text.textContent = found[1];
    }
    if (!visible) delete text.dataset.moment;
    box.hidden = !visible;
  }

  app.playback.on(draw);
  app.onChange(draw);
  document.addEventListener("pair", draw);
}

/** Whether each of two words is among the ten nearest of the other: these are all the ranks that a pair has. */
const haveMet = (ranks: (number | null)[]): boolean => ranks.every((rank) => rank !== null);

function remembered(): string[] {
  try {
    return localStorage.getItem(KEPT)?.split(" ") ?? [];
  } catch {
    return [];
  }
}
