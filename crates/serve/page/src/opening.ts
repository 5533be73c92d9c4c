// Which runs are on show: opens what the view names, and takes in news of it.

import { comparison } from "./compare";
import { el } from "./dom";
import { still } from "./loop";
import { pointing } from "./pointing";
import { Side } from "./side";
import type { Card } from "./source";
import { type News, type Stage, sides } from "./stage";
import type { Notices } from "./status";

/** So long one sees the noise before it moves. */
const NOISE_MS = 1500;

interface Opening {
  open(): void;
  take(cards: Card[]): void;
}

export function opening(clouds: HTMLElement, stage: Stage, notices: Notices, news: (what: News) => void): Opening {
  const { store, clock } = stage;
  let turns = 0;
  let busy = false;

  const named = (name: string | null | undefined) => stage.cards.find((card) => card.name === name);

  function open() {
    const { view } = store;
    const card = named(view.run) ?? newest(stage.cards);
    if (!card) return notices.empty();
    if (view.run && view.run !== card.name) stage.say(`There is no run “${view.run}” here; this is ${card.name}.`);
    if (!card.frames.length) return notices.waiting(card.name);
    const beside = view.compare ? comparison(view.compare) : null;
    const second = named(beside?.name);
    if (beside && !second) stage.say(`There is no run “${beside.name}” to compare with.`);
    void show(card, second ?? null, beside?.held ?? null);
  }

  /** Fetches one run or two and puts them up, unless the reader has meanwhile asked for others. */
  async function show(first: Card, second: Card | null, held: number | null) {
    const turn = ++turns;
    busy = true;
    notices.loading();
    try {
      const made = await Promise.all([side(first, null), second && side(second, held)]);
      if (turn !== turns) return made.forEach((side) => side?.dispose());
      const again = stage.main?.run.name === first.name;
      for (const side of sides(stage)) side.dispose();
      [stage.main, stage.other] = made;
      putUp();
      begin(again);
    } catch (error) {
      notices.failed((error as Error).message, open);
    } finally {
      busy = false;
    }
  }

  async function side(card: Card, held: number | null): Promise<Side> {
    return new Side(stage, await stage.source.run(card.id), card, held, lose);
  }

  /** A frame cannot be shown: the others go on without it. */
  function lose() {
    clock.take(steps());
    news("frames");
    if (!stage.main?.steps.length) notices.failed("Not one of its frames can be shown.", open);
  }

  function putUp() {
    for (const side of sides(stage)) {
      pointing(side, stage);
      if (!stage.other) continue;
      const name = side.held === null ? side.run.name : `${side.run.name} at step ${side.held}`;
      side.element.append(el("figcaption", {}, name));
    }
    clouds.replaceChildren(...sides(stage).map((side) => side.element));
    document.title = `${stage.main!.run.name} · wordspace`;
  }

  /** On first opening the run plays from its first frame, so that whoever comes late still sees the words meet. */
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

  /** The steps of all frames on show, but of a run that is held at one. */
  function steps(): number[] {
    const moving = sides(stage).filter((side) => side.held === null);
    return [...new Set(moving.flatMap((side) => side.steps))].sort((a, b) => a - b);
  }

  function take(cards: Card[]) {
    const listed = (all: Card[]) => all.map((card) => `${card.name} ${card.frames.length > 0}`).join();
    const changes = new Set<News>(listed(cards) === listed(stage.cards) ? [] : ["runs"]);
    stage.cards = cards;
    if (!stage.main) return busy ? undefined : open();
    for (const side of sides(stage)) {
      const card = named(side.run.name);
      if (card && isAnother(card, side)) return open();
      if (card) update(side, card, changes);
    }
    if (changes.has("frames")) clock.take(steps());
    changes.forEach(news);
    stage.invalidate();
  }

  function update(side: Side, card: Card, changes: Set<News>) {
    const { card: before } = side;
    if (before.axes !== card.axes || before.frames.length !== card.frames.length) changes.add("frames");
    if (before.log !== card.log || before.state !== card.state) changes.add("log");
    side.take(card);
  }

  return { open, take };
}

/** Whether a run of the name of the one on show is not the same: it was made anew, or its newest frame has other sizes. */
const isAnother = (card: Card, { card: before }: Side) =>
  card.id !== before.id ||
  (card.frames.length > 0 && (card.words !== before.words || card.channels !== before.channels));

/** The run that is being trained, else the first that has something to show. */
function newest(cards: Card[]): Card | undefined {
  return cards.find((card) => card.state === "training") ?? cards.find((card) => card.frames.length) ?? cards[0];
}
