// What the parts of the page share: the source of the data, the view, the playhead, the runs that are shown.

import type { Camera } from "./camera";
import type { Playback } from "./playback";
import type { Pane } from "./pane";
import type { Summary, Source } from "./source";
import type { Theme } from "./theme";
import type { Store } from "./view";

export interface App {
  source: Source;
  store: Store;
  playback: Playback;
  camera: Camera;
  runs: Summary[];
  theme: Theme;
  /** The run that is shown, and the one to compare with. */
  main: Pane | null;
  other: Pane | null;
  /** Requests a picture. */
  invalidate(): void;
  /** Shows the reader a message for a few seconds. */
  toast(sentence: string): void;
  onChange(listener: (what: Change) => void): void;
}

/** A run was opened, has a new frame, has a longer log; or the list of runs has changed. */
export type Change = "run" | "frames" | "log" | "runs";

/** The runs that are shown: none, one or two. */
export const panes = ({ main, other }: App): Pane[] => [main, other].filter((pane) => pane !== null);

/** The pinned pairs: the reader's, or else those that the run watches. */
export function pinned(app: App): [string, string][] {
  const { main, store } = app;
  if (store.view.pins) return store.view.pins;
  return main ? main.run.watch.map(([a, b]) => [main.run.words[a], main.run.words[b]]) : [];
}

export function pin(app: App, a: string, b: string): void {
  const others = pinned(app).filter(([x, y]) => !(x === a && y === b) && !(x === b && y === a));
  app.store.set({ pins: [...others, [a, b]] });
}

export function unpin(app: App, a: string, b: string): void {
  app.store.set({ pins: pinned(app).filter(([x, y]) => x !== a || y !== b) });
}
