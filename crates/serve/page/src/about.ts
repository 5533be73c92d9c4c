// The Run tab: what made this run, how to read the picture, and the keys.

import { el } from "./dom";
import type { Run } from "./source";
import type { App } from "./app";
import { whole } from "./words";

/** The names that differ from those in `run.json`. */
const NAMES: Record<string, string> = { part: "hardware" };

export function about(host: HTMLElement, app: App): void {
  app.onChange((what) => {
    if (what === "run" && app.main) draw(app.main.run);
  });

  function draw(run: Run) {
    const facts: [string, string | undefined][] = [
      ["words", `${whole(run.count ?? run.words.length)}, vectors of ${run.channels} values`],
      ["text", run.text],
      ["tokenizer", run.tokenizer],
      [
        "network",
        !run.layers && !run.context
          ? undefined
          : `${run.layers} layers, ${run.heads} heads, ${run.context} positions (${run.positions})`,
      ],
      ["seed", run.method ? undefined : run.seed?.toString()],
      ["method", run.method],
      ["folder", run.path],
      ...Object.entries(run.provenance ?? {}).map(
        ([name, value]) => [NAMES[name] ?? name.replace(/_/g, " "), readable(name, value)] as [string, string],
      ),
    ];
    const list = facts
      .filter(([, value]) => value !== undefined && value !== "")
      .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value!)]);
    host.replaceChildren(
      el("h2", { class: "title" }, "This run"),
      ...(run.limits ? [el("p", { class: "hint" }, run.limits)] : []),
      el("dl", {}, ...list),
      ...(run.config
        ? [el("details", {}, el("summary", {}, "config.toml"), el("pre", { tabindex: "0" }, run.config))]
        : []),
      el("h2", { class: "title" }, "Reading the picture"),
      el(
        "p",
        { class: "hint" },
        run.method
          ? `Each word is a vector of ${run.channels} values, projected here by ${run.method}.`
          : `Each word is a vector of ${run.channels} values. The picture shows the first three principal components of the newest frame, the same axes at every step, and scales each frame to the same size.`,
        " Words close together in the picture need not be close in the full space: trust the neighbour lists and the pairs.",
      ),
      el("h2", { class: "title" }, "Keys"),
      el(
        "dl",
        { class: "keys" },
        ...[
          ["Space", "play or pause"],
          ["← →", "on the timeline: one frame back or forward"],
          ["Arrows", "on the cloud: rotate; with Shift: pan"],
          ["+ −", "zoom in, zoom out"],
          ["0", "reset the view"],
          ["2 3", "2-D or 3-D"],
          ["/", "find a word"],
          ["L", "select words with a lasso; Enter: those in view"],
          ["Esc", "deselect the word"],
        ].flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]),
      ),
      ...licences(),
    );
  }
}

/** The licences that a page which trains carries. */
function licences(): Node[] {
  const text = document.getElementById("licences")?.textContent;
  if (!text) return [];
  return [el("details", {}, el("summary", {}, "Licences of what this page is made of"), el("pre", { tabindex: "0" }, text))];
}

function readable(name: string, value: unknown): string {
  if ((name === "began" || name === "ended") && typeof value === "number")
    return new Date(value * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  if (Array.isArray(value)) return value.map(String).join(" ");
  return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
