// The properties of a run's words beside their vectors: classes and counts, or else clusters. They decide colours, sizes,
// filters, and which words get labels first.

import { Clusters } from "./clusters";
import type { Points, Run } from "./source";
import { COLOURS, colourOf } from "./theme";

export const COLOURINGS = ["class", "frequency", "cluster"] as const;
export type Colouring = (typeof COLOURINGS)[number];

export class Groups {
  /** The class of each word, from 1; 0 is none. */
  readonly classOf: Uint16Array;
  /** From 0 for the rarest word to 1 for the most frequent, logarithmic; the same for all words without counts. */
  readonly frequency: Float32Array;
  /** How many words are more frequent than each; without counts, how many come before it. */
  private readonly rank: Uint32Array;
  private readonly clusters = new Clusters();

  constructor(private run: Run) {
    const { words, classes, counts } = run;
    this.classOf = new Uint16Array(words.length);
    classes.forEach((group, i) => group.words.forEach((word) => (this.classOf[word] ||= i + 1)));
    this.frequency = counts ? logarithmic(counts) : new Float32Array(words.length).fill(0.45);
    this.rank = new Uint32Array(words.length);
    this.byFrequency().forEach((id, i) => (this.rank[id] = i));
  }

  /** The property that colours the words: the reader's choice, or else the first that this run has. */
  colouring(chosen: Colouring): Colouring {
    const { classes, counts } = this.run;
    if (chosen === "cluster") return chosen;
    if (classes.length && (chosen === "class" || !counts)) return "class";
    return counts ? "frequency" : "cluster";
  }

  /** The class or the cluster of a word, from 1; 0 is none. */
  groupOf(word: number, by: Colouring): number {
    if (by === "frequency") return 0;
    return by === "cluster" ? (this.clusters.of[word] ?? 0) : this.classOf[word];
  }

  cluster(points: Points): void {
    this.clusters.update(points);
  }

  /** The colour of each word. By frequency, each colour has as many words as the next. */
  colours(by: Colouring): (word: number) => number {
    if (by !== "frequency") return (word) => colourOf(this.groupOf(word, by));
    const words = this.rank.length;
    return (word) => Math.floor(((words - 1 - this.rank[word]) / words) * COLOURS);
  }

  /** Whether a word is of the class `only` and among the `top` most frequent. A class that this run lacks filters nothing. */
  filter(only: string | null, top: number | null): (word: number) => boolean {
    const group = 1 + this.run.classes.findIndex(({ name }) => name === only);
    return (word) => (!group || this.classOf[word] === group) && (top === null || this.rank[word] < top);
  }

  /** The important words first: those of a class, then by frequency. */
  byImportance(): number[] {
    const ids = this.byFrequency();
    return [...ids.filter((id) => this.classOf[id]), ...ids.filter((id) => !this.classOf[id])];
  }

  private byFrequency(): number[] {
    const { words, counts } = this.run;
    const ids = words.map((_, id) => id);
    return counts ? ids.sort((a, b) => counts[b] - counts[a]) : ids;
  }
}

function logarithmic(counts: number[]): Float32Array {
  const logs = Float32Array.from(counts, (count) => Math.log(Math.max(1, count)));
  const [least, most] = [logs.reduce((a, b) => Math.min(a, b), Infinity), logs.reduce((a, b) => Math.max(a, b), 0)];
  return logs.map((log) => (log - least) / (most - least || 1));
}
