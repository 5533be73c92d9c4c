// Opens the runs that the view names, and keeps them up to date.

import { comparison } from "./compare";
import { el } from "./dom";
import { still } from "./loop";
import { pointing } from "./pointing";
import { Pane } from "./pane";
import type { Summary } from "./source";
import { type Change, type App, panes } from "./app";
import type { Notices } from "./status";

/** How long the random vectors of step 0 are shown before the run plays. */
const NOISE_MS = 1500;

interface Opening {
  open(): void;
  take(runs: Summary[]): void;
}

export function opening(clouds: HTMLElement, app: App, notices: Notices, changed: (what: Change) => void): Opening {
  const { store, playback } = app;
  let turns = 0;
  let busy = false;
  /** Whether the runs could not be shown. News of the same runs does not try again: the reader may. */
  let failed = false;

  const named = (name: string | null | undefined) => app.runs.find((summary) => summary.name === name);

  function open() {
    const { view } = store;
    const summary = named(view.run) ?? newest(app.runs);
    if (!summary) return notices.empty();
    if (view.run && view.run !== summary.name)
      app.toast(`There is no run “${view.run}” here; this is ${summary.name}.`);
    if (!summary.frames.length) return notices.waiting(summary.name);
    const beside = view.compare ? comparison(view.compare) : null;
    const second = named(beside?.name);
    if (beside && !second) app.toast(`There is no run “${beside.name}” to compare with.`);
    void show(summary, second ?? null, beside?.held ?? null);
  }

  /** Fetches one or two runs and shows them, unless the reader has asked for others meanwhile. */
  async function show(first: Summary, second: Summary | null, held: number | null) {
    const turn = ++turns;
    [busy, failed] = [true, false];
    notices.loading();
    try {
      const made = await Promise.all([pane(first, null), second && pane(second, held)]);
      if (turn !== turns) return made.forEach((pane) => pane?.dispose());
      const again = app.main?.run.name === first.name;
      for (const pane of panes(app)) pane.dispose();
      [app.main, app.other] = made;
      showPanes();
      begin(again);
    } catch (error) {
      failed = true;
      notices.failed((error as Error).message, open);
    } finally {
      busy = false;
    }
  }

  async function pane(summary: Summary, held: number | null): Promise<Pane> {
    return new Pane(app, await app.source.run(summary.id), summary, held, lose);
  }

  /** Goes on without a frame that cannot be shown. */
  function lose() {
    playback.setSteps(steps());
    changed("frames");
    if (!app.main?.steps.length) notices.failed("None of its frames can be shown.", open);
  }

  function showPanes() {
    for (const pane of panes(app)) {
      pointing(pane, app);
      if (!app.other) continue;
      const name = pane.held === null ? pane.run.name : `${pane.run.name} at step ${pane.held}`;
      pane.element.append(el("figcaption", {}, name));
    }
    clouds.replaceChildren(...panes(app).map((pane) => pane.element));
    for (const pane of panes(app)) pane.reproject();
    document.title = `${app.main!.run.name} · wordspace`;
  }

  /** When first opened, a run plays from its first frame, so that a late viewer sees the words meet too. */
  function begin(again: boolean) {
    const { main } = app;
    const { step } = store.view;
    playback.following = step === null;
    if (!again) playback.position = 0;
    playback.setSteps(steps());
    if (step !== null) playback.seekStep(step);
    else if (still.matches) playback.seek(playback.last);
    else if (!again && playback.last > 0) {
      playback.playing = false;
      window.setTimeout(() => app.main === main && playback.position === 0 && playback.play(), NOISE_MS);
    }
    notices.clear();
    changed("run");
    app.invalidate();
  }

  /** The steps of all frames, without those of a run that is held at one step. */
  function steps(): number[] {
    const moving = panes(app).filter((pane) => pane.held === null);
    return [...new Set(moving.flatMap((pane) => pane.steps))].sort((a, b) => a - b);
  }

  function take(runs: Summary[]) {
    const listed = (all: Summary[]) => all.map((summary) => `${summary.name} ${summary.frames.length > 0}`).join();
    const changes = new Set<Change>(listed(runs) === listed(app.runs) ? [] : ["runs"]);
    app.runs = runs;
    if (!app.main) return busy || (failed && !changes.has("runs")) ? undefined : open();
    for (const pane of panes(app)) {
      const summary = named(pane.run.name);
      if (summary && isAnother(summary, pane)) return open();
      if (summary) update(pane, summary, changes);
    }
    if (changes.has("frames")) playback.setSteps(steps());
    changes.forEach(changed);
    app.invalidate();
  }

  function update(pane: Pane, summary: Summary, changes: Set<Change>) {
    const { summary: before } = pane;
    if (before.axes !== summary.axes || before.frames.length !== summary.frames.length) changes.add("frames");
    if (before.log !== summary.log || before.state !== summary.state) changes.add("log");
    pane.update(summary);
  }

  return { open, take };
}

/** Whether another run now has the name of the one that is shown: it was trained anew, or its newest frame has other sizes. */
const isAnother = (summary: Summary, { summary: before }: Pane) =>
  summary.id !== before.id ||
  (summary.frames.length > 0 && (summary.words !== before.words || summary.channels !== before.channels));

/** The run in training, else the first that has a frame. */
function newest(runs: Summary[]): Summary | undefined {
  return (
    runs.find((summary) => summary.state === "training") ?? runs.find((summary) => summary.frames.length) ?? runs[0]
  );
}
