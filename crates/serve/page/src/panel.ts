// The panel beside the cloud: five tabs, of which one is shown.

import { about } from "./about";
import { curves } from "./curves";
import { el } from "./dom";
import { experiment } from "./experiment";
import { neighbours } from "./neighbours";
import { pairs } from "./pairs";
import { positions } from "./positions";
import { search } from "./search";
import { selection } from "./selection";
import { sentence } from "./sentence";
import type { App } from "./app";
import { TABS, type Tab } from "./view";

const NAMES: Record<Tab, string> = {
  experiment: "Play",
  words: "Words",
  training: "Training",
  positions: "Positions",
  sentence: "Sentence",
  run: "Run",
};

export function panel(host: HTMLElement, app: App): void {
  const { store } = app;
  const tabs = TABS.map((tab) =>
    el(
      "button",
      { role: "tab", id: `tab-${tab}`, "aria-controls": `panel-${tab}`, onclick: () => store.set({ tab }) },
      NAMES[tab],
    ),
  );
  const panels = TABS.map((tab) =>
    el("div", { role: "tabpanel", id: `panel-${tab}`, "aria-labelledby": `tab-${tab}`, tabindex: "0" }),
  );
  const list = el("div", { role: "tablist", "aria-label": "Details" }, ...tabs);
  host.append(list, ...panels);

  list.addEventListener("keydown", (event) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    const there = TABS.filter((_, i) => !tabs[i].hidden);
    const next = there[(there.indexOf(store.view.tab) + by + there.length) % there.length];
    store.set({ tab: next });
    tabs[TABS.indexOf(next)].focus();
  });

  const [lab, words, training, position, text, run] = panels;
  const chosen = el("section", { class: "selection", "aria-label": "The chosen word" });
  const selected = el("section", { class: "selection", "aria-label": "The selected words" });
  const pinnedPairs = el("section", { "aria-label": "Pairs" });
  words.append(
    search(app, "Find a word", (word) => store.set({ word })),
    selected,
    chosen,
    pinnedPairs,
  );
  if (app.lab) experiment(lab, app, app.lab);
  selection(selected, app);
  neighbours(chosen, app);
  pairs(pinnedPairs, app);
  curves(training, app);
  positions(position, app);
  sentence(text, app);
  about(run, app);

  function draw() {
    // A projection has words and a source, but no training, positions or sentences.
    const projection = app.main?.summary.state === "projection";
    TABS.forEach((tab, i) => {
      const on = tab === store.view.tab;
      tabs[i].hidden = (projection && tab !== "words" && tab !== "run") || (tab === "experiment" && !app.lab);
      tabs[i].setAttribute("aria-selected", String(on));
      tabs[i].tabIndex = on ? 0 : -1;
      panels[i].hidden = !on;
    });
  }
  store.on((_, changed) => changed("tab") && draw());
  app.onChange((what) => what === "run" && draw());
  draw();
}
