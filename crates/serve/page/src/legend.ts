// What the colours mean; pointing at a class highlights its words.

import { el } from "./dom";
import { type Stage, sides } from "./stage";
import { colourOf, css } from "./theme";

export function legend(host: HTMLElement, stage: Stage): void {
  const list = el("div", { class: "legend", role: "group", "aria-label": "Colours" });
  host.append(list);
  // Captions at the bottom of the cloud stay above the legend, however many lines it has.
  new ResizeObserver(() => host.style.setProperty("--legend", `${list.offsetHeight}px`)).observe(list);
  let held: number | null = null;

  function light(group: number | null) {
    for (const side of sides(stage)) {
      if (side.lit === group) continue;
      side.lit = group;
      side.dress();
    }
  }

  function draw() {
    const { main, store, theme } = stage;
    const classes = main?.run.classes ?? [];
    const other = store.view.colour === "class" ? "frequency" : "class";
    const change = el(
      "button",
      { class: "plain text", onclick: () => store.set({ colour: other }) },
      `colour by ${other}`,
    );
    if (!main) return list.replaceChildren();
    if (!classes.length && !main.run.counts) return list.replaceChildren();
    if (store.view.colour === "frequency" || !classes.length) {
      const bar = el("span", { class: "ramp", "aria-hidden": "true" });
      bar.style.background = `linear-gradient(90deg, ${theme.scale.map((colour) => css(colour)).join(", ")})`;
      return list.replaceChildren(
        el("span", { class: "scale" }, "rare", bar, "frequent"),
        ...(classes.length ? [change] : []),
      );
    }
    const entries = classes.map(({ name }, i) => {
      const dot = el("span", { class: "dot" });
      dot.style.background = css(theme.classes[colourOf(i + 1)]);
      const group = i + 1;
      return el(
        "button",
        {
          class: "entry",
          "aria-pressed": String(held === group),
          onpointerenter: () => light(group),
          onpointerleave: () => light(held),
          onclick: () => {
            held = held === group ? null : group;
            light(held);
            for (const entry of list.querySelectorAll(".entry")) entry.setAttribute("aria-pressed", "false");
            list.querySelectorAll(".entry")[i].setAttribute("aria-pressed", String(held === group));
          },
        },
        dot,
        name,
      );
    });
    list.replaceChildren(...entries, ...(main.run.counts ? [change] : []));
  }

  stage.onNews((what) => {
    if (what !== "run") return;
    held = null;
    draw();
  });
  stage.store.on((_, changed) => changed("colour", "theme") && draw());
}
