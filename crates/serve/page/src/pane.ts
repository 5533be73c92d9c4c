// A run that is shown: its words, its fetched frames, and its cloud with what is drawn over it.

import { HOME_DISTANCE } from "./camera";
import { at, indexOf } from "./playback";
import { el } from "./dom";
import { Frames } from "./frames";
import { freeArea } from "./free";
import { type Colouring, Groups } from "./groups";
import { type Label, Labels, type LinkText } from "./labels";
import { type Link, drawLasso, drawLink, drawRing, drawTrail } from "./overlay";
import { Scene } from "./scene";
import type { Summary, Pair, Points, Projection, Run } from "./source";
import { pinned } from "./pins";
import type { Shared } from "./shared";
import { colourOf, mix } from "./theme";
import { index, signed, spelled } from "./words";

/** Only this many words may get a label: those of classes, then the most frequent. */
const MAX_LABELLED = 3000;
/** The share of ink in the colour of a label: class colours are made for points, and letters are thinner. */
const INK_IN_LABELS = 0.45;
/** How many frames back a trail reaches. */
const TRAIL = 14;
/** All frames of a run are prefetched if they take fewer bytes than this; fewer while it trains, since new axes replace them. */
const PREFETCH_BYTES = { training: 4 * 2 ** 20, else: 96 * 2 ** 20 };

export class Pane {
  readonly scene: Scene;
  /** The frames in the projection that is shown. */
  frames: Frames;
  /** Those in every projection that was shown, by projection. */
  private readonly projected = new Map<string, Frames>();
  readonly ids: Map<string, number>;
  readonly groups: Groups;
  readonly ctx: CanvasRenderingContext2D;
  readonly element: HTMLElement;
  /** The curves of pinned pairs, under "a b". */
  readonly pairs = new Map<string, Pair>();
  /** The neighbours of the chosen word, now and at the first step. */
  neighbours: { now: number[]; first: number[] } = { now: [], first: [] };
  /** The steps of its frames, without those that cannot be shown. */
  steps: number[] = [];
  hovered: number | null = null;
  /** The class that the reader points at in the legend. */
  highlighted: number | null = null;
  /** The lasso that is being drawn. */
  lasso: [number, number][] = [];
  private readonly labels = new Labels();
  private readonly important: number[];
  /** The words that may get a label now, the important ones first. */
  private labelled: Label[] = [];
  private readonly prefetching = new Set<Frames>();
  /** The size of the element, from an observer: reading it from the element would force a layout at every picture. */
  private size = { width: 1, height: 1 };
  private area: ReturnType<typeof freeArea> = { free: [0, 0, 1, 1], covered: [] };
  /** The frames that are drawn; words glide to those of another frame instead of jumping. */
  private shown: Points[] = [];
  private tweening = false;

  constructor(
    private shared: Shared,
    readonly run: Run,
    public summary: Summary,
    /** Held at this step, wherever the playhead is. */
    readonly held: number | null,
    /** Called when a frame turns out to be unusable. */
    private lost: () => void,
  ) {
    this.scene = new Scene(shared.camera);
    const overlay = el("canvas", { class: "overlay", "aria-hidden": "true" });
    this.ctx = overlay.getContext("2d")!;
    this.element = el("figure", { class: "cloud" }, this.scene.canvas, overlay);
    new ResizeObserver(([{ contentRect }]) => {
      this.size = contentRect;
      this.measure();
    }).observe(this.element);
    this.ids = index(run.words);
    this.groups = new Groups(run);
    this.important = this.groups.byImportance().slice(0, MAX_LABELLED);
    this.frames = this.framesOf(this.projection());
    this.updateSteps();
    this.scene.allocate(this.groups.frequency);
    this.restyle();
  }

  /** The view's projection. A pair is drawn against the word that another pair compares one of its words with. */
  private projection(): Projection {
    const { source, store } = this.shared;
    const by = store.view.projection;
    if (!source.projections.includes(by)) return { by: "pca" };
    if (by !== "pair") return { by };
    const [pair, ...others] = this.pins();
    if (!pair) return { by: "pca" };
    const isOther = (word: number) => !pair.includes(word);
    const contrast = [...others.filter((other) => !other.every(isOther)), ...others].flat().find(isOther);
    return { by, a: pair[0], b: pair[1], against: contrast ?? null };
  }

