// Where the page's frames come from: one interface, so that a server, a report file and any other source look the
// same to the rest of the page.

export type State = "idle" | "training" | "paused" | "complete" | "failed" | "stopped" | "waiting" | "projection";

/** A run in brief, as the list of runs and the live stream have it. */
export interface Summary {
  id: number;
  name: string;
  state: State;
  /** The newest step, and how many there will be. */
  step: number;
  steps: number;
  /** The sizes V and C of the token table. */
  words: number;
  channels: number;
  /** The steps that have frames, in order. */
  frames: number[];
  /** The version of the axes: points of different versions are not comparable. */
  axes: number;
  /** The size of the log in bytes; it grows when there is listener. */
  log: number;
}

/** Everything about a run that does not change from frame to frame. Word ids are rows of `words`. */
export interface Run extends Omit<Summary, "words"> {
  count: number;
  path: string;
  seed: number;
  positions: "learned" | "sinusoidal" | "none";
  tied: boolean;
  context: number;
  layers: number;
  heads: number;
  tokenizer: string;
  text: string;
  config: string;
  provenance: Record<string, unknown> | null;
  words: string[];
  counts: number[] | null;
  classes: { name: string; words: number[] }[];
  watch: [number, number][];
  /** Says so if words or frames are left out. */
  limits: string | null;
  /** How a projection was made; absent for runs. */
  method?: string;
}

export interface Evaluation {
  step: number;
  loss: number;
  perplexity: number;
  bits_per_character: number;
}

export interface Measurement {
  step: number;
  purity: number | null;
  /** The 5th, 50th and 95th percentile of the centred cosines of random pairs. */
  chance: [number, number, number] | null;
  pairs: { a: string; b: string; cosine: number; centred: number; ranks: [number, number]; percentile: number }[];
}

export interface Log {
  steps: number[];
  loss: number[];
  smoothed: number[];
  evaluations: Evaluation[];
  looks: Measurement[];
  tokens: number;
  seconds: number;
  /** Says so if lines of the log could not be parsed. */
  problem?: string;
}

/** The coordinate of a word whose vector is not finite. */
export const NO_COORDINATE = -32768;

/** The words of one frame as points, [V, 3]: value / 32767 × scale, or `NO_COORDINATE`. */
export interface Points {
  axes: number;
  step: number;
  scale: number;
  coordinates: Int16Array;
}

/** The nearest words in the full space with their cosines; for `centred` the mean of all vectors is subtracted first. */
export interface Neighbours {
  step: number;
  word: number;
  raw: [number, number][];
  centred: [number, number][];
}

/** A projection: the principal axes of the newest frame, the axes of a pair, or a layout of each frame. */
export const PROJECTIONS = ["pca", "pair", "tsne", "umap"] as const;
export type ProjectionName = (typeof PROJECTIONS)[number];
export type Projection = { by: Exclude<ProjectionName, "pair"> } | PairProjection;

/** Horizontally from `against` (or the mean of all words) to the pair, vertically between the two as they were at first. */
export interface PairProjection {
  by: "pair";
  a: number;
  b: number;
  against: number | null;
}

/** A pair's cosine and centred cosine by frame, with percentiles of the centred cosines of random pairs. */
export interface Pair {
  a: number;
  b: number;
  steps: number[];
  raw: number[];
  centred: number[];
  /** The rank of each word among the ten nearest words of the other, by centred cosine; null beyond the tenth. */
  ranks: [number | null, number | null][];
  low: number[];
  middle: number[];
  high: number[];
}

/** The position table: the cosines of every `stride`-th row, and these rows on their three principal axes. */
export interface Positions {
  step: number;
  rows: number;
  stride: number;
  /** Cosines × 127, [rows, rows]. */
  cosines: Int8Array;
  /** [rows, 3] */
  curve: Float32Array;
}

export interface Token {
  id: number;
  piece: string;
  position: number;
  token: number[];
  /** The position vector; null where the run has no position table. */
  position_vector: number[] | null;
  sum: number[];
}

export interface Sentence {
  step: number;
  channels: number;
  tokens: Token[];
}

export interface Listener {
  runs(runs: Summary[]): void;
  connection(alive: boolean): void;
}

/** What was asked for does not exist or cannot be read, so there is no point in asking again. */
export class Missing extends Error {}

/** Every failure is an `Error` with a message for the reader. */
export interface Source {
  /** The projections that it has. */
  projections: readonly ProjectionName[];
  runs(): Promise<Summary[]>;
  run(id: number): Promise<Run>;
  log(id: number): Promise<Log | null>;
  points(id: number, step: number, projection: Projection): Promise<Points>;
  neighbours(id: number, step: number, word: number): Promise<Neighbours>;
  pair(id: number, a: number, b: number): Promise<Pair>;
  positions(id: number, step: number): Promise<Positions>;
  sentence(id: number, step: number, text: string): Promise<Sentence>;
  /** Reports changes until the function that it returns is called. */
  subscribe(listener: Listener): () => void;
}

/** Decodes `WSP1`: version of the axes, step, V, scale, then V × 3 16-bit integers. */
export function readPoints(bytes: ArrayBuffer): Points {
  const view = header(bytes, "WSP1", 20);
  const words = view.getUint32(12, true);
  expect(bytes.byteLength === 20 + words * 6, `points of ${words} words`, bytes.byteLength);
  return {
    axes: view.getUint32(4, true),
    step: view.getUint32(8, true),
    scale: view.getFloat32(16, true),
    coordinates: new Int16Array(bytes, 20),
  };
}

/** Decodes `WSQ1`: step, rows, stride, rows² 8-bit cosines, then rows × 3 32-bit floats. */
export function readPositions(bytes: ArrayBuffer): Positions {
  const view = header(bytes, "WSQ1", 16);
  const rows = view.getUint32(8, true);
  expect(bytes.byteLength === 16 + rows * rows + rows * 12, `${rows} positions`, bytes.byteLength);
  return {
    step: view.getUint32(4, true),
    rows,
    stride: view.getUint32(12, true),
    cosines: new Int8Array(bytes, 16, rows * rows),
    curve: new Float32Array(bytes.slice(16 + rows * rows)),
  };
}

function header(bytes: ArrayBuffer, magic: string, length: number): DataView {
  const found = String.fromCharCode(...new Uint8Array(bytes.slice(0, 4)));
  expect(bytes.byteLength >= length && found === magic, magic, bytes.byteLength);
  return new DataView(bytes);
}

function expect(fits: boolean, what: string, found: number): void {
  if (!fits) throw new Error(`Expected ${what}, but got ${found} bytes of something else. Reload the page.`);
}
