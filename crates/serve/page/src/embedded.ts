// Frames that lie in the page itself: a report or a projection that opens from disk, with nothing behind it.

import { type Card, type Log, type Run, type Source, type Token, readPoints } from "./source";
import { type Table, centred, chance, cosine, fromBase64, fromHalf, nearest, principal, row } from "./vectors";

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

/** The data of a page that carries its own, or nothing if it comes from a server. */
export function embedded(): Source | null {
  const text = document.getElementById("embedded")?.textContent;
  if (!text) return null;
  const data = JSON.parse(text) as Embedded;
  if (data.schema !== 1) throw new Error(`This file has schema ${data.schema}; this page reads schema 1.`);
  return of(data);
}

function of(data: Embedded): Source {
  const run: Run = { ...data.run, id: 0, method: data.method ?? data.run.method };
  if (data.kind === "projection") Object.assign(run, { state: "projection", provenance: quality(data) });
  const steps = data.frames.map((frame) => frame.step);
  const card: Card = { ...run, frames: steps, words: run.words.length };
  const raw = kept((step) => table(at(data.frames, step).vectors));
  const seen = kept((step) => centred(raw(step)));
  const band = kept((step) => chance(seen(step)));
  const places = kept((step) => table(at(data.positions, step).vectors));

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
      const rows = data.positions.length ? places(nearestStep(data.positions, step)) : null;
      if (rows && position >= rows.rows) throw new Error(`This run reads ${rows.rows} words at a time.`);
      const place = rows && [...row(rows, position)];
      return { id, piece, position, token, place, sum: token.map((value, c) => value + (place?.[c] ?? 0)) };
    });
  }

  return {
    runs: async () => [card],
    run: async () => ({ ...run, frames: steps }),
    log: async () => data.log,
    points: async (_, step) => readPoints(fromBase64(at(data.frames, step).points)),
    neighbours: async (_, step, word) => ({
      step,
      word,
      raw: nearest(raw(step), word, TOP),
      centred: nearest(seen(step), word, TOP),
    }),
    pair: async (_, a, b) => {
      const over = (of: (step: number) => number) => steps.map(of);
      return {
        a,
        b,
        steps,
        raw: over((step) => cosine(row(raw(step), a), row(raw(step), b))),
        centred: over((step) => cosine(row(seen(step), a), row(seen(step), b))),
        low: over((step) => band(step)[0]),
        middle: over((step) => band(step)[1]),
        high: over((step) => band(step)[2]),
      };
    },
    positions: async (_, step) => {
      if (!data.positions.length) throw new Error("This file carries no position table.");
      const table = places(nearestStep(data.positions, step));
      const likeness = new Int8Array(table.rows ** 2);
      for (let i = 0; i < likeness.length; i++) {
        likeness[i] = Math.round(127 * cosine(row(table, Math.floor(i / table.rows)), row(table, i % table.rows)));
      }
      return {
        step: nearestStep(data.positions, step),
        rows: table.rows,
        stride: 1,
        likeness,
        curve: principal(table),
      };
    },
    sentence: async (_, step, text) => ({ step, channels: run.channels, tokens: tokens(step, text) }),
    subscribe: (news) => {
      news.connection(true);
      return () => {};
    },
  };
}

/** How much of the full space a projection keeps. */
function quality({ trustworthiness, explained_variance: kept }: Embedded): Record<string, string> {
  const facts: Record<string, string> = {};
  if (kept) facts["variance kept"] = `${(100 * kept.reduce((sum, share) => sum + share, 0)).toFixed(1)} %`;
  if (trustworthiness !== undefined)
    facts.trustworthiness = `${trustworthiness.toFixed(3)} (1 is: who is near here is near there)`;
  return facts;
}

/** Computes what a step needs once. */
function kept<T>(make: (step: number) => T): (step: number) => T {
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
