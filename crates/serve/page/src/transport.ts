// Training in the page: train, pause, one step, again; and how fast it goes.

import type { App } from "./app";
import { el } from "./dom";
import type { Lab } from "./lab";
import { TOY } from "./recipes";
import type { Trainee } from "./trainee";
import { whole } from "./words";

export function transport(host: HTMLElement, app: App, lab: Lab): void {
  const train = el("button", { class: "main-button", onclick: toggle });
  const step = el("button", { class: "segment", onclick: () => lab.trainees.forEach((trainee) => trainee.step()) }, "One step");
  const again = el("button", { class: "segment", onclick: () => void restart() }, "Restart");
  const pace = el("p", { class: "hint", role: "status" });
  host.append(el("div", { class: "row" }, train, step, again), pace);

  function toggle() {
    const training = lab.trainees.some(({ state }) => state === "training");
    if (lab.trainees.every(({ state }) => state === "complete" || state === "failed")) return void restart(true);
    for (const trainee of lab.trainees) training ? trainee.pause() : trainee.train();
  }

  async function restart(train = false) {
    again.disabled = true;
    try {
      const recipes = lab.trainees.map(({ recipe }) => recipe);
      await lab.begin(recipes.length ? recipes : [TOY]);
      app.store.set({ step: null });
      if (train) lab.trainees.forEach((trainee) => trainee.train());
    } catch (error) {
      app.toast((error as Error).message);
    } finally {
      again.disabled = false;
      draw();
    }
  }

  function draw() {
    const { trainees } = lab;
    const all = (...states: string[]) => trainees.every(({ state }) => states.includes(state));
    const training = trainees.some(({ state }) => state === "training");
    // The timeline has a Pause too.
    if (training) train.setAttribute("aria-label", "Pause training");
    else train.removeAttribute("aria-label");
    train.replaceChildren(training ? "Pause" : all("complete", "failed") ? "Train again" : all("idle") ? "Train" : "Go on");
    step.disabled = training || all("complete", "failed");
    again.hidden = all("idle");
    pace.replaceChildren(...trainees.flatMap((trainee, i) => (i ? [el("br"), said(trainee)] : [said(trainee)])));
  }

  lab.on(draw);
  draw();
}

/** How far a run is and how fast, in words. */
function said({ state, status, milliseconds, problem, first, brief: { name } }: Trainee): string {
  if (problem) return problem;
  const { step, steps, tokens, evaluations } = status;
  if (state === "idle") return `${name}: ${whole(steps)} updates, not begun.`;
  const [seconds, made] = [milliseconds / 1000, step - first];
  const left = made ? ((steps - step) * seconds) / made : 0;
  const rate = made ? ` · ${whole(Math.round((tokens * made) / step / seconds))} tokens/s` : "";
  const loss = evaluations.length ? ` · loss ${evaluations.at(-1)!.loss.toFixed(3)}` : "";
  const end = state === "complete" ? (made ? ` in ${whole(Math.round(seconds))} s` : "") : left ? ` · ${whole(Math.ceil(left))} s left` : "";
  return `${name}: step ${whole(step)} of ${whole(steps)}${end}${rate}${loss}`;
}
