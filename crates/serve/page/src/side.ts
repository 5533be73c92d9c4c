// One run on show: its words, the frames that are here, and its cloud with what is drawn over it.

import { HOME_DISTANCE } from "./camera";
import { at, positionOf } from "./clock";
import { el } from "./dom";
import { Frames } from "./frames";
import { type Box, type Label, Labels } from "./labels";
import { type Link, drawLink, drawRing, drawTrail } from "./overlay";
import { Scene } from "./scene";
import type { Card, Pair, Points, Run } from "./source";
import { type Stage, pinned } from "./stage";
import { COLOURS, colourOf, mix } from "./theme";
import { index, signed, spelled } from "./words";

/** Names are looked for among so many of the most frequent words. */
const MOST_NAMES = 3000;
/** How much of the ink is in the colour of a name. */
const INK_IN_NAMES = 0.45;
/** So many frames back a trail reaches. */
const TRAIL = 14;
/** All frames of a run this small are fetched ahead; of a run in training fewer, for its axes still turn. */
const AHEAD_BYTES = { training: 4 * 2 ** 20, else: 96 * 2 ** 20 };

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
  /** The neighbours of the word on show, now and at first. */
  near: { now: number[]; first: number[] } = { now: [], first: [] };
  /** The steps of its frames, but of those that cannot be shown. */
  steps: number[] = [];
  hovered: number | null = null;
  /** The class that the reader points at in the legend. */
  lit: number | null = null;
  private readonly labels = new Labels();
  private readonly frequent: number[];
  /** The words that may carry a name just now, the more telling first. */
  private names: Label[] = [];
  private readonly rank: Float32Array;
  private ahead = false;
  /** Of the picture; asking the element itself would lay out the page at every picture. */
  private size = { width: 1, height: 1 };
  /** The frames on show; a word travels to where another one has it, never jumps. */
  private shown: Points[] = [];
  private gliding = false;

  constructor(
    private stage: Stage,
    readonly run: Run,
    public card: Card,
    /** Held at this step, whatever the clock says. */
    readonly held: number | null,
    /** Called when a frame turns out to be one that cannot be shown. */
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
    this.rank = ranks(run);
    this.frequent = named(run, this.classOf);
    this.frames = new Frames(
      stage.source,
      run.id,
      run.words.length,
      () => this.arrive(),
      (error) => {
        stage.say(error.message);
        if (this.steps.some((step) => this.frames.lost.has(step))) {
          this.sift();
          lost();
        }
      },
    );
    this.frames.axes = card.axes;
    this.sift();
    this.scene.take(this.rank);
    this.dress();
  }

  /** News of the run: more frames, other axes. */
  take(card: Card): void {
    this.card = card;
    this.frames.axes = Math.max(this.frames.axes, card.axes);
    this.sift();
    this.show(false);
  }

  private sift(): void {
    this.steps = this.card.frames.filter((step) => !this.frames.lost.has(step));
  }

  id(word: string | null): number | null {
    return word === null ? null : (this.ids.get(word) ?? null);
  }

  /** Where in its own frames this run is: at the step of the clock, or of the nearest frame it has. */
  private get position(): number {
    return positionOf(this.steps, this.held ?? this.stage.clock.step);
  }

  /** The step of its newest frame that the clock has passed: what is asked of a frame is asked of this one. */
  get frame(): number {
    return this.steps[Math.floor(this.position + 1e-6)] ?? 0;
  }

  ready(index: number): boolean {
    const step = this.stage.clock.steps[index];
    const own = Math.ceil(positionOf(this.steps, this.held ?? step));
    return this.frames.get(this.steps[own]) !== null;
  }

  private arrive(): void {
    this.show(false);
    const only = this.card.state === "projection" && this.frames.get(this.steps[0]);
    if (only && this.frames.flat(only)) this.stage.store.set({ flat: true });
    const most = AHEAD_BYTES[this.card.state === "training" ? "training" : "else"];
    if (!this.ahead && this.run.words.length * 6 * this.steps.length < most) void this.fetchAhead();
  }

  private async fetchAhead(): Promise<void> {
    this.ahead = true;
    for (const step of this.steps) await this.frames.want(step);
    this.ahead = false;
  }

  /** Puts the frames around the clock's step into the scene, as far as they are here. */
  show(glide: boolean): void {
    const { steps } = this;
    if (steps.length === 0) return;
    const position = this.position;
    const [before, after] = [Math.floor(position), Math.ceil(position)];
    for (const i of [before, after, after + 1]) if (i < steps.length) void this.frames.want(steps[i]);
    const [earlier, later] = [this.frames.get(steps[before]), this.frames.get(steps[after])];
    this.gliding ||= glide || !earlier || !later;
    if (!earlier || !later) return;
    const turned = this.shown.some((old) => [earlier, later].some((now) => now.step === old.step && now !== old));
    this.shown = [earlier, later];
    const between = position - before;
    const [a, b] = [this.frames.spread(earlier), this.frames.spread(later)];
    const unit = 1 / (a * (b / a) ** between);
    this.scene.show(earlier, later, between, unit, this.gliding || turned);
    this.gliding = false;
    this.stage.invalidate();
  }

  /** Colours, strengths and names, by what is chosen. */
  dress(): void {
    const { view } = this.stage.store;
    const word = this.id(view.word);
    const near = new Set([...this.near.now, ...this.near.first]);
    const pins = new Set(this.pins().flat());
    const colour =
      view.colour === "class" && this.run.classes.length
        ? (id: number) => colourOf(this.classOf[id])
        : this.shades();
    this.scene.dress(colour, (id) => {
      if (id === word || pins.has(id)) return 200;
      if (this.lit !== null) return this.classOf[id] === this.lit ? 110 : 22;
      if (word !== null) return near.has(id) ? 200 : 42;
      return 100;
    });
    this.paint();
  }

  /** Colours by frequency: each takes as many words as the next. */
  private shades(): (word: number) => number {
    const order = this.run.words.map((_, id) => id).sort((a, b) => this.rank[a] - this.rank[b]);
    const shade = new Uint8Array(order.length);
    order.forEach((word, i) => (shade[word] = Math.floor((i / order.length) * COLOURS)));
    return (word) => shade[word];
  }

  paint(): void {
    const { theme, store } = this.stage;
    const byClass = store.view.colour === "class" && this.run.classes.length;
    this.scene.paint(theme, byClass ? theme.classes : theme.scale);
    const alone = this.id(store.view.word) !== null || this.lit !== null;
    const named = alone ? this.frequent.filter((id) => this.classOf[id] === this.lit) : this.frequent;
    this.names = named.map((id) => this.label(id, false));
    this.stage.invalidate();
  }

  /** The pinned pairs that this run knows, by id. */
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
    const numbers: Box[] = [];
    const link = (a: number, b: number, kind: Link["kind"], text = "", quiet = false) =>
      numbers.push(...drawLink(pen, scene, { a, b, kind, text, quiet }, theme));
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
      this.names,
      numbers,
      HOME_DISTANCE / stage.camera.distance,
      theme,
    );
  }

  private label(word: number, chosen: boolean): Label {
    const { theme, store } = this.stage;
    const byClass = store.view.colour === "class" && this.classOf[word] && this.run.classes.length;
    // The colours are made for points; letters are thinner.
    const colour = byClass ? mix(theme.classes[colourOf(this.classOf[word])], theme.ink, INK_IN_NAMES) : theme.ink;
    return { word, text: spelled(this.run.words[word]), chosen, colour: chosen ? theme.ink : colour };
  }

  private drawTrail(word: number): void {
    const { steps } = this;
    const last = Math.floor(this.position);
    const places: number[][] = [];
    for (let i = Math.max(0, last - TRAIL + 1); i <= last; i++) {
      const points = this.frames.get(steps[i]);
      if (!points || points.axes !== this.shown.at(-1)?.axes) continue;
      const unit = points.scale / 32767 / this.frames.spread(points);
      places.push([0, 1, 2].map((axis) => points.coordinates[3 * word + axis] * unit));
    }
    places.push([...this.scene.world(word)]);
    drawTrail(this.pen, this.scene, places, this.label(word, false).colour);
  }

  /** A pinned pair's cosine at the step on show. */
  private pairText(a: number, b: number): string {
    const pair = this.pairs.get(`${a} ${b}`);
    return pair?.steps.length
      ? signed(at(pair.centred, positionOf(pair.steps, this.held ?? this.stage.clock.step)))
      : "";
  }

  dispose(): void {
    this.scene.dispose();
    this.element.remove();
  }
}

/** From 0 for the rarest word to 1 for the most frequent; all alike where nobody counted. */
function ranks({ words, counts }: Run): Float32Array {
  if (!counts) return new Float32Array(words.length).fill(0.45);
  const logs = Float32Array.from(words, (_, id) => Math.log(Math.max(1, counts[id])));
  const [least, most] = [logs.reduce((a, b) => Math.min(a, b), Infinity), logs.reduce((a, b) => Math.max(a, b), 0)];
  return logs.map((log) => (log - least) / (most - least || 1));
}

/** The words that may carry a name, the more telling first: those of a class, then by frequency. */
function named(run: Run, classOf: Uint16Array): number[] {
  const ids = run.words.map((_, id) => id);
  if (run.counts) ids.sort((a, b) => run.counts![b] - run.counts![a]);
  const grouped = ids.filter((id) => classOf[id]);
  return [...grouped, ...ids.filter((id) => !classOf[id])].slice(0, MOST_NAMES);
}
