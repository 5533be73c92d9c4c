// Pinned pairs: the centred cosine of two words by step, beside that of random pairs.

import { Chart } from "./chart";
import { at, indexOf } from "./playback";
import { CROSS, el, icon } from "./dom";
import type { Pair } from "./source";
import { type App, panes } from "./app";
import { signed, spelled } from "./words";
import { pinned, unpin } from "./pins";

interface Shown {
  words: [string, string];
  element: HTMLElement;
  update(): void;
  fetch(): Promise<void>;
}

export function pairs(host: HTMLElement, app: App): void {
  let shown: Shown[] = [];
  const list = el("div", { class: "pairs" });
  host.append(
    el("h2", { class: "title" }, "Pairs"),
    el(
      "p",
      { class: "hint" },
      "The centred cosine of two words: the mean of all vectors is subtracted first. The grey band holds 90 % of random pairs. Ranks say which neighbour each is of the other; two words have met when both are at most 10.",
    ),
    list,
  );

  function rebuild() {
    const wanted = pinned(app);
    const same = ([a, b]: [string, string]) => shown.find(({ words }) => words[0] === a && words[1] === b);
    shown = wanted.map((words) => same(words) ?? card(app, words));
    list.replaceChildren(...shown.map(({ element }) => element));
    void refresh();
    for (const pane of panes(app)) pane.restyle();
  }

  /** One request at a time; news that comes meanwhile waits for the next round. */
  let asking = false;
  let again = false;
  async function refresh() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    for (const pair of [...shown]) await pair.fetch();
    asking = false;
    if (again) {
      again = false;
      void refresh();
    }
  }

  app.onChange((what) => {
    if (what === "run") {
      shown = [];
      rebuild();
    } else if (what === "frames") void refresh();
  });
  app.store.on((_, changed) => changed("pins") && rebuild());
  app.playback.on(() => shown.forEach((pair) => pair.update()));
}

function card(app: App, words: [string, string]): Shown {
  const name = words.map(spelled).join(" · ");
  const now = el("span", { class: "now" }, "…");
  const note = el("p", { class: "facts" });
  const watch = el("button", { class: "segment watch", onclick: () => play() }, "watch them meet");
  const chart = new Chart(92, (step) => app.playback.seekStep(step));
  const element = el(
    "article",
    { class: "pair", "aria-label": name },
    el(
      "header",
      {},
      el(
        "h3",
        {},
        ...words.map((word) => el("button", { class: "word", onclick: () => app.store.set({ word }) }, spelled(word))),
      ),
      now,
      el(
        "button",
        { class: "plain", "aria-label": `Unpin ${name}`, title: "Unpin", onclick: () => unpin(app, ...words) },
        icon(CROSS),
      ),
    ),
    chart.element,
    note,
    watch,
  );
  let pair: Pair | null = null;

  /** Plays the run from its first frame on the axes of this pair, which are those of the first one that is pinned. */
  function play() {
    const pins = pinned(app);
    const at = pins.findIndex(([a, b]) => a === words[0] && b === words[1]);
    if (at > 0) app.store.set({ pins: [pins[at], ...pins.slice(0, at), ...pins.slice(at + 1)] });
    app.store.set({ projection: "pair", flat: true });
    app.playback.seek(0);
    app.playback.play();
    app.invalidate();
  }

  function update() {
    if (!pair?.steps.length) return;
    const index = indexOf(pair.steps, app.playback.step);
    const value = at(pair.centred, index);
    now.textContent = signed(value);
    now.classList.toggle("above", value > at(pair.high, index));
    chart.at(app.playback.step);
    const [first, second] = pair.ranks[Math.floor(index + 1e-6)].map((rank) => rank ?? "> 10");
    note.textContent = `ranks ${first} and ${second} · raw ${signed(at(pair.raw, index))} · random pairs ${signed(at(pair.low, index))} to ${signed(at(pair.high, index))}`;
  }

  async function fetch() {
    const { main, other } = app;
    const ids = words.map((word) => main?.id(word) ?? null);
    if (!main || ids[0] === null || ids[1] === null) {
      const unknown = words.filter((_, i) => ids[i] === null).map(spelled);
      note.textContent = `This run does not have ${unknown.join(" and ")}.`;
      now.textContent = "–";
      return;
    }
    try {
      pair = await app.source.pair(main.run.id, ids[0], ids[1]);
      main.pairs.set(ids.join(" "), pair);
      const there = other && words.map((word) => other.id(word));
      let beside: Pair | null = null;
      if (other && there && there[0] !== null && there[1] !== null) {
        beside = await app.source.pair(other.run.id, there[0], there[1]);
        other.pairs.set(there.join(" "), beside);
      }
      draw(pair, beside);
    } catch (error) {
      app.toast((error as Error).message);
    }
  }

  function draw(pair: Pair, beside: Pair | null) {
    chart.element.toggleAttribute("hidden", pair.steps.length < 2);
    watch.hidden = pair.steps.length < 2 || !app.source.projections.includes("pair");
    chart.set({
      name: `Centred cosine of ${name} by step, from ${signed(pair.centred[0] ?? NaN)} to ${signed(pair.centred.at(-1) ?? NaN)}`,
      last: Math.max(pair.steps.at(-1) ?? 0, beside?.steps.at(-1) ?? 0),
      lines: [
        ...(beside ? [{ steps: beside.steps, values: beside.centred, kind: "soft" as const }] : []),
        { steps: pair.steps, values: pair.centred, kind: "main" },
      ],
      band: pair,
      range: [Math.min(-0.4, ...pair.centred, ...pair.low), 1],
      ticks: [0, 1],
    });
    update();
    app.invalidate();
    document.dispatchEvent(new Event("pair"));
  }
  return { words, element, update, fetch };
}
