// A run that is shown: its words, its fetched frames, and its cloud with what is drawn over it.

import { HOME_DISTANCE } from "./camera";
import { at, indexOf } from "./clock";
import { el } from "./dom";
import { Frames } from "./frames";
import { type Box, type Label, Labels } from "./labels";
import { type Link, drawLink, drawRing, drawTrail } from "./overlay";
import { Scene } from "./scene";
import type { Summary, Pair, Points, Run } from "./source";
import { type Stage, pinned } from "./stage";
import { COLOURS, colourOf, mix } from "./theme";
import { index, signed, spelled } from "./words";

/** Only this many words may get a label: those of classes, then the most frequent. */
const MAX_LABELLED = 3000;
/** The share of ink in the colour of a label: class colours are made for points, and letters are thinner. */
const INK_IN_LABELS = 0.45;
/** How many frames back a trail reaches. */
const TRAIL = 14;
/** All frames of a run are prefetched if they take fewer bytes than this; fewer while it trains, since new axes replace them. */
const PREFETCH_BYTES = { training: 4 * 2 ** 20, else: 96 * 2 ** 20 };

export class Side {
  readonly scene: Scene;
  readonly frames: Frames;
  readonly ids: Map<string, number>;
  readonly pen: CanvasRenderingContext2D;
  readonly element: HTMLElement;
  /** The class of each word, from 1; 0 is none. */
  readonly classOf: Uint16Array;
  /** The curves of pinned pairs, under "a b". */
  readonly pairs = new Map<string, Pair>();
  /** The neighbours of the chosen word, now and at the first step. */
  near: { now: number[]; first: number[] } = { now: [], first: [] };
  /** The steps of its frames, without those that cannot be shown. */
  steps: number[] = [];
  hovered: number | null = null;
  /** The class that the reader points at in the legend. */
  lit: number | null = null;
  private readonly labels = new Labels();
  private readonly important: number[];
  /** The words that may get a label now, the important ones first. */
  private labelled: Label[] = [];
  private readonly frequency: Float32Array;
  private prefetching = false;
  /** The size of the element, from an observer: reading it from the element would force a layout at every picture. */
  private size = { width: 1, height: 1 };
  /** The frames that are drawn; words glide to those of another frame instead of jumping. */
  private shown: Points[] = [];
  private gliding = false;

  constructor(
    private stage: Stage,
    readonly run: Run,
    public summary: Summary,
    /** Held at this step, whatever the clock says. */
    readonly held: number | null,
    /** Called when a frame turns out to be unusable. */
    lost: () => void,
  ) {
    this.scene = new Scene(stage.camera);
    const overlay = el("canvas", { class: "overlay", "aria-hidden": "true" });
    this.pen = overlay.getContext("2d")!;
    this.element = el("figure", { class: "cloud" }, this.scene.canvas, overlay);
    new ResizeObserver(([{ contentRect }]) => {
      this.size = contentRect;
      stage.invalidate();
    }).observe(this.element);
    this.ids = index(run.words);
    this.classOf = new Uint16Array(run.words.length);
    run.classes.forEach((group, i) => group.words.forEach((word) => (this.classOf[word] ||= i + 1)));
    this.frequency = frequencies(run);
    this.important = byImportance(run, this.classOf);
    this.frames = new Frames(
      stage.source,
      run.id,
      run.words.length,
      () => this.arrive(),
      (error) => {
        stage.say(error.message);
        if (this.steps.some((step) => this.frames.lost.has(step))) {
          this.updateSteps();
          lost();
        }
      },
    );
    this.frames.axes = summary.axes;
    this.updateSteps();
    this.scene.take(this.frequency);
    this.dress();
  }

  /** Takes in news of the run: more frames, new axes. */
  take(summary: Summary): void {
    this.summary = summary;
    this.frames.axes = Math.max(this.frames.axes, summary.axes);
    this.updateSteps();
    this.show(false);
  }

  private updateSteps(): void {
    this.steps = this.summary.frames.filter((step) => !this.frames.lost.has(step));
  }

  id(word: string | null): number | null {
    return word === null ? null : (this.ids.get(word) ?? null);
  }

