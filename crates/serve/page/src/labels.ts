// Labels beside points: the important ones first, none over another, more of them when zoomed in.

import { type Box, intersect } from "./free";
import type { Scene, ScreenPoint } from "./scene";
import { type Rgb, type Theme, css } from "./theme";

export interface Label {
  word: number;
  text: string;
  /** A label that the reader asked for stands out, and is drawn farther from its point if there is no room beside it. */
  chosen: boolean;
  colour: Rgb;
}

/** The text of a link, drawn near its middle. */
export interface LinkText {
  text: string;
  ends: [ScreenPoint, ScreenPoint];
  quiet: boolean;
}

/** Up to so many words are all labelled, if there is room. */
const FEW = 120;
/** How far from its point a chosen label may be drawn, in pixels, nearest first. */
const RINGS = [0, 10, 22, 36, 52, 70];
const DIRECTIONS = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
];
const LINK_FONT = "500 12px ui-sans-serif, system-ui, sans-serif";

/** The boxes of the picture that are occupied. */
class Occupied {
  private boxes: Box[] = [];
  constructor(
    private width: number,
    private height: number,
  ) {}

  add(box: Box): void {
    this.boxes.push(box);
  }

  /** Occupies the box around a centre if it is free and inside the picture. */
  take(x: number, y: number, width: number, height: number): boolean {
    const box: Box = [x - width / 2, y - height / 2, width, height];
    if (box[0] < 2 || box[1] < 2 || x + width / 2 > this.width - 2 || y + height / 2 > this.height - 2) return false;
    if (this.boxes.some((other) => intersect(box, other))) return false;
    this.boxes.push(box);
    return true;
  }
}

export class Labels {
  private shown = new Set<number>();
  private widths = new Map<string, number>();

  /** Draws `chosen`, the texts of `links`, then as many of `others` (the important ones first) as fit beside what is `covered`. */
  draw(
    ctx: CanvasRenderingContext2D,
    scene: Scene,
    chosen: Label[],
    links: LinkText[],
    others: Label[],
    covered: Box[],
    zoom: number,
    theme: Theme,
  ): void {
    const { width, height } = scene;
    const occupied = new Occupied(width, height);
    for (const box of covered) occupied.add(box);
    const [point, spot] = [new Float32Array(3), { x: 0, y: 0, near: 0 }];
    const place = (label: Label): boolean => {
      scene.project(scene.world(label.word, point), spot);
      if (!(spot.near > 0) || spot.x < 0 || spot.y < 0 || spot.x > width || spot.y > height) return false;
      return this.one(ctx, occupied, label, spot, theme);
    };
    for (const { word, chosen: stands } of chosen) {
      scene.project(scene.world(word, point), spot);
      if (stands && spot.near > 0) occupied.add([spot.x - 3, spot.y - 3, 6, 6]);
    }
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.lineJoin = "round";
    // What stands out comes before the neighbours of the chosen word.
    for (const label of chosen) if (label.chosen) place(label);
    for (const link of links) this.link(ctx, occupied, link, theme);
    for (const label of chosen) if (!label.chosen) place(label);

    const room = Math.round(((width * height) / 26_000) * Math.min(8, Math.max(1, zoom ** 1.5)));
    const most = Math.max(room, scene.words <= FEW ? FEW : 0);
    const done = new Set(chosen.map(({ word }) => word));
    // Labels drawn before come first, so that they do not flicker while words move.
    const order = [...others.filter((label) => this.shown.has(label.word)).slice(0, most), ...others];
    this.shown.clear();
    for (const label of order) {
      if (this.shown.size >= most) break;
      if (done.has(label.word) || scene.hidden(label.word)) continue;
      if (!place(label)) continue;
      done.add(label.word);
      this.shown.add(label.word);
    }
  }

  private one(
    ctx: CanvasRenderingContext2D,
    occupied: Occupied,
    label: Label,
    spot: ScreenPoint,
    theme: Theme,
  ): boolean {
    if (!label.chosen && spot.near < 0.72) return false;
    const size = label.chosen ? 14 : Math.round(Math.min(14, Math.max(11, 11.5 * spot.near)));
    ctx.font = `${label.chosen ? 600 : 400} ${size}px ui-sans-serif, system-ui, sans-serif`;
    const width = this.measure(ctx, label.text);
    const off = 5 + 2.5 * spot.near;
    const at = (ring: number, [right, down]: number[]): [number, number] => [
      spot.x + right * (off + ring + width / 2),
      spot.y + down * (off + ring + size / 2),
    ];
    // To the right of its point; a chosen label tries the other sides too, then farther away.
    const candidates = label.chosen ? RINGS.flatMap((ring) => DIRECTIONS.map((to) => at(ring, to))) : [at(0, [1, 0])];
    const free = candidates.find(([x, y]) => occupied.take(x, y, width + 2, size + 2));
    if (!free) return false;
    ctx.lineWidth = label.chosen ? 5 : 3.5;
    ctx.strokeStyle = css(theme.paper, 0.88);
    ctx.fillStyle = css(label.colour, label.chosen ? 1 : Math.min(0.92, 0.35 + 0.5 * spot.near));
    write(ctx, label.text, free[0] - width / 2, free[1]);
    return true;
  }

  /** Draws the text of a link at its middle, or else along it or beside it. */
  private link(ctx: CanvasRenderingContext2D, occupied: Occupied, { text, ends, quiet }: LinkText, theme: Theme): void {
    ctx.font = LINK_FONT;
    const width = this.measure(ctx, text);
    const [from, to] = ends;
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const across = [(to.y - from.y) / length, (from.x - to.x) / length];
    const candidates = [0, 16, -16, 32, -32].flatMap((beside) =>
      [0.5, 0.4, 0.6, 0.3, 0.7].map((along) => [
        from.x + (to.x - from.x) * along + across[0] * beside * (1 + (width / 28) * Math.abs(across[0])),
        from.y + (to.y - from.y) * along + across[1] * beside,
      ]),
    );
    const free = candidates.find(([x, y]) => occupied.take(x, y, width + 2, 14));
    if (!free) return;
    ctx.globalAlpha = quiet ? 0.35 : 1;
    ctx.lineWidth = 5;
    ctx.strokeStyle = css(theme.paper, 0.9);
    ctx.fillStyle = css(theme.accent);
    write(ctx, text, free[0] - width / 2, free[1]);
    ctx.globalAlpha = 1;
  }

  private measure(ctx: CanvasRenderingContext2D, text: string): number {
    const key = ctx.font + text;
    const width = this.widths.get(key) ?? ctx.measureText(text).width;
    this.widths.set(key, width);
    return width;
  }
}

function write(ctx: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  ctx.strokeText(text, x, y);
  ctx.fillText(text, x, y);
}
