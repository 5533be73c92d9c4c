// What the parts of the page share: where the data comes from, what is on show, when, and how to ask for a new picture.

import type { Camera } from "./camera";
import type { Clock } from "./clock";
import type { Side } from "./side";
import type { Card, Source } from "./source";
import type { Theme } from "./theme";
import type { Store } from "./view";

export interface Stage {
  source: Source;
  store: Store;
  clock: Clock;
  camera: Camera;
  cards: Card[];
  theme: Theme;
  /** The run on show, and the one beside it. */
  main: Side | null;
  other: Side | null;
  /** Draws again before long. */
  invalidate(): void;
  /** Says a sentence to the reader for a few seconds. */
  say(sentence: string): void;
  onNews(listener: (what: News) => void): void;
}

/** A run was opened, got a frame, a longer log; or the list of runs is another. */
export type News = "run" | "frames" | "log" | "runs";

/** The runs on show: none, one or two. */
export const sides = ({ main, other }: Stage): Side[] => [main, other].filter((side) => side !== null);

/** The pairs on show: the reader's, or else the run's own. */
export function pinned(stage: Stage): [string, string][] {
  const { main, store } = stage;
  if (store.view.pins) return store.view.pins;
  return main ? main.run.watch.map(([a, b]) => [main.run.words[a], main.run.words[b]]) : [];
}

export function pin(stage: Stage, a: string, b: string): void {
  const others = pinned(stage).filter(([x, y]) => !(x === a && y === b) && !(x === b && y === a));
  stage.store.set({ pins: [...others, [a, b]] });
}

export function unpin(stage: Stage, a: string, b: string): void {
  stage.store.set({ pins: pinned(stage).filter(([x, y]) => x !== a || y !== b) });
}
