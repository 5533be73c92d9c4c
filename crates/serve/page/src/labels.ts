// Labels beside points: the important ones first, none over another, more of them when zoomed in.

import type { Scene, Spot } from "./scene";
import { type Rgb, type Theme, css } from "./theme";

export interface Label {
  word: number;
  text: string;
  /** A label that the reader asked for stands out and is always drawn. */
  chosen: boolean;
  colour: Rgb;
}

/** Left, top, width and height, in pixels. */
export type Box = [number, number, number, number];

const CELL = 8;
/** The head of the page covers this part of the cloud. */
const HEAD: Box = [0, 0, 200, 130];
/** Up to so many words are all labelled, if there is room. */
const FEW = 120;

/** Which cells of the picture are occupied. */
class Occupied {
  private taken = new Set<number>();
  constructor(private width: number) {}

  /** Occupies a box if it is free. */
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

  /** Draws `chosen`, then as many of `others` (the important ones first) as fit beside the boxes in `taken`. */
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
    const occupied = new Occupied(width);
    for (const box of [HEAD, ...taken]) occupied.take(...box);
    const [point, spot] = [new Float32Array(3), { x: 0, y: 0, near: 0 }];
    const room = Math.round(((width * height) / 26_000) * Math.min(8, Math.max(1, zoom ** 1.5)));
    const most = Math.max(room, scene.words <= FEW ? FEW : 0);
    // Labels drawn before come first, so that they do not flicker while words move.
    const order = [...others.filter((label) => this.shown.has(label.word)).slice(0, most), ...others];
    const done = new Set<number>();
    this.shown.clear();
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    let drawn = 0;
    for (const label of [...chosen, ...order]) {
      if (!label.chosen && drawn >= most) break;
      if (done.has(label.word)) continue;
      scene.project(scene.world(label.word, point), spot);
      if (spot.near === 0 || spot.x < -20 || spot.y < 0 || spot.x > width || spot.y > height) continue;
      if (!label.chosen && spot.near < 0.72) continue;
      if (!this.one(pen, occupied, label, spot, theme)) continue;
      done.add(label.word);
      if (!label.chosen) {
        drawn++;
        this.shown.add(label.word);
      }
    }
  }

  private one(pen: CanvasRenderingContext2D, occupied: Occupied, label: Label, spot: Spot, theme: Theme): boolean {
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
    // To the right of its point; a chosen label tries the other sides before it covers another.
    const free = [right, ...(label.chosen ? around : [])].find(([x, y]) => occupied.take(x, y - size / 2, width, size));
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
