// Saves the view as a PNG: the clouds with their labels and links, and a line of text that says what it shows.

import { type App, panes } from "./app";
import { css } from "./theme";

export async function picture(app: App): Promise<Blob> {
  const shown = panes(app);
  const canvases = shown.map((pane) => [pane.scene.canvas, pane.ctx.canvas]);
  for (const pane of shown) pane.draw();
  const width = canvases.reduce((sum, [, over]) => sum + over.width, 0);
  const height = Math.max(...canvases.map(([, over]) => over.height));
  const sharp = devicePixelRatio || 1;
  const foot = Math.round(34 * sharp);
  const paper = document.createElement("canvas");
  [paper.width, paper.height] = [width, height + foot];
  const ctx = paper.getContext("2d")!;
  ctx.fillStyle = css(app.theme.paper);
  ctx.fillRect(0, 0, width, height + foot);
  let left = 0;
  for (const [cloud, over] of canvases) {
    ctx.drawImage(cloud, left, 0, over.width, over.height);
    ctx.drawImage(over, left, 0);
    left += over.width;
  }
  ctx.font = `${13 * sharp}px ui-sans-serif, system-ui, sans-serif`;
  ctx.fillStyle = css(app.theme.quiet);
  const names = shown.map((pane) => pane.run.name).join(" and ");
  ctx.fillText(`wordspace · ${names} · step ${Math.round(app.playback.step)}`, 16 * sharp, height + foot / 2);
  return new Promise((done, fail) =>
    paper.toBlob(
      (blob) => (blob ? done(blob) : fail(new Error("This browser cannot make a picture of this size."))),
      "image/png",
    ),
  );
}

export async function save(app: App): Promise<void> {
  const address = URL.createObjectURL(await picture(app));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${app.main?.run.name ?? "wordspace"}-step-${Math.round(app.playback.step)}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
