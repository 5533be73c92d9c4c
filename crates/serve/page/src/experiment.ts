// The tab Play of a page that trains: experiments that are ready, and one's own.

import type { App } from "./app";
import { el } from "./dom";
import { dropping, openFile, saving } from "./files";
import { generation } from "./generation";
import { knobs } from "./knobs";
import type { Lab } from "./lab";
import { type Experiment, EXPERIMENTS } from "./recipes";
import type { Recipe } from "./trainee";
import { transport } from "./transport";

export function experiment(host: HTMLElement, app: App, lab: Lab): void {
  const look = el("p", { class: "look" }, EXPERIMENTS[0].look);
  const controls = el("div", { class: "transport" });
  const list = el("ol", { class: "experiments" });
  const settings = el("section", { "aria-label": "Settings" });
  const more = el("section", { "aria-label": "Text and files" });
  host.append(controls, look, el("h2", { class: "title" }, "Experiments"), list, settings, more);

  list.append(
    ...EXPERIMENTS.map((offer) =>
      el("li", {}, el("button", { class: "experiment", onclick: () => void run(offer) }, offer.title)),
    ),
  );
  mark(EXPERIMENTS[0]);
  transport(controls, app, lab);
  const { recipe } = knobs(settings, app, (beside) => void change(beside));
  generation(more, lab);
  saving(more, app, lab, open);
  dropping(app, open, (text) => recipe.take(text));

  async function run(offer: Experiment) {
    if (!(await begin(offer.recipes))) return;
    mark(offer);
    const { colour = "class", pins = null } = offer.view ?? {};
    app.store.set({ colour, pins });
    lab.trainees.forEach((trainee) => trainee.train());
  }

  /** Trains a run with the settings, alone or beside the present one. */
  async function change(beside: boolean) {
    const changed = recipe.make();
    const before = beside ? lab.trainees[0]?.recipe : undefined;
    if (!(await begin(before ? [before, changed] : [changed]))) return;
    mark(null);
    look.textContent = before
      ? `${lab.trainees[0].brief.name} on the left, ${changed.name} on the right. Compare their losses in the tab Training, and the pairs in the tab Words.`
      : "Watch the pairs in the tab Words and the loss in the tab Training.";
    lab.trainees.forEach((trainee) => trainee.train());
  }

  async function begin(recipes: Recipe[]): Promise<boolean> {
    host.setAttribute("aria-busy", "true");
    try {
      await lab.begin(recipes);
      show();
      return true;
    } catch (error) {
      app.toast((error as Error).message);
      return false;
    } finally {
      host.removeAttribute("aria-busy");
    }
  }

  async function open(file: File) {
    try {
      await openFile(file, lab);
      show();
      mark(null);
      look.textContent = lab.trainees.length
        ? [`${file.name} was opened. “Go on” trains it from its newest checkpoint.`, ...lab.trainees[0].status.warnings].join(" ")
        : `${file.name} is a report: everything but training works with it.`;
    } catch (error) {
      app.toast((error as Error).message);
    }
  }

  function show() {
    const [first, second] = lab.trainees.map((trainee) => trainee.brief.name);
    app.store.set({ run: first ?? null, compare: second ?? null, step: null, word: null, pins: null });
  }

  function mark(offer: Experiment | null) {
    if (offer) look.textContent = offer.look;
    [...list.querySelectorAll("button")].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(EXPERIMENTS[i] === offer)),
    );
  }
}
