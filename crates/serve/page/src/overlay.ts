// Drawn over the cloud on a 2-D canvas: links between words, rings, and trails.

import type { Box } from "./labels";
import type { Scene, Spot } from "./scene";
import { type Rgb, type Theme, css } from "./theme";

export interface Link {
  a: number;
  b: number;
  /** A pinned pair, a neighbour now, a neighbour at the first frame. */
  kind: "pin" | "now" | "first";
  text: string;
  /** Drawn faintly, because another word is chosen. */
  quiet: boolean;
}

const spot = (): Spot => ({ x: 0, y: 0, near: 0 });

/** A shorter link has no room for its text between the two labels, in pixels. */
const MIN_LENGTH_FOR_TEXT = 130;

/** Draws a link; returns the box of its text, if it has one. */
export function drawLink(pen: CanvasRenderingContext2D, scene: Scene, link: Link, theme: Theme): Box[] {
  const from = scene.project(scene.world(link.a), spot());
  const to = scene.project(scene.world(link.b), spot());
  if (from.near === 0 || to.near === 0) return [];
  pen.save();
  pen.lineWidth = link.kind === "pin" ? 1.4 : 1;
  pen.globalAlpha = link.quiet ? 0.35 : 1;
  pen.strokeStyle = link.kind === "pin" ? css(theme.accent, 0.85) : css(theme.ink, link.kind === "now" ? 0.4 : 0.28);
  if (link.kind === "first") pen.setLineDash([2, 5]);
  pen.beginPath();
  pen.moveTo(from.x, from.y);
  pen.lineTo(to.x, to.y);
  pen.stroke();
  pen.setLineDash([]);
  const boxes: Box[] = [];
  if (link.text && Math.hypot(from.x - to.x, from.y - to.y) > MIN_LENGTH_FOR_TEXT) {
    pen.font = "500 12px ui-sans-serif, system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 5;
    pen.strokeStyle = css(theme.paper, 0.9);
    const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
    pen.strokeText(link.text, x, y);
    pen.fillStyle = css(theme.accent);
    pen.fillText(link.text, x, y);
    const width = pen.measureText(link.text).width;
    boxes.push([x - width / 2, y - 7, width, 14]);
  }
  pen.restore();
  return boxes;
}

export function drawRing(pen: CanvasRenderingContext2D, scene: Scene, word: number, theme: Theme): void {
  const { x, y, near } = scene.project(scene.world(word), spot());
  if (near === 0) return;
  pen.lineWidth = 1.6;
  pen.strokeStyle = css(theme.ink);
  pen.beginPath();
  pen.arc(x, y, 4 + 5 * Math.min(3, near), 0, 2 * Math.PI);
  pen.stroke();
}

/** A line through a word's earlier coordinates, the older the fainter. */
export function drawTrail(pen: CanvasRenderingContext2D, scene: Scene, points: number[][], colour: Rgb): void {
  const spots = points.map((point) => scene.project(point, spot()));
  pen.lineWidth = 1.5;
  pen.lineCap = "round";
  for (let i = 1; i < spots.length; i++) {
    if (spots[i - 1].near === 0 || spots[i].near === 0) continue;
    pen.strokeStyle = css(colour, 0.55 * (i / spots.length) ** 1.5);
    pen.beginPath();
    pen.moveTo(spots[i - 1].x, spots[i - 1].y);
    pen.lineTo(spots[i].x, spots[i].y);
    pen.stroke();
  }
}
