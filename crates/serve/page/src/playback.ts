// The playhead: where in the run we are, counted in frames, so that the early steps, whose frames are closer together,
// take as long to watch as the later ones.

const SHOW_SECONDS = 14;

export class Playback {
  /** The steps that have a frame, in rising order. */
  steps: number[] = [];
  /** 0 is the first frame, 1.5 is halfway between the second and the third. */
  position = 0;
  playing = false;
  /** New frames are shown as they come. */
  following = true;
  /** Whether a frame is loaded; the playhead waits for one that is not. */
  ready: (index: number) => boolean = () => true;
  private listeners: ((jumped: boolean) => void)[] = [];

  get last(): number {
    return Math.max(0, this.steps.length - 1);
  }

  /** The step that is shown; a fraction between frames. */
  get step(): number {
    return this.steps.length ? at(this.steps, this.position) : 0;
  }

  /** The step of the last frame at or before the playhead. */
  get frame(): number {
    return this.steps[Math.floor(this.position + 1e-6)] ?? 0;
  }

  on(listener: (jumped: boolean) => void): void {
    this.listeners.push(listener);
  }

  /** Replaces the list of frames and stays at the same step. */
  setSteps(steps: number[]): void {
    const step = this.step;
    this.steps = steps;
    this.position = indexOf(steps, step);
    if (this.following && this.position < this.last) this.playing = true;
    this.emit(false);
  }

  seek(position: number, follow = position >= this.last): void {
    const before = this.position;
    this.position = Math.min(this.last, Math.max(0, position));
    this.following = follow;
    this.playing = false;
    this.emit(Math.abs(this.position - before) > 1.2);
  }

  seekStep(step: number): void {
    this.seek(indexOf(this.steps, step));
  }

  play(): void {
    if (this.position >= this.last) this.position = 0;
    this.playing = true;
    this.emit(this.position === 0);
  }

  pause(): void {
    this.playing = false;
    this.following = this.position >= this.last;
    this.emit(false);
  }

  /** Plays on by some seconds; says whether anything moved. */
  advance(seconds: number): boolean {
    if (!this.playing) return false;
    const speed = Math.min(8, Math.max(2, this.steps.length / SHOW_SECONDS));
    let next = Math.min(this.last, this.position + seconds * speed);
    if (!this.ready(Math.ceil(next))) next = Math.min(next, Math.floor(this.position) + 1);
    if (!this.ready(Math.ceil(next))) return false;
    this.position = next;
    if (this.position >= this.last) {
      this.playing = false;
      this.following = true;
    }
    this.emit(false);
    return true;
  }

  private emit(jumped: boolean): void {
    for (const listener of this.listeners) listener(jumped);
  }
}

/** The value of a list at a fractional index. */
export function at(values: number[], index: number): number {
  const before = Math.min(values.length - 1, Math.floor(index));
  const after = Math.min(values.length - 1, before + 1);
  return values[before] + (values[after] - values[before]) * (index - before);
}

/** The fractional index of a step in a sorted list of steps. */
export function indexOf(steps: number[], step: number): number {
  if (steps.length === 0 || step <= steps[0]) return 0;
  let [low, high] = [0, steps.length - 1];
  if (step >= steps[high]) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle;
  }
  return low + (step - steps[low]) / (steps[high] - steps[low]);
}
