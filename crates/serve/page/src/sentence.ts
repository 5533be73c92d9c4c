// The Sentence tab: each token's vector plus the vector of its position, whose sum enters the first block.

import { el, debounced } from "./dom";
import type { Sentence, Token } from "./source";
import type { App } from "./app";
import { css, diverging } from "./theme";
import { signed, spelled } from "./words";

/** How many values one line of a strip has. */
const ACROSS = 64;
const OFFERS = [
  "bank is near the river bank",
  "the cat is near the dog",
  "the cat was in the park and the dog was in the park",
];

export function sentence(host: HTMLElement, app: App): void {
  const field = el("input", {
    type: "text",
    "aria-label": "Your sentence",
    spellcheck: "false",
    autocomplete: "off",
    maxlength: "400",
  });
  const problem = el("p", { class: "hint", role: "status" });
  const twins = el("p", { class: "facts" });
  const list = el("ol", { class: "tokens" });
  const readout = el("output", { class: "facts readout" });
  host.append(
    el("h2", { class: "title" }, "A sentence"),
    el(
      "p",
      { class: "hint" },
      "The network reads the sum of each token’s vector and the vector of its position. Type a sentence of your own; point at a strip to read its values.",
    ),
    field,
    problem,
    twins,
    readout,
    list,
  );
  let asked = 0;

  async function fetch() {
    const { main, store } = app;
    if (!main || store.view.tab !== "sentence" || !main.steps.length) return;
    if (!field.value.trim()) field.value = offer(app);
    const request = ++asked;
    try {
      const answer = await app.source.sentence(main.run.id, main.frame, field.value);
      if (request !== asked) return;
      problem.textContent = "";
      draw(answer);
    } catch (error) {
      if (request !== asked) return;
      problem.textContent = (error as Error).message;
      list.replaceChildren();
      twins.textContent = "";
    }
  }

  function draw({ tokens }: Sentence) {
    let largest = 1e-9;
    for (const token of tokens) for (const value of token.sum) largest = Math.max(largest, Math.abs(value));
    const strips = (token: Token) => {
      const one = (name: string, sign: string, values: number[]) =>
        el(
          "div",
          { class: "strip-line" },
          el("span", { class: "sign", "aria-hidden": "true" }, sign),
          strip(app, `${spelled(token.piece)}, ${name}`, values, largest, (text) => (readout.textContent = text)),
        );
      if (!token.position_vector) return [one("token vector", "", token.token)];
      return [
        one("token vector", "", token.token),
        one(`position vector ${token.position}`, "+", token.position_vector),
        one("sum", "=", token.sum),
      ];
    };
    list.replaceChildren(
      ...tokens.map((token) =>
        el(
          "li",
          {},
          el(
            "header",
            {},
            el(
              "button",
              {
                class: "word",
                onclick: () => app.main && app.store.set({ word: app.main.run.words[token.id] ?? null, tab: "words" }),
              },
              spelled(token.piece),
            ),
            el("span", { class: "facts" }, `token id ${token.id}, position ${token.position}`),
          ),
          ...strips(token),
        ),
      ),
    );
    twins.textContent = twice(tokens);
  }

  field.addEventListener(
    "input",
    debounced(250, () => void fetch()),
  );
  const soon = debounced(150, () => void fetch());
  let frame = -1;
  app.playback.on(() => {
    if (app.playback.frame !== frame) soon();
    frame = app.playback.frame;
  });
  app.onChange((what) => {
    if (what === "run") field.value = "";
    if (what === "run" || what === "frames") soon();
  });
  app.store.on((_, changed) => changed("tab", "theme") && void fetch());
}

/** A word that occurs twice has one token vector but two sums, because of its positions. */
function twice(tokens: Token[]): string {
  for (const first of tokens) {
    const second = tokens.findLast((token) => token.id === first.id && token.position > first.position);
    if (!second || !first.position_vector) continue;
    const [a, b] = [first.sum, second.sum];
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i], 0);
    const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    return `“${spelled(first.piece)}” is at positions ${first.position} and ${second.position}: the same token, but the sums have a cosine of ${signed(cosine)}.`;
  }
  return "";
}

/** A sentence of words that this run has. */
function offer({ main }: App): string {
  const knows = (word: string) => main!.ids.has(word) || main!.ids.has(` ${word}`) || main!.ids.has(`Ġ${word}`);
  return (
    OFFERS.find((text) => text.split(" ").every(knows)) ??
    main!.run.words
      .filter((word) => /^\p{L}+$/u.test(word))
      .slice(0, 6)
      .join(" ")
  );
}

/** A vector as a strip of cells, blue below zero and orange above. Pointing or the arrow keys read its values. */
function strip(app: App, name: string, values: number[], largest: number, say: (text: string) => void): HTMLElement {
  const across = Math.min(ACROSS, values.length);
  const down = Math.ceil(values.length / across);
  const canvas = el("canvas", {
    class: "strip",
    width: across,
    height: down,
    tabindex: "0",
    role: "img",
    "aria-label": `${name}: ${values.length} values; the arrow keys read them`,
  });
  canvas.style.aspectRatio = `${across} / ${down * (down > 1 ? 1 : 3)}`;
  const ctx = canvas.getContext("2d")!;
  values.forEach((value, i) => {
    ctx.fillStyle = css(diverging(value / largest, app.theme.dark));
    ctx.fillRect(i % across, Math.floor(i / across), 1, 1);
  });
  let at = 0;
  const read = () => {
    at = Math.min(values.length - 1, Math.max(0, at));
    say(`${name}, value ${at}: ${signed(values[at], 4)}`);
  };
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = [event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight];
    at = Math.floor(y * down) * across + Math.floor(x * across);
    read();
  });
  canvas.addEventListener("focus", read);
  canvas.addEventListener("keydown", (event) => {
    const by: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across };
    if (!(event.key in by)) return;
    event.preventDefault();
    at += by[event.key];
    read();
  });
  return canvas;
}
