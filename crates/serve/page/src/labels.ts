// Names beside points: those that matter first, none over another, more of them as one comes nearer.

import type { Scene, Spot } from "./scene";
import { type Rgb, type Theme, css } from "./theme";

export interface Label {
  word: number;
  text: string;
  /** What a reader asked for stands out and is always there. */
  chosen: boolean;
  colour: Rgb;
}

/** Left, top, width and height of a part of the picture. */
export type Box = [number, number, number, number];

const CELL = 8;
/** Where the head of the page stands over the cloud. */
const HEAD: Box = [0, 0, 200, 130];
/** So few words are all named, if there is room. */
const FEW = 120;

/** Which parts of the picture are taken. */
class Ground {
  private taken = new Set<number>();
  constructor(private width: number) {}

  /** Takes a box if it is free. */
  take(x: number, y: number, width: number, height: number): boolean {
    const columns = Math.ceil(this.width / CELL) + 2;
    const cells: number[] = [];
    for (let cy = Math.floor(y / CELL); cy <= (y + height) / CELL; cy++) {
      for (let cx = Math.floor(x / CELL); cx <= (x + width) / CELL; cx++) cells.push(cy * columns + cx);
    }
    if (cells.some((cell) => this.taken.has(cell))) return false;
    for (const cell of cells) this.taken.add(cell);
    return true;
  }
}

export class Labels {
  private shown = new Set<number>();
  private widths = new Map<string, number>();

  /** Draws `chosen` and then as many of `others` (the more telling first) as there is room and reason for beside `taken`. */
  draw(
    pen: CanvasRenderingContext2D,
    scene: Scene,
    chosen: Label[],
    others: Label[],
    taken: Box[],
    zoom: number,
    theme: Theme,
  ): void {
    const { width, height } = scene;
    const ground = new Ground(width);
    for (const box of [HEAD, ...taken]) ground.take(...box);
    const [place, spot] = [new Float32Array(3), { x: 0, y: 0, near: 0 }];
    const room = Math.round(((width * height) / 26_000) * Math.min(8, Math.max(1, zoom ** 1.5)));
    const most = Math.max(room, scene.words <= FEW ? FEW : 0);
    // Names that were there stay before new ones come, so that they do not flicker while words move.
    const order = [...others.filter((label) => this.shown.has(label.word)).slice(0, most), ...others];
    const done = new Set<number>();
    this.shown.clear();
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    let drawn = 0;
    for (const label of [...chosen, ...order]) {
      if (!label.chosen && drawn >= most) break;
      if (done.has(label.word)) continue;
      scene.project(scene.world(label.word, place), spot);
      if (spot.near === 0 || spot.x < -20 || spot.y < 0 || spot.x > width || spot.y > height) continue;
      if (!label.chosen && spot.near < 0.72) continue;
      if (!this.one(pen, ground, label, spot, theme)) continue;
      done.add(label.word);
      if (!label.chosen) {
        drawn++;
        this.shown.add(label.word);
      }
    }
  }

  private one(pen: CanvasRenderingContext2D, ground: Ground, label: Label, spot: Spot, theme: Theme): boolean {
    const size = label.chosen ? 14 : Math.round(Math.min(14, Math.max(11, 11.5 * spot.near)));
    pen.font = `${label.chosen ? 600 : 400} ${size}px ui-sans-serif, system-ui, sans-serif`;
    const key = pen.font + label.text;
    const width = this.widths.get(key) ?? pen.measureText(label.text).width;
    this.widths.set(key, width);
    const off = 5 + 2.5 * spot.near;
    const right: [number, number] = [spot.x + off, spot.y];
    const around: [number, number][] = [
      [spot.x - off - width, spot.y],
      [spot.x - width / 2, spot.y - size - 2],
      [spot.x - width / 2, spot.y + size + 2],
    ];
    // Beside its point on the right; a name that must be seen looks for room around it before it covers another.
    const free = [right, ...(label.chosen ? around : [])].find(([x, y]) => ground.take(x, y - size / 2, width, size));
    if (!free && !label.chosen) return false;
    const [x, y] = free ?? right;
    pen.lineWidth = label.chosen ? 5 : 3.5;
    pen.strokeStyle = css(theme.paper, 0.88);
    pen.strokeText(label.text, x, y);
    pen.fillStyle = css(label.colour, label.chosen ? 1 : Math.min(0.92, 0.35 + 0.5 * spot.near));
    pen.fillText(label.text, x, y);
    return true;
  }
}
