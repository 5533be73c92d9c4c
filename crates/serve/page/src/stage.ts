// What the parts of the page share: the source of the data, the view, the playhead, the runs that are shown.

import type { Camera } from "./camera";
import type { Clock } from "./clock";
import type { Side } from "./side";
import type { Summary, Source } from "./source";
import type { Theme } from "./theme";
import type { Store } from "./view";

export interface Stage {
  source: Source;
  store: Store;
  clock: Clock;
  camera: Camera;
  runs: Summary[];
  theme: Theme;
  /** The run that is shown, and the one to compare with. */
  main: Side | null;
  other: Side | null;
  /** Requests a picture. */
  invalidate(): void;
  /** Shows the reader a message for a few seconds. */
  say(sentence: string): void;
  onNews(listener: (what: News) => void): void;
}

/** A run was opened, has a new frame, has a longer log; or the list of runs has changed. */
export type News = "run" | "frames" | "log" | "runs";

/** The runs that are shown: none, one or two. */
export const sides = ({ main, other }: Stage): Side[] => [main, other].filter((side) => side !== null);

/** The pinned pairs: the reader's, or else those that the run watches. */
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
