// Where the page's frames come from: one interface, so that a server, a report file and (one day) training
// inside the page look the same to everything else.

export type State = "training" | "complete" | "stopped" | "waiting" | "projection";

/** A run in brief, as the list and the live stream carry it. */
export interface Card {
  id: number;
  name: string;
  state: State;
  /** The last step that was trained, and how many there will be. */
  step: number;
  steps: number;
  /** How many words (V) and channels (C) the token table has. */
  words: number;
  channels: number;
  /** The steps whose tables were kept, in rising order. */
  frames: number[];
  /** Rises when the axes turn: points of another version lie on other axes. */
  axes: number;
  /** Bytes of the log; rises when there is news. */
  log: number;
}

/** Everything about a run that does not move. Word ids are rows of `words`. */
export interface Run extends Omit<Card, "words"> {
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
  /** A sentence when not every word or frame is here. */
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

export interface Look {
  step: number;
  purity: number | null;
  /** Cosines below which 5, 50 and 95 % of random pairs lie, seen from the mean. */
  chance: [number, number, number] | null;
  pairs: { a: string; b: string; cosine: number; centred: number; ranks: [number, number]; percentile: number }[];
}

export interface Log {
  steps: number[];
  loss: number[];
  smoothed: number[];
  evaluations: Evaluation[];
  looks: Look[];
  tokens: number;
  seconds: number;
  /** A sentence when lines of the log could not be read. */
  problem?: string;
}

/** The words of one frame as points: V × 3 numbers, each a 32,767th of `scale`; −32768 for a word that is not a number. */
export interface Points {
  axes: number;
  step: number;
  scale: number;
  coordinates: Int16Array;
}

/** The nearest words in the full space, each with its cosine; `centred` is seen from the mean of all words. */
export interface Neighbours {
  step: number;
  word: number;
  raw: [number, number][];
  centred: [number, number][];
}

/** A pair's cosine over all frames, with the band in which 90 % of random pairs lie (centred). */
export interface Pair {
  a: number;
  b: number;
  steps: number[];
  raw: number[];
  centred: number[];
  low: number[];
  middle: number[];
  high: number[];
}

/** The position table: every `stride`-th row's likeness to every other, and the rows on their own three axes. */
export interface Positions {
  step: number;
  rows: number;
  stride: number;
  /** rows × rows cosines, each a 127th. */
  likeness: Int8Array;
  /** rows × 3. */
  curve: Float32Array;
}

export interface Token {
  id: number;
  piece: string;
  position: number;
  token: number[];
  /** Nothing where the run has no position table. */
  place: number[] | null;
  sum: number[];
}

export interface Sentence {
  step: number;
  channels: number;
  tokens: Token[];
}

export interface News {
  cards(cards: Card[]): void;
  connection(alive: boolean): void;
}

/** What was asked for is not there or cannot be read: to ask again is of no use. */
export class Missing extends Error {}

/** Every failure is an `Error` whose message is a sentence for the reader. */
export interface Source {
  runs(): Promise<Card[]>;
  run(id: number): Promise<Run>;
  log(id: number): Promise<Log | null>;
  points(id: number, step: number): Promise<Points>;
  neighbours(id: number, step: number, word: number): Promise<Neighbours>;
  pair(id: number, a: number, b: number): Promise<Pair>;
  positions(id: number, step: number): Promise<Positions>;
  sentence(id: number, step: number, text: string): Promise<Sentence>;
  /** Tells of changes until the function it returns is called. */
  subscribe(news: News): () => void;
}

/** Reads `WSP1`: version of the axes, step, V, scale, then V × 3 16-bit numbers. */
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

/** Reads `WSQ1`: step, rows, stride, rows² 8-bit cosines, then rows × 3 32-bit floats. */
export function readPositions(bytes: ArrayBuffer): Positions {
  const view = header(bytes, "WSQ1", 16);
  const rows = view.getUint32(8, true);
  expect(bytes.byteLength === 16 + rows * rows + rows * 12, `${rows} positions`, bytes.byteLength);
  return {
    step: view.getUint32(4, true),
    rows,
    stride: view.getUint32(12, true),
    likeness: new Int8Array(bytes, 16, rows * rows),
    curve: new Float32Array(bytes.slice(16 + rows * rows)),
  };
}

function header(bytes: ArrayBuffer, magic: string, length: number): DataView {
  const found = String.fromCharCode(...new Uint8Array(bytes.slice(0, 4)));
  expect(bytes.byteLength >= length && found === magic, magic, bytes.byteLength);
  return new DataView(bytes);
}

function expect(fits: boolean, what: string, found: number): void {
  if (!fits) throw new Error(`This was to be ${what}, but ${found} bytes of something else came. Reload the page.`);
}
