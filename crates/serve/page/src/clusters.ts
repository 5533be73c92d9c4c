// Clusters of the words of one picture, for runs whose words have no classes: k-means, seeded.

import { NO_COORDINATE, type Points } from "./source";

export const CLUSTERS = 8;
const ROUNDS = 12;
/** The centres are fitted to this many words at most. */
const MAX_FITTED = 4000;

export class Clusters {
  private centres: number[][] = [];
  private points: Points | null = null;
  /** The cluster of each word, from 1; 0 for words without coordinates. */
  of = new Uint8Array(0);

  /** Clusters the words of a frame. Centres start where they were, so that clusters keep their colours. */
  update(points: Points): void {
    if (points === this.points) return;
    this.points = points;
    const words = points.coordinates.length / 3;
    const all = Array.from({ length: words }, (_, word) => word).filter(
      (word) => points.coordinates[3 * word] !== NO_COORDINATE,
    );
    const every = Math.max(1, Math.ceil(all.length / MAX_FITTED));
    const fitted = all.filter((_, i) => i % every === 0).map((word) => at(points, word));
    if (!this.centres.length) this.centres = spread(fitted);
    for (let round = 0; round < ROUNDS; round++) this.fit(fitted);
    this.of = new Uint8Array(words);
    for (const word of all) this.of[word] = 1 + nearest(this.centres, at(points, word)).index;
  }

  private fit(fitted: number[][]): void {
    const sums = this.centres.map(() => [0, 0, 0, 0]);
    for (const point of fitted) {
      const sum = sums[nearest(this.centres, point).index];
      point.forEach((value, axis) => (sum[axis] += value));
      sum[3]++;
    }
    this.centres = this.centres.map((centre, i) =>
      sums[i][3] ? sums[i].slice(0, 3).map((value) => value / sums[i][3]) : centre,
    );
  }
}

const at = ({ coordinates, scale }: Points, word: number) =>
  [0, 1, 2].map((axis) => (coordinates[3 * word + axis] / 32767) * scale);

function nearest(centres: number[][], point: number[]): { index: number; square: number } {
  let [index, square] = [0, Infinity];
  centres.forEach((centre, i) => {
    const here = centre.reduce((sum, value, axis) => sum + (value - point[axis]) ** 2, 0);
    if (here < square) [index, square] = [i, here];
  });
  return { index, square };
}

/** Centres that lie apart, chosen among the points with probabilities that grow with the squared distance (k-means++). */
function spread(points: number[][]): number[][] {
  let seed = 1;
  const draw = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const centres = points.slice(0, 1);
  while (centres.length < Math.min(CLUSTERS, points.length)) {
    const squares = points.map((point) => nearest(centres, point).square);
    let rest = draw() * squares.reduce((sum, square) => sum + square, 0);
    const found = squares.findIndex((square) => (rest -= square) < 0);
    centres.push(points[Math.max(0, found)]);
  }
  return centres;
}
