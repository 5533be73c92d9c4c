// Opens the runs that the view names, and keeps them up to date.

import { comparison } from "./compare";
import { el } from "./dom";
import { still } from "./loop";
import { pointing } from "./pointing";
import { Side } from "./side";
import type { Summary } from "./source";
import { type News, type Stage, sides } from "./stage";
import type { Notices } from "./status";

/** How long the random vectors of step 0 are shown before the run plays. */
const NOISE_MS = 1500;

interface Opening {
  open(): void;
  take(runs: Summary[]): void;
}

export function opening(clouds: HTMLElement, stage: Stage, notices: Notices, news: (what: News) => void): Opening {
  const { store, clock } = stage;
  let turns = 0;
  let busy = false;

  const named = (name: string | null | undefined) => stage.runs.find((summary) => summary.name === name);

  function open() {
    const { view } = store;
    const summary = named(view.run) ?? newest(stage.runs);
    if (!summary) return notices.empty();
    if (view.run && view.run !== summary.name)
      stage.say(`There is no run “${view.run}” here; this is ${summary.name}.`);
    if (!summary.frames.length) return notices.waiting(summary.name);
    const beside = view.compare ? comparison(view.compare) : null;
    const second = named(beside?.name);
    if (beside && !second) stage.say(`There is no run “${beside.name}” to compare with.`);
    void show(summary, second ?? null, beside?.held ?? null);
  }

  /** Fetches one or two runs and shows them, unless the reader has asked for others meanwhile. */
  async function show(first: Summary, second: Summary | null, held: number | null) {
    const turn = ++turns;
    busy = true;
    notices.loading();
    try {
      const made = await Promise.all([side(first, null), second && side(second, held)]);
      if (turn !== turns) return made.forEach((side) => side?.dispose());
      const again = stage.main?.run.name === first.name;
      for (const side of sides(stage)) side.dispose();
      [stage.main, stage.other] = made;
      showSides();
      begin(again);
    } catch (error) {
      notices.failed((error as Error).message, open);
    } finally {
      busy = false;
    }
  }

  async function side(summary: Summary, held: number | null): Promise<Side> {
    return new Side(stage, await stage.source.run(summary.id), summary, held, lose);
  }

  /** Goes on without a frame that cannot be shown. */
  function lose() {
    clock.take(steps());
    news("frames");
    if (!stage.main?.steps.length) notices.failed("None of its frames can be shown.", open);
  }

  function showSides() {
    for (const side of sides(stage)) {
      pointing(side, stage);
      if (!stage.other) continue;
      const name = side.held === null ? side.run.name : `${side.run.name} at step ${side.held}`;
      side.element.append(el("figcaption", {}, name));
    }
    clouds.replaceChildren(...sides(stage).map((side) => side.element));
    document.title = `${stage.main!.run.name} · wordspace`;
  }

  /** When first opened, a run plays from its first frame, so that a late viewer sees the words meet too. */
  function begin(again: boolean) {
    const { main } = stage;
    const { step } = store.view;
    clock.following = step === null;
    if (!again) clock.position = 0;
    clock.take(steps());
    if (step !== null) clock.seekStep(step);
    else if (still.matches) clock.seek(clock.last);
    else if (!again && clock.last > 0) {
      clock.playing = false;
      window.setTimeout(() => stage.main === main && clock.position === 0 && clock.play(), NOISE_MS);
    }
    notices.clear();
    news("run");
    stage.invalidate();
  }

  /** The steps of all frames, without those of a run that is held at one step. */
  function steps(): number[] {
    const moving = sides(stage).filter((side) => side.held === null);
    return [...new Set(moving.flatMap((side) => side.steps))].sort((a, b) => a - b);
  }

  function take(runs: Summary[]) {
    const listed = (all: Summary[]) => all.map((summary) => `${summary.name} ${summary.frames.length > 0}`).join();
    const changes = new Set<News>(listed(runs) === listed(stage.runs) ? [] : ["runs"]);
    stage.runs = runs;
    if (!stage.main) return busy ? undefined : open();
    for (const side of sides(stage)) {
      const summary = named(side.run.name);
      if (summary && isAnother(summary, side)) return open();
      if (summary) update(side, summary, changes);
    }
    if (changes.has("frames")) clock.take(steps());
    changes.forEach(news);
    stage.invalidate();
  }

  function update(side: Side, summary: Summary, changes: Set<News>) {
    const { summary: before } = side;
    if (before.axes !== summary.axes || before.frames.length !== summary.frames.length) changes.add("frames");
    if (before.log !== summary.log || before.state !== summary.state) changes.add("log");
    side.take(summary);
  }

  return { open, take };
}

/** Whether another run now has the name of the one that is shown: it was trained anew, or its newest frame has other sizes. */
const isAnother = (summary: Summary, { summary: before }: Side) =>
  summary.id !== before.id ||
  (summary.frames.length > 0 && (summary.words !== before.words || summary.channels !== before.channels));

/** The run in training, else the first that has a frame. */
function newest(runs: Summary[]): Summary | undefined {
  return (
    runs.find((summary) => summary.state === "training") ?? runs.find((summary) => summary.frames.length) ?? runs[0]
  );
}