  private framesOf(projection: Projection): Frames {
    const key = JSON.stringify(projection);
    const { source, store, toast } = this.shared;
    const failed = (error: Error) => {
      toast(error.message);
      if (this.frames.projection !== projection) return;
      if (projection.by !== "pca") return store.set({ projection: "pca", flat: false });
      if (!this.steps.some((step) => this.frames.unusable.has(step))) return;
      this.updateSteps();
      this.lost();
    };
    const frames =
      this.projected.get(key) ??
      new Frames(source, this.run.id, this.run.words.length, projection, (step) => this.arrive(step), failed);
    this.projected.set(key, frames);
    frames.axes = Math.max(frames.axes, this.summary.axes);
    return frames;
  }

  /** Applies the view's projection; the words move to it from their present points. */
  reproject(): void {
    const frames = this.framesOf(this.projection());
    if (frames === this.frames) return;
    this.frames = frames;
    this.updateSteps();
    this.show(true);
  }

  /** Takes in news of the run: more frames, new axes. */
  update(summary: Summary): void {
    this.summary = summary;
    this.frames.axes = Math.max(this.frames.axes, summary.axes);
    this.updateSteps();
    this.show(false);
  }

  private updateSteps(): void {
    this.steps = this.summary.frames.filter((step) => !this.frames.unusable.has(step));
  }

  id(word: string | null): number | null {
    return word === null ? null : (this.ids.get(word) ?? null);
  }

  /** The playhead in this run's own frames: at the step that is shown, or at the one it is held at. */
  private get position(): number {
    return indexOf(this.steps, this.held ?? this.shared.playback.step);
  }

  /** The step of its last frame at or before the playhead, which neighbours and positions are asked about. */
  get frame(): number {
    return this.steps[Math.floor(this.position + 1e-6)] ?? 0;
  }

  ready(index: number): boolean {
    const step = this.shared.playback.steps[index];
    const own = Math.ceil(indexOf(this.steps, this.held ?? step));
    return this.frames.get(this.steps[own]) !== null;
  }

  private arrive(step: number): void {
    this.show(false);
    if (this.colouring === "cluster" && step === this.steps.at(-1)) this.restyle();
    const only = this.summary.state === "projection" && this.frames.get(this.steps[0]);
    if (only && this.frames.flat(only)) this.shared.store.set({ flat: true });
    const most = PREFETCH_BYTES[this.summary.state === "training" ? "training" : "else"];
    const { frames } = this;
    if (frames.slow || this.prefetching.has(frames)) return;
    if (this.run.words.length * 6 * this.steps.length < most) void this.prefetch(frames);
  }

  private async prefetch(frames: Frames): Promise<void> {
    this.prefetching.add(frames);
    for (const step of this.steps) if (frames === this.frames) await frames.request(step);
    this.prefetching.delete(frames);
  }

  /** Shows the frames around the playhead, once both are fetched. */
  show(tween: boolean): void {
    const { steps } = this;
    if (steps.length === 0) return;
    const position = this.position;
    const [before, after] = [Math.floor(position), Math.ceil(position)];
    for (const i of [before, after, after + 1]) if (i < steps.length) void this.frames.request(steps[i]);
    const [earlier, later] = [this.frames.get(steps[before]), this.frames.get(steps[after])];
    this.tweening ||= tween || !earlier || !later;
    if (!earlier || !later) return;
    const rotated = this.shown.some((old) => [earlier, later].some((now) => now.step === old.step && now !== old));
    this.shown = [earlier, later];
    const between = position - before;
    const [a, b] = [this.frames.spread(earlier), this.frames.spread(later)];
    const unit = 1 / (a * (b / a) ** between);
    this.scene.show(earlier, later, between, unit, this.tweening || rotated);
    this.tweening = false;
    this.shared.invalidate();
  }

  /** Sets colours, opacities and labels for the selection. */
  restyle(): void {
    const { view } = this.shared.store;
    const word = this.id(view.word);
    const near = new Set([...this.neighbours.now, ...this.neighbours.first]);
    const pins = new Set(this.pins().flat());
    const selected = this.selected();
    const visible = this.groups.filter(view.only, view.top);
    const points = this.frames.get(this.steps.at(-1) ?? 0) ?? this.shown.at(-1);
    if (this.colouring === "cluster" && points) this.groups.cluster(points);
    this.scene.restyle(this.groups.colours(this.colouring), (id) => {
      if (id === word || pins.has(id)) return 200;
      if (!visible(id)) return 0;
      if (selected.size) return selected.has(id) ? 200 : 42;
      if (this.highlighted !== null) return this.groups.classOf[id] === this.highlighted ? 110 : 22;
      if (word !== null) return near.has(id) ? 200 : 42;
      return 100;
    });
    this.paint();
  }

  /** The legend of the colours. */
  get colouring(): Colouring {
    return this.groups.colouring(this.shared.store.view.colour);
  }

