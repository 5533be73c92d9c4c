// Frames embedded in the page itself: a report or a projection that opens from disk, without a server.

import {
  type Summary,
  type Log,
  type Points,
  type Projection,
  type Run,
  type Source,
  type Token,
  readPoints,
} from "./source";
import {
  type Table,
  cosine,
  fromBase64,
  fromHalf,
  nearest,
  pairCoordinates,
  principal,
  randomPairs,
  row,
  subtractMean,
  toInt16,
} from "./vectors";

interface Embedded {
  schema: number;
  kind: "report" | "projection";
  run: Run;
  log: Log | null;
  frames: { step: number; points: string; vectors: string }[];
  positions: { step: number; vectors: string }[];
  method?: string;
  trustworthiness?: number;
  explained_variance?: number[] | null;
}

const TOP = 10;

/** The data embedded in `page`, or null if it has none. */
export function embedded(page: Document = document): Source | null {
  const text = page.getElementById("embedded")?.textContent;
  if (!text) return null;
  const data = JSON.parse(text) as Embedded;
  if (data.schema !== 1) throw new Error(`This file has schema ${data.schema}; this page reads schema 1.`);
  return of(data);
}

function of(data: Embedded): Source {
  const run: Run = { ...data.run, id: 0, method: data.method ?? data.run.method };
  if (data.kind === "projection") Object.assign(run, { state: "projection", provenance: quality(data) });
  const steps = data.frames.map((frame) => frame.step);
  const summary: Summary = { ...run, frames: steps, words: run.words.length };
  const raw = perStep((step) => table(at(data.frames, step).vectors));
  const centred = perStep((step) => subtractMean(raw(step)));
  const band = perStep((step) => randomPairs(centred(step)));
  const positions = perStep((step) => table(at(data.positions, step).vectors));

  function table(base64: string): Table {
    const values = fromHalf(fromBase64(base64));
    return { rows: values.length / run.channels, channels: run.channels, values };
  }

  function tokens(step: number, text: string): Token[] {
    const pieces = text.toLowerCase().match(/[\p{L}\p{N}'’-]+|[^\s\p{L}\p{N}]/gu) ?? [];
    return pieces.slice(0, 64).map((piece, position) => {
      const id = [piece, ` ${piece}`].map((spelling) => run.words.indexOf(spelling)).find((found) => found >= 0);
      if (id === undefined) throw new Error(`“${piece}” is not among the words in this file.`);
      const token = [...row(raw(step), id)];
      const rows = data.positions.length ? positions(nearestStep(data.positions, step)) : null;
      if (rows && position >= rows.rows) throw new Error(`The text is longer than this run's ${rows.rows} positions.`);
      const position_vector = rows && [...row(rows, position)];
      return {
        id,
        piece,
        position,
        token,
        position_vector,
        sum: token.map((value, c) => value + (position_vector?.[c] ?? 0)),
      };
    });
  }

  function points(step: number, projection: Projection): Points {
    if (projection.by !== "pair") return readPoints(fromBase64(at(data.frames, step).points));
    const { a, b, against } = projection;
    const [first, last] = [raw(steps[0]), raw(steps.at(-1)!)];
    return { axes: 1, step, ...toInt16(pairCoordinates(raw(step), first, last, [a, b], against)) };
  }

  return {
    projections: data.kind === "report" ? ["pca", "pair"] : ["pca"],
    runs: async () => [summary],
    run: async () => ({ ...run, frames: steps }),
    log: async () => data.log,
    points: async (_, step, projection) => points(step, projection),
    neighbours: async (_, step, word) => ({
      step,
      word,
      raw: nearest(raw(step), word, TOP),
      centred: nearest(centred(step), word, TOP),
    }),
    pair: async (_, a, b) => {
      const over = (of: (step: number) => number) => steps.map(of);
      const rank = (step: number, from: number, to: number) =>
        nearest(centred(step), from, TOP).findIndex(([word]) => word === to) + 1 || null;
      return {
        a,
        b,
        steps,
        raw: over((step) => cosine(row(raw(step), a), row(raw(step), b))),
        centred: over((step) => cosine(row(centred(step), a), row(centred(step), b))),
        ranks: steps.map((step) => [rank(step, a, b), rank(step, b, a)]),
        low: over((step) => band(step)[0]),
        middle: over((step) => band(step)[1]),
        high: over((step) => band(step)[2]),
      };
    },
    positions: async (_, step) => {
      if (!data.positions.length) throw new Error("This file has no position table.");
      const table = positions(nearestStep(data.positions, step));
      const cosines = new Int8Array(table.rows ** 2);
      for (let i = 0; i < cosines.length; i++) {
        cosines[i] = Math.round(127 * cosine(row(table, Math.floor(i / table.rows)), row(table, i % table.rows)));
      }
      return {
        step: nearestStep(data.positions, step),
        rows: table.rows,
        stride: 1,
        cosines,
        curve: principal(table),
      };
    },
    sentence: async (_, step, text) => ({ step, channels: run.channels, tokens: tokens(step, text) }),
    subscribe: (listener) => {
      listener.connection(true);
      return () => {};
    },
  };
}

/** How faithful a projection is to the full space. */
function quality({ trustworthiness, explained_variance: shares }: Embedded): Record<string, string> {
  const facts: Record<string, string> = {};
  if (shares) facts["variance explained"] = `${(100 * shares.reduce((sum, share) => sum + share, 0)).toFixed(1)} %`;
  if (trustworthiness !== undefined)
    facts.trustworthiness = `${trustworthiness.toFixed(3)} (1: all neighbours here are neighbours in the full space)`;
  return facts;
}

/** Computes a value once for each step. */
function perStep<T>(make: (step: number) => T): (step: number) => T {
  const all = new Map<number, T>();
  return (step) => {
    if (!all.has(step)) all.set(step, make(step));
    return all.get(step)!;
  };
}

function at<F extends { step: number }>(frames: F[], step: number): F {
  const found = frames.find((frame) => frame.step === step);
  if (!found) throw new Error(`This file has no frame of step ${step}.`);
  return found;
}

const nearestStep = (frames: { step: number }[], step: number) =>
  frames.reduce((best, { step: s }) => (Math.abs(s - step) < Math.abs(best - step) ? s : best), frames[0].step);
