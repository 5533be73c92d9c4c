// The page as a whole: the shared parts, the runs that are shown, and changes to them.

import type { Lab } from "./lab";
import type { Pane } from "./pane";
import type { Shared } from "./shared";
import type { Summary } from "./source";

export interface App extends Shared {
  /** What trains in this page, if it can. */
  lab: Lab | null;
  runs: Summary[];
  /** The run that is shown, and the one to compare with. */
  main: Pane | null;
  other: Pane | null;
  onChange(listener: (what: Change) => void): void;
}

/** A run was opened, has a new frame, has a longer log; or the list of runs has changed. */
export type Change = "run" | "frames" | "log" | "runs";

/** The runs that are shown: none, one or two. */
export const panes = ({ main, other }: App): Pane[] => [main, other].filter((pane) => pane !== null);