  /** The words inside the lasso that was drawn last. */
  selected(): Set<number> {
    const ids = this.shared.store.view.selected.map((word) => this.id(word));
    return new Set(ids.filter((id): id is number => id !== null));
  }

  paint(): void {
    const { theme, store } = this.shared;
    this.scene.paint(theme, this.colouring === "frequency" ? theme.scale : theme.classes);
    const alone = this.id(store.view.word) !== null || this.highlighted !== null || store.view.selected.length > 0;
    const labelled = alone
      ? this.important.filter((id) => this.groups.classOf[id] === this.highlighted)
      : this.important;
    this.labelled = labelled.map((id) => this.label(id, false));
    this.shared.invalidate();
  }

  /** The pinned pairs whose words this run has, by id. */
  pins(): [number, number][] {
    const ids = pinned(this.shared).map((pair) => pair.map((word) => this.id(word)));
    return ids.filter((pair): pair is [number, number] => pair[0] !== null && pair[1] !== null);
  }

  /** Measures what lies over the cloud. */
  measure(): void {
    this.area = freeArea(this.element);
    this.shared.invalidate();
  }

  /** Its words that lie in the free area. */
  inView(): number[] {
    const [left, top, width, height] = this.area.free;
    return this.scene.within((x, y) => x >= left && y >= top && x <= left + width && y <= top + height);
  }

  draw(): void {
    const { width, height } = this.size;
    const sharp = devicePixelRatio || 1;
    this.scene.resize(width, height);
    this.scene.free = this.area.free;
    if (!this.scene.empty) this.shared.camera.stepBack(this.scene.extraDistance(this.pins().flat()));
    this.scene.draw();
    const { canvas } = this.ctx;
    if (canvas.width !== Math.round(width * sharp) || canvas.height !== Math.round(height * sharp)) {
      [canvas.width, canvas.height] = [Math.round(width * sharp), Math.round(height * sharp)];
    }
    this.ctx.setTransform(sharp, 0, 0, sharp, 0, 0);
    this.ctx.clearRect(0, 0, width, height);
    if (!this.scene.empty) this.drawOver();
  }

  private drawOver(): void {
    const { shared, scene, ctx } = this;
    const { view } = shared.store;
    const { theme } = shared;
    const word = this.id(view.word);
    const pins = this.pins();
    if (view.trails) {
      for (const id of new Set([...pins.flat(), ...(word === null ? [] : [word])])) this.drawTrail(id);
    }
    const texts: LinkText[] = [];
    const link = (a: number, b: number, kind: Link["kind"], text = "", quiet = false) =>
      texts.push(...drawLink(ctx, scene, { a, b, kind, text, quiet }, theme));
    if (word !== null) {
      for (const id of this.neighbours.first) link(word, id, "first");
      for (const id of this.neighbours.now) link(word, id, "now");
    }
    for (const [a, b] of pins) link(a, b, "pin", this.pairText(a, b), word !== null && a !== word && b !== word);
    if (word !== null) drawRing(ctx, scene, word, theme);
    if (this.hovered !== null && this.hovered !== word) drawRing(ctx, scene, this.hovered, theme);
    const near = [...this.neighbours.now, ...this.neighbours.first, ...this.selected()];
    const ids = [word, this.hovered, ...pins.flat(), ...near];
    const chosen = [...new Set(ids)].filter((id): id is number => id !== null);
    const strong = new Set([word, this.hovered, ...pins.flat()]);
    this.labels.draw(
      ctx,
      scene,
      chosen.map((id) => this.label(id, strong.has(id))),
      texts,
      this.labelled,
      this.area.covered,
      HOME_DISTANCE / shared.camera.distance,
      theme,
    );
    if (this.lasso.length > 1) drawLasso(ctx, this.lasso, theme);
  }

  private label(word: number, chosen: boolean): Label {
    const { theme } = this.shared;
    const group = this.groups.groupOf(word, this.colouring);
    const colour = group ? mix(theme.classes[colourOf(group)], theme.ink, INK_IN_LABELS) : theme.ink;
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
    drawTrail(this.ctx, this.scene, trail, this.label(word, false).colour);
  }

  /** A pinned pair's centred cosine at the playhead. */
  private pairText(a: number, b: number): string {
    const pair = this.pairs.get(`${a} ${b}`);
    return pair?.steps.length ? signed(at(pair.centred, indexOf(pair.steps, this.held ?? this.shared.playback.step))) : "";
  }

  dispose(): void {
    this.scene.dispose();
    this.element.remove();
  }
}