  /** The playhead in this run's own frames: at the step of the clock, or at the step it is held at. */
  private get position(): number {
    return indexOf(this.steps, this.held ?? this.stage.clock.step);
  }

  /** The step of its last frame at or before the playhead, which neighbours and positions are asked about. */
  get frame(): number {
    return this.steps[Math.floor(this.position + 1e-6)] ?? 0;
  }

  ready(index: number): boolean {
    const step = this.stage.clock.steps[index];
    const own = Math.ceil(indexOf(this.steps, this.held ?? step));
    return this.frames.get(this.steps[own]) !== null;
  }

  private arrive(): void {
    this.show(false);
    const only = this.summary.state === "projection" && this.frames.get(this.steps[0]);
    if (only && this.frames.flat(only)) this.stage.store.set({ flat: true });
    const most = PREFETCH_BYTES[this.summary.state === "training" ? "training" : "else"];
    if (!this.prefetching && this.run.words.length * 6 * this.steps.length < most) void this.prefetch();
  }

  private async prefetch(): Promise<void> {
    this.prefetching = true;
    for (const step of this.steps) await this.frames.want(step);
    this.prefetching = false;
  }

  /** Shows the frames around the playhead, once both are fetched. */
  show(glide: boolean): void {
    const { steps } = this;
    if (steps.length === 0) return;
    const position = this.position;
    const [before, after] = [Math.floor(position), Math.ceil(position)];
    for (const i of [before, after, after + 1]) if (i < steps.length) void this.frames.want(steps[i]);
    const [earlier, later] = [this.frames.get(steps[before]), this.frames.get(steps[after])];
    this.gliding ||= glide || !earlier || !later;
    if (!earlier || !later) return;
    const rotated = this.shown.some((old) => [earlier, later].some((now) => now.step === old.step && now !== old));
    this.shown = [earlier, later];
    const between = position - before;
    const [a, b] = [this.frames.spread(earlier), this.frames.spread(later)];
    const unit = 1 / (a * (b / a) ** between);
    this.scene.show(earlier, later, between, unit, this.gliding || rotated);
    this.gliding = false;
    this.stage.invalidate();
  }

  /** Sets colours, strengths and labels by what is chosen. */
  dress(): void {
    const { view } = this.stage.store;
    const word = this.id(view.word);
    const near = new Set([...this.near.now, ...this.near.first]);
    const pins = new Set(this.pins().flat());
    const colour =
      view.colour === "class" && this.run.classes.length ? (id: number) => colourOf(this.classOf[id]) : this.shades();
    this.scene.dress(colour, (id) => {
      if (id === word || pins.has(id)) return 200;
      if (this.lit !== null) return this.classOf[id] === this.lit ? 110 : 22;
      if (word !== null) return near.has(id) ? 200 : 42;
      return 100;
    });
    this.paint();
  }

  /** Colours by frequency: each colour has as many words as the next. */
  private shades(): (word: number) => number {
    const order = this.run.words.map((_, id) => id).sort((a, b) => this.frequency[a] - this.frequency[b]);
    const shade = new Uint8Array(order.length);
    order.forEach((word, i) => (shade[word] = Math.floor((i / order.length) * COLOURS)));
    return (word) => shade[word];
  }

  paint(): void {
    const { theme, store } = this.stage;
    const byClass = store.view.colour === "class" && this.run.classes.length;
    this.scene.paint(theme, byClass ? theme.classes : theme.scale);
    const alone = this.id(store.view.word) !== null || this.lit !== null;
    const labelled = alone ? this.important.filter((id) => this.classOf[id] === this.lit) : this.important;
    this.labelled = labelled.map((id) => this.label(id, false));
    this.stage.invalidate();
  }

  /** The pinned pairs whose words this run has, by id. */
  pins(): [number, number][] {
    const ids = pinned(this.stage).map((pair) => pair.map((word) => this.id(word)));
    return ids.filter((pair): pair is [number, number] => pair[0] !== null && pair[1] !== null);
  }

