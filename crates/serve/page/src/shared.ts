// The parts that every pane and panel shares: the data source, the view, the playhead, the camera.

import type { Camera } from "./camera";
import type { Playback } from "./playback";
import type { Run, Source } from "./source";
import type { Theme } from "./theme";
import type { Store } from "./view";

export interface Shared {
  source: Source;
  store: Store;
  playback: Playback;
  camera: Camera;
  theme: Theme;
  /** The run that is shown. */
  main: { run: Run } | null;
  /** Requests a picture. */
  invalidate(): void;
  /** Shows the reader a message for a few seconds. */
  toast(sentence: string): void;
}
