// The Experiment tab of a page that trains: experiments that are ready, settings, a text of one's own, and saving.

import type { App } from "./app";
import { el } from "./dom";
import { embedded } from "./embedded";
import type { Lab } from "./lab";
import { knobs } from "./knobs";
import { type Experiment, EXPERIMENTS } from "./recipes";
import type { Source } from "./source";
import type { Recipe, Trainee } from "./trainee";
import { transport } from "./transport";

/** The largest file that is read, in bytes. */
const MAX_FILE = 256 << 20;

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
  continuing(more, lab);
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
      if (file.size > MAX_FILE) throw new Error(`${file.name} has ${Math.round(file.size / 1e6)} MB; expected ${MAX_FILE >> 20} at most.`);
      if (/\.html?$/i.test(file.name)) await lab.show(await readReport(file));
      else await lab.begin([{ name: file.name, config: {}, zip: new Uint8Array(await file.arrayBuffer()) }]);
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

/** The run that is shown, which can be continued. */
function trained({ trainees: [trainee] }: Lab): Trainee {
  if (!trainee) throw new Error("A report has no model in it; open or train a run.");
  return trainee;
}

/** The run in the page that the program wrote as a report. */
async function readReport(file: File): Promise<Source> {
  const source = embedded(new DOMParser().parseFromString(await file.text(), "text/html"));
  if (!source) throw new Error(`${file.name} has no run in it; expected a report of wordspace, or the zip of a run folder.`);
  return source;
}

/** Continues a text with the model as it stands. */
function continuing(host: HTMLElement, lab: Lab): void {
  const field = el("input", { type: "text", "aria-label": "Beginning of a text", value: "the cat", maxlength: "400", spellcheck: "false" });
  const out = el("output", { class: "generated" });
  let seed = 0;
  async function generate() {
    try {
      out.textContent = await trained(lab).ask<string>("generate", field.value, 24, 0.8, seed++);
    } catch (error) {
      out.textContent = (error as Error).message;
    }
  }
  const button = el("button", { class: "segment", onclick: () => void generate() }, "Continue the text");
  field.addEventListener("keydown", (event) => event.key === "Enter" && void generate());
  host.append(el("h2", { class: "title" }, "The model writes"), el("div", { class: "row" }, field, button), out);
}

/** Saves the run as a zip of its folder, and opens one. */
function saving(host: HTMLElement, app: App, lab: Lab, open: (file: File) => void): void {
  async function save() {
    try {
      const trainee = trained(lab);
      const zip = await trainee.ask<Uint8Array<ArrayBuffer>>("save");
      const link = el("a", { href: URL.createObjectURL(new Blob([zip])), download: `${trainee.brief.name}.zip` });
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      app.toast((error as Error).message);
    }
  }
  const file = el("input", {
    type: "file",
    accept: ".zip,.html",
    "aria-label": "Open a saved run or a report",
    class: "file",
    onchange: () => file.files?.[0] && open(file.files[0]),
  });
  host.append(
    el("h2", { class: "title" }, "Keep this run"),
    el(
      "p",
      { class: "hint" },
      "A run is saved as the zip of a run folder. Unpacked into runs/, the program resumes it, reports it and asks it; a zip of a run folder, or a report, can be opened here, or dropped onto the page.",
    ),
    el("div", { class: "row" }, el("button", { class: "segment", onclick: () => void save() }, "Save (zip)"), file),
  );
}

/** Files that are dropped onto the page: a zip or a report is opened, a text becomes the text. */
function dropping(app: App, open: (file: File) => void, text: (text: string) => void): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    if (/\.(zip|html?)$/i.test(file.name)) return open(file);
    void file.text().then(text, (error: Error) => app.toast(`${file.name} cannot be read: ${error.message}`));
  });
}
