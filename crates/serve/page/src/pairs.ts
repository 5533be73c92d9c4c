// Pinned pairs: the centred cosine of two words by step, beside that of random pairs.

import { Chart } from "./chart";
import { at, indexOf } from "./clock";
import { CROSS, el, icon } from "./dom";
import type { Pair } from "./source";
import { type Stage, pinned, sides, unpin } from "./stage";
import { signed, spelled } from "./words";

interface Shown {
  words: [string, string];
  element: HTMLElement;
  update(): void;
  fetch(): Promise<void>;
}

export function pairs(host: HTMLElement, stage: Stage): void {
  let shown: Shown[] = [];
  const list = el("div", { class: "pairs" });
  host.append(
    el("h2", { class: "title" }, "Pairs"),
    el(
      "p",
      { class: "hint" },
      "The centred cosine of two words: the mean of all vectors is subtracted first. The grey band holds 90 % of random pairs; a pair above it is closer than chance.",
    ),
    list,
  );

  function rebuild() {
    const wanted = pinned(stage);
    const same = ([a, b]: [string, string]) => shown.find(({ words }) => words[0] === a && words[1] === b);
    shown = wanted.map((words) => same(words) ?? card(stage, words));
    list.replaceChildren(...shown.map(({ element }) => element));
    void refresh();
    for (const side of sides(stage)) side.dress();
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

  stage.onNews((what) => {
    if (what === "run") {
      shown = [];
      rebuild();
    } else if (what === "frames") void refresh();
  });
  stage.store.on((_, changed) => changed("pins") && rebuild());
  stage.clock.on(() => shown.forEach((pair) => pair.update()));
}

function card(stage: Stage, words: [string, string]): Shown {
  const name = words.map(spelled).join(" · ");
  const now = el("span", { class: "now" }, "…");
  const note = el("p", { class: "facts" });
  const chart = new Chart(92, (step) => stage.clock.seekStep(step));
  const element = el(
    "article",
    { class: "pair", "aria-label": name },
    el(
      "header",
      {},
      el(
        "h3",
        {},
        ...words.map((word) =>
          el("button", { class: "word", onclick: () => stage.store.set({ word }) }, spelled(word)),
        ),
      ),
      now,
      el(
        "button",
        { class: "plain", "aria-label": `Unpin ${name}`, title: "Unpin", onclick: () => unpin(stage, ...words) },
        icon(CROSS),
      ),
    ),
    chart.element,
    note,
  );
  let pair: Pair | null = null;

  function update() {
    if (!pair?.steps.length) return;
    const index = indexOf(pair.steps, stage.clock.step);
    const value = at(pair.centred, index);
    now.textContent = signed(value);
    now.classList.toggle("above", value > at(pair.high, index));
    chart.at(stage.clock.step);
    note.textContent = `raw ${signed(at(pair.raw, index))} · random pairs ${signed(at(pair.low, index))} to ${signed(at(pair.high, index))}`;
  }

  async function fetch() {
    const { main, other } = stage;
    const ids = words.map((word) => main?.id(word) ?? null);
    if (!main || ids[0] === null || ids[1] === null) {
      const unknown = words.filter((_, i) => ids[i] === null).map(spelled);
      note.textContent = `This run does not have ${unknown.join(" and ")}.`;
      now.textContent = "–";
      return;
    }
    try {
      pair = await stage.source.pair(main.run.id, ids[0], ids[1]);
      main.pairs.set(ids.join(" "), pair);
      const there = other && words.map((word) => other.id(word));
      let beside: Pair | null = null;
      if (other && there && there[0] !== null && there[1] !== null) {
        beside = await stage.source.pair(other.run.id, there[0], there[1]);
        other.pairs.set(there.join(" "), beside);
      }
      draw(pair, beside);
    } catch (error) {
      stage.say((error as Error).message);
    }
  }

  function draw(pair: Pair, beside: Pair | null) {
    chart.element.toggleAttribute("hidden", pair.steps.length < 2);
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
    stage.invalidate();
    document.dispatchEvent(new Event("pair"));
  }
  return { words, element, update, fetch };
}
