// The fetched frames of one run. Those fetched first are dropped when memory gets short.

import { Missing, NO_COORDINATE, type Points, type Projection, type Source } from "./source";

const MOST_BYTES = 256 * 2 ** 20;

export class Frames {
  private kept = new Map<number, Points>();
  private pending = new Map<number, Promise<void>>();
  private spreads = new WeakMap<Points, number>();
  private bytes = 0;
  /** The steps whose frames cannot be shown. */
  readonly unusable = new Set<number>();
  axes = 0;

  constructor(
    private source: Source,
    private run: number,
    private words: number,
    readonly projection: Projection,
    private arrived: (step: number) => void,
    private failed: (error: Error) => void,
  ) {}

  /** A fetched frame, whatever the version of its axes. */
  get(step: number): Points | null {
    return this.kept.get(step) ?? null;
  }

  /** Whether every frame has a layout of its own, which takes a while to compute and does not depend on the run's axes. */
  get slow(): boolean {
    return this.projection.by === "tsne" || this.projection.by === "umap";
  }

  fresh(step: number): boolean {
    if (this.slow) return this.kept.has(step);
    return (this.kept.get(step)?.axes ?? -1) >= this.axes;
  }

  /** Fetches a frame, unless it is here, being fetched, or cannot be shown. */
  request(step: number): Promise<void> {
    if (this.fresh(step) || this.unusable.has(step)) return Promise.resolve();
    const pending = this.pending.get(step) ?? this.fetch(step).finally(() => this.pending.delete(step));
    this.pending.set(step, pending);
    return pending;
  }

  private async fetch(step: number): Promise<void> {
    try {
      const points = await this.source.points(this.run, step, this.projection);
      if (points.coordinates.length !== 3 * this.words)
        throw new Missing(`The frame of step ${step} has another number of words than this run.`);
      this.axes = Math.max(this.axes, points.axes);
      this.keep(step, points);
      this.arrived(step);
    } catch (error) {
      if (error instanceof Missing) this.unusable.add(step);
      this.failed(error as Error);
    }
  }

  private keep(step: number, points: Points): void {
    this.bytes += points.coordinates.byteLength - (this.kept.get(step)?.coordinates.byteLength ?? 0);
    this.kept.delete(step);
    this.kept.set(step, points);
    for (const [old, { coordinates }] of this.kept) {
      if (this.bytes <= MOST_BYTES || this.kept.size <= 4) break;
      this.bytes -= coordinates.byteLength;
      this.kept.delete(old);
    }
  }

  /** Whether all words lie in one plane, as in a projection to two dimensions. */
  flat(points: Points): boolean {
    return points.coordinates.every((value, i) => i % 3 !== 2 || value === 0);
  }

  /** The radius that holds nine words of ten: frames are divided by it, so that all are drawn at the same size. */
  spread(points: Points): number {
    const known = this.spreads.get(points);
    if (known) return known;
    const { coordinates, scale } = points;
    const every = Math.max(1, Math.floor(this.words / 4000));
    const lengths: number[] = [];
    for (let word = 0; word < this.words; word += every) {
      if (coordinates[3 * word] === NO_COORDINATE) continue;
      lengths.push(Math.hypot(coordinates[3 * word], coordinates[3 * word + 1], coordinates[3 * word + 2]));
    }
    lengths.sort((a, b) => a - b);
    const spread = ((lengths[Math.floor(lengths.length * 0.9)] || 1) / 32767) * scale || 1;
    this.spreads.set(points, spread);
    return spread;
  }
}
