// The chosen word's nearest words in the full space, now and at the first step.

import { CROSS, el, icon, debounced } from "./dom";
import { search } from "./search";
import type { Neighbours } from "./source";
import type { App } from "./app";
import { colourOf, css } from "./theme";
import { signed, spelled, whole } from "./words";
import { pin, pinned } from "./pins";

const PIN = "M8 2.5v11M2.5 8h11";

export function neighbours(host: HTMLElement, app: App): void {
  let kind: "centred" | "raw" = "centred";
  let asked = 0;
  const known = new Map<string, Neighbours>();
  const shown: { now: Neighbours | null; first: Neighbours | null } = { now: null, first: null };

  /** Asks about the frame that is shown and the first one; only the answer to the latest request counts. */
  async function ask() {
    const { main, store } = app;
    const word = main?.id(store.view.word) ?? null;
    const request = ++asked;
    if (!main || word === null || !main.steps.length) {
      Object.assign(shown, { now: null, first: null });
      return apply();
    }
    try {
      const of = async (step: number) => {
        const key = `${main.run.id} ${step} ${word}`;
        const answer = known.get(key) ?? (await app.source.neighbours(main.run.id, step, word));
        if (known.size > 500) known.clear();
        known.set(key, answer);
        return answer;
      };
      const answers = [await of(main.frame), await of(main.steps[0])];
      if (request !== asked) return;
      [shown.now, shown.first] = answers;
    } catch (error) {
      app.toast((error as Error).message);
    }
    apply();
  }

  function apply() {
    const ids = (answer: Neighbours | null) => (answer ? answer[kind].map(([id]) => id) : []);
    const { main, other } = app;
    if (main) {
      main.neighbours = { now: ids(shown.now), first: main.steps.length > 1 ? ids(shown.first) : [] };
      main.restyle();
      if (other) {
        const over = (list: number[]) =>
          list.map((id) => other.id(main.run.words[id])).filter((id): id is number => id !== null);
        other.neighbours = { now: over(main.neighbours.now), first: [] };
        other.restyle();
      }
    }
    draw();
  }

  function draw() {
    const { main, store } = app;
    const word = store.view.word;
    const id = main?.id(word) ?? null;
    if (!main || word === null) {
      host.replaceChildren(
        el(
          "p",
          { class: "hint" },
          "Click a point or find a word to see its nearest words in the full space",
          main
            ? ` of ${main.run.channels} dimensions, of which the picture shows ${store.view.flat ? "two" : "three"}.`
            : ".",
        ),
      );
      return;
    }
    if (id === null) {
      host.replaceChildren(el("p", { class: "hint" }, `This run does not have the word “${spelled(word)}”.`));
      return;
    }
    const group = main.run.classes[main.groups.classOf[id] - 1]?.name;
    const count = main.run.counts?.[id];
    const facts = [group, count !== undefined && `${whole(count)} times in the text`].filter(Boolean).join(" · ");
    const focused = host.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.key
      : undefined;
    host.replaceChildren(
      el(
        "header",
        { class: "chosen" },
        el("h2", {}, spelled(word)),
        el(
          "button",
          {
            class: "plain",
            "aria-label": "Deselect this word",
            title: "Deselect (Esc)",
            onclick: () => store.set({ word: null }),
          },
          icon(CROSS),
        ),
        facts && el("p", { class: "facts" }, facts),
      ),
      el(
        "div",
        { class: "near" },
        ...(main.steps.length > 1
          ? [
              column(`Nearest at step ${shown.now ? whole(shown.now.step) : "…"}`, shown.now, word),
              column(`At step ${shown.first ? whole(shown.first.step) : "0"}`, shown.first, word),
            ]
          : [column("Nearest words", shown.now, word)]),
      ),
      el(
        "div",
        { class: "choice", role: "group", "aria-label": "Which cosine" },
        choice("centred", "centred cosine"),
        choice("raw", "raw cosine"),
      ),
      search(app, `Pin a pair: ${spelled(word)} and …`, (second) => pin(app, word, second)),
    );
    if (focused) host.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  const choice = (which: "centred" | "raw", name: string) =>
    el(
      "button",
      {
        class: "segment",
        "aria-pressed": String(kind === which),
        "data-key": which,
        title:
          which === "centred"
            ? "The cosine after the mean of all vectors is subtracted: all words drift in one direction while they are trained, which raises every raw cosine."
            : "The cosine of the two vectors as they are",
        onclick: () => {
          kind = which;
          apply();
        },
      },
      name,
    );

  function column(title: string, answer: Neighbours | null, word: string): HTMLElement {
    const main = app.main!;
    const pins = pinned(app);
    const items = (answer?.[kind] ?? []).map(([id, cosine]) => {
      const other = main.run.words[id];
      const bar = el("span", { class: "bar" });
      bar.style.width = `${Math.max(0, cosine) * 100}%`;
      const dot = el("span", { class: "dot" });
      dot.style.background = css(app.theme.classes[colourOf(main.groups.classOf[id])]);
      const isPinned = pins.some(([a, b]) => (a === word && b === other) || (a === other && b === word));
      return el(
        "li",
        {},
        bar,
        el(
          "button",
          { class: "word", "data-key": `${title[0]}${id}`, onclick: () => app.store.set({ word: other }) },
          dot,
          spelled(other),
        ),
        el("span", { class: "number" }, signed(cosine)),
        el(
          "button",
          {
            class: "plain add",
            disabled: isPinned,
            "aria-label": `Pin ${word} and ${other}`,
            title: "Pin this pair",
            onclick: () => pin(app, word, other),
          },
          icon(PIN),
        ),
      );
    });
    return el("section", {}, el("h3", {}, title), el("ol", {}, ...items));
  }

  const soon = debounced(120, () => void ask());
  let last = -1;
  app.playback.on(() => {
    if (app.store.view.word === null || app.playback.frame === last) return;
    last = app.playback.frame;
    soon();
  });
  app.onChange((what) => what === "run" && void ask());
  app.store.on((_, changed) => {
    if (changed("word")) void ask();
    else if (changed("pins", "theme", "flat")) draw();
  });
  draw();
}
