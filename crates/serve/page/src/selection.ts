// The words that were selected with the lasso.

import type { App } from "./app";
import { CROSS, el, icon } from "./dom";
import { spelled, whole } from "./words";

/** The number of words that are listed. */
const MAX_LISTED = 200;

export function selection(host: HTMLElement, app: App): void {
  function draw() {
    const { selected } = app.store.view;
    host.hidden = !selected.length;
    const word = (text: string) =>
      el("button", { class: "word", onclick: () => app.store.set({ word: text }) }, spelled(text));
    host.replaceChildren(
      el(
        "header",
        { class: "chosen-words" },
        el("h2", { class: "title" }, `${whole(selected.length)} selected ${selected.length === 1 ? "word" : "words"}`),
        el(
          "button",
          {
            class: "plain",
            "aria-label": "Clear the selection",
            title: "Clear (Esc)",
            onclick: () => app.store.set({ selected: [] }),
          },
          icon(CROSS),
        ),
      ),
      el("p", { class: "listed" }, ...selected.slice(0, MAX_LISTED).map(word)),
      el("p", { class: "hint" }, selected.length > MAX_LISTED ? `The first ${MAX_LISTED} are listed.` : ""),
    );
  }
  app.store.on((_, changed) => changed("selected") && draw());
  app.onChange((what) => what === "run" && app.store.set({ selected: [] }));
  draw();
}
