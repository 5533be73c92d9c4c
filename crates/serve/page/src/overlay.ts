// Drawn over the cloud on a 2-D canvas: links between words, rings, and trails.

import type { LinkText } from "./labels";
import type { Scene, ScreenPoint } from "./scene";
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

const spot = (): ScreenPoint => ({ x: 0, y: 0, near: 0 });

/** Draws a link; returns its text and its ends, if it has a text. */
export function drawLink(ctx: CanvasRenderingContext2D, scene: Scene, link: Link, theme: Theme): LinkText[] {
  const from = scene.project(scene.world(link.a), spot());
  const to = scene.project(scene.world(link.b), spot());
  if (!(from.near > 0 && to.near > 0)) return [];
  ctx.save();
  ctx.lineWidth = link.kind === "pin" ? 1.4 : 1;
  ctx.globalAlpha = link.quiet ? 0.35 : 1;
  ctx.strokeStyle = link.kind === "pin" ? css(theme.accent, 0.85) : css(theme.ink, link.kind === "now" ? 0.4 : 0.28);
  if (link.kind === "first") ctx.setLineDash([2, 5]);
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.stroke();
  ctx.restore();
  return link.text ? [{ text: link.text, ends: [from, to], quiet: link.quiet }] : [];
}

export function drawRing(ctx: CanvasRenderingContext2D, scene: Scene, word: number, theme: Theme): void {
  const { x, y, near } = scene.project(scene.world(word), spot());
  if (near === 0) return;
  ctx.lineWidth = 1.6;
  ctx.strokeStyle = css(theme.ink);
  ctx.beginPath();
  ctx.arc(x, y, 4 + 5 * Math.min(3, near), 0, 2 * Math.PI);
  ctx.stroke();
}

/** A line through a word's earlier coordinates, the older the fainter. */
export function drawTrail(ctx: CanvasRenderingContext2D, scene: Scene, points: number[][], colour: Rgb): void {
  const spots = points.map((point) => scene.project(point, spot()));
  ctx.lineWidth = 1.5;
  ctx.lineCap = "round";
  for (let i = 1; i < spots.length; i++) {
    if (spots[i - 1].near === 0 || spots[i].near === 0) continue;
    ctx.strokeStyle = css(colour, 0.55 * (i / spots.length) ** 1.5);
    ctx.beginPath();
    ctx.moveTo(spots[i - 1].x, spots[i - 1].y);
    ctx.lineTo(spots[i].x, spots[i].y);
    ctx.stroke();
  }
}

/** The outline of a lasso that is being drawn. */
export function drawLasso(ctx: CanvasRenderingContext2D, outline: [number, number][], theme: Theme): void {
  ctx.beginPath();
  outline.forEach(([x, y]) => ctx.lineTo(x, y));
  ctx.closePath();
  ctx.fillStyle = css(theme.accent, 0.08);
  ctx.fill();
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = css(theme.accent);
  ctx.stroke();
}