  draw(): void {
    const { width, height } = this.size;
    const sharp = devicePixelRatio || 1;
    this.scene.resize(width, height);
    this.scene.draw();
    const { canvas } = this.pen;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      [canvas.width, canvas.height] = [Math.round(width * sharp), Math.round(height * sharp)];
    }
    this.pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    this.pen.clearRect(0, 0, width, height);
    if (!this.scene.empty) this.drawOver();
  }

  private drawOver(): void {
    const { stage, scene, pen } = this;
    const { view } = stage.store;
    const { theme } = stage;
    const word = this.id(view.word);
    const pins = this.pins();
    if (view.trails) {
      for (const id of new Set([...pins.flat(), ...(word === null ? [] : [word])])) this.drawTrail(id);
    }
    const boxes: Box[] = [];
    const link = (a: number, b: number, kind: Link["kind"], text = "", quiet = false) =>
      boxes.push(...drawLink(pen, scene, { a, b, kind, text, quiet }, theme));
    if (word !== null) {
      for (const id of this.near.first) link(word, id, "first");
      for (const id of this.near.now) link(word, id, "now");
    }
    for (const [a, b] of pins) link(a, b, "pin", this.pairText(a, b), word !== null && a !== word && b !== word);
    if (word !== null) drawRing(pen, scene, word, theme);
    if (this.hovered !== null && this.hovered !== word) drawRing(pen, scene, this.hovered, theme);
    const ids = [word, this.hovered, ...pins.flat(), ...this.near.now, ...this.near.first];
    const chosen = [...new Set(ids)].filter((id): id is number => id !== null);
    const strong = new Set([word, this.hovered, ...pins.flat()]);
    this.labels.draw(
      pen,
      scene,
      chosen.map((id) => this.label(id, strong.has(id))),
      this.labelled,
      boxes,
      HOME_DISTANCE / stage.camera.distance,
      theme,
    );
  }

  private label(word: number, chosen: boolean): Label {
    const { theme, store } = this.stage;
    const byClass = store.view.colour === "class" && this.classOf[word] && this.run.classes.length;
    const colour = byClass ? mix(theme.classes[colourOf(this.classOf[word])], theme.ink, INK_IN_LABELS) : theme.ink;
    return { word, text: spelled(this.run.words[word]), chosen, colour: chosen ? theme.ink : colour };
  }

  private drawTrail(word: number): void {
    const { steps } = this;
    const last = Math.floor(this.position);
    const trail: number[][] = [];
    for (let i = Math.max(0, last - TRAIL + 1); i <= last; i++) {
      const points = this.frames.get(steps[i]);
      if (!points || points.axes !== this.shown.at(-1)?.axes) continue;
      const unit = points.scale / 32767 / this.frames.spread(points);
      trail.push([0, 1, 2].map((axis) => points.coordinates[3 * word + axis] * unit));
    }
    trail.push([...this.scene.world(word)]);
    drawTrail(this.pen, this.scene, trail, this.label(word, false).colour);
  }

  /** A pinned pair's centred cosine at the playhead. */
  private pairText(a: number, b: number): string {
    const pair = this.pairs.get(`${a} ${b}`);
    return pair?.steps.length ? signed(at(pair.centred, indexOf(pair.steps, this.held ?? this.stage.clock.step))) : "";
  }

  dispose(): void {
    this.scene.dispose();
    this.element.remove();
  }
}

/** From 0 for the rarest word to 1 for the most frequent, logarithmic; the same for all words without counts. */
function frequencies({ words, counts }: Run): Float32Array {
  if (!counts) return new Float32Array(words.length).fill(0.45);
  const logs = Float32Array.from(words, (_, id) => Math.log(Math.max(1, counts[id])));
  const [least, most] = [logs.reduce((a, b) => Math.min(a, b), Infinity), logs.reduce((a, b) => Math.max(a, b), 0)];
  return logs.map((log) => (log - least) / (most - least || 1));
}

/** The words that may get a label, the important ones first: those of a class, then by frequency. */
function byImportance(run: Run, classOf: Uint16Array): number[] {
  const ids = run.words.map((_, id) => id);
  if (run.counts) ids.sort((a, b) => run.counts![b] - run.counts![a]);
  const grouped = ids.filter((id) => classOf[id]);
  return [...grouped, ...ids.filter((id) => !classOf[id])].slice(0, MAX_LABELLED);
}
