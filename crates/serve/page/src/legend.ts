// The legend of colours and axes, and the filters of words: a click on a class leaves only its words.

import { type App, panes } from "./app";
import { el } from "./dom";
import { COLOURINGS } from "./groups";
import type { Projection } from "./source";
import { colourOf, css } from "./theme";
import { spelled, whole } from "./words";

const COLOURED = { class: "by class", frequency: "by frequency", cluster: "by cluster" };
const TOPS = [50, 100, 200, 500, 1000, 3000, 10_000];

export function legend(host: HTMLElement, app: App): void {
  const { store } = app;
  const axes = el("p", { class: "axes" });
  const list = el("div", { class: "entries", role: "group", "aria-label": "Colours and filters" });
  const element = el("div", { class: "legend" }, axes, list);
  host.append(element);
  // Captions at the bottom of the cloud stay above the legend, however many lines it has.
  const root = document.documentElement;
  new ResizeObserver(() => root.style.setProperty("--legend", `${element.offsetHeight}px`)).observe(element);

  const colours = el("select", {
    class: "filter",
    "aria-label": "Colours",
    onchange: () => store.set({ colour: COLOURINGS.find((colour) => colour === colours.value) }),
  });
  const top = el("select", {
    class: "filter",
    "aria-label": "Words by frequency",
    onchange: () => store.set({ top: Number(top.value) || null }),
  });

  function highlight(group: number | null) {
    for (const pane of panes(app)) {
      if (pane.highlighted === group) continue;
      pane.highlighted = group;
      pane.restyle();
    }
  }

  function entry(name: string, group: number): HTMLElement {
    const dot = el("span", { class: "dot" });
    dot.style.background = css(app.theme.classes[colourOf(group)]);
    return el(
      "button",
      {
        class: "entry",
        "aria-pressed": String(store.view.only === name),
        title: `Only the words of this class`,
        onpointerenter: () => highlight(group),
        onpointerleave: () => highlight(null),
        onclick: () => {
          highlight(null);
          store.set({ only: store.view.only === name ? null : name });
        },
      },
      dot,
      name,
    );
  }

  function scale(): HTMLElement {
    const bar = el("span", { class: "ramp", "aria-hidden": "true" });
    bar.style.background = `linear-gradient(90deg, ${app.theme.scale.map((colour) => css(colour)).join(", ")})`;
    return el("span", { class: "scale" }, "rare", bar, "frequent");
  }

  function draw() {
    const { main } = app;
    element.hidden = !main;
    if (!main) return;
    const { classes, counts, words } = main.run;
    const { view } = store;
    const focused = list.contains(document.activeElement) ? [...list.children].indexOf(document.activeElement!) : -1;
    const option = (value: string, text: string, chosen: boolean) => el("option", { value, selected: chosen }, text);
    const offered = COLOURINGS.filter((by) => by === "cluster" || (by === "class" ? classes.length : counts));
    colours.replaceChildren(...offered.map((by) => option(by, COLOURED[by], by === main.colouring)));
    const tops = TOPS.filter((most) => most < words.length || most === view.top);
    top.hidden = !counts || !tops.length;
    top.replaceChildren(
      option("", "all words", view.top === null),
      ...tops.map((most) => option(String(most), `${whole(most)} most frequent`, most === view.top)),
    );
    axes.textContent = meaning(main.frames.projection, words, main.steps);
    axes.hidden = !axes.textContent;
    list.replaceChildren(
      ...(main.colouring === "class" ? classes.map(({ name }, i) => entry(name, i + 1)) : []),
      ...(main.colouring === "frequency" ? [scale()] : []),
      ...(main.colouring === "cluster" ? [el("span", {}, "clusters in this picture")] : []),
      colours,
      top,
    );
    (list.children[focused] as HTMLElement | undefined)?.focus();
  }

  app.onChange((what) => what === "run" && draw());
  draw();
  store.on((_, changed) => changed("colour", "theme", "only", "top", "projection", "pins") && draw());
}

/** The meaning of a projection's axes; nothing for principal axes, which the Run tab explains. */
function meaning(projection: Projection, words: string[], steps: number[]): string {
  if (projection.by === "tsne") return "t-SNE of each frame: keeps neighbours, not distances; at most 1,000 words";
  if (projection.by === "umap") return "UMAP of each frame: keeps neighbours, distances roughly; at most 1,000 words";
  if (projection.by !== "pair") return "";
  const { a, b, against } = projection;
  const [first, second] = [spelled(words[a]), spelled(words[b])];
  const from = against === null ? "the mean of all words" : spelled(words[against]);
  return `→ from ${from} to ${first} and ${second} at the newest step    ↑ from ${second} to ${first} at step ${whole(steps[0] ?? 0)}`;
}
