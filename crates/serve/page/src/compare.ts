// The head of the page: the run and the step that are shown, and the run to compare with.

import { el } from "./dom";
import type { State } from "./source";
import type { App } from "./app";
import { whole } from "./words";

/** Parses `NAME` or `NAME@STEP` from the address. */
export function comparison(text: string): { name: string; held: number | null } {
  const found = /^(.*)@(\d+)$/.exec(text);
  return found ? { name: found[1], held: Number(found[2]) } : { name: text, held: null };
}

const STATES: Record<State, string> = {
  idle: "before training",
  training: "training",
  paused: "paused",
  failed: "failed",
  complete: "complete",
  stopped: "stopped",
  waiting: "waiting for its first frame",
  projection: "projection",
};

/** The run's name and state, its step in large, and the choice of a second run. */
export function head(host: HTMLElement, app: App): void {
  const run = el("select", { "aria-label": "Run", class: "runs", onchange: () => choose() });
  const name = el("h1", {});
  const state = el("span", { class: "state" });
  const step = el("p", { class: "step" });
  const beside = el("select", {
    "aria-label": "Compare with",
    class: "compare",
    onchange: () => app.store.set({ compare: beside.value || null }),
  });
  host.append(el("div", { class: "who" }, name, run, state), el("div", { class: "when" }, step), beside);

  function choose() {
    app.store.set({ run: run.value, compare: null, word: null, pins: null, step: null });
  }

  function draw() {
    const { runs, main, store } = app;
    host.hidden = !main;
    if (!main) return;
    const option = (value: string, text: string, chosen: boolean) => el("option", { value, selected: chosen }, text);
    name.textContent = main.run.name;
    name.hidden = runs.length > 1;
    run.hidden = runs.length < 2;
    if (document.activeElement !== run)
      run.replaceChildren(...runs.map((summary) => option(summary.name, summary.name, summary.id === main.run.id)));
    const { summary, steps } = main;
    state.textContent = main.run.method ? `${main.run.method} ${STATES[summary.state]}` : STATES[summary.state];
    state.dataset.state = summary.state;
    const others = runs.filter((other) => other.id !== summary.id && other.frames.length);
    const itself = `${summary.name}@${steps[0] ?? 0}`;
    beside.hidden = steps.length < 2 && !others.length;
    if (document.activeElement !== beside) {
      beside.replaceChildren(
        option("", "compare with …", !store.view.compare),
        option(itself, `${summary.name} at step ${steps[0] ?? 0}`, store.view.compare === itself),
        ...others.map((other) => option(other.name, other.name, store.view.compare === other.name)),
      );
    }
    tick();
  }

  function tick() {
    const { main, playback } = app;
    if (!main) return;
    const projection = main.summary.state === "projection" || playback.steps.length < 2;
    step.hidden = projection;
    step.replaceChildren("step ", el("b", {}, whole(playback.step)));
  }

  app.playback.on(tick);
  app.onChange(draw);
  app.store.on((_, changed) => changed("run", "compare") && draw());
}
