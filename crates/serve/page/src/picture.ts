// Saves the view as a PNG: the clouds with their labels and links, and a line of text that says what it shows.

import { type Stage, sides } from "./stage";
import { css } from "./theme";

export async function picture(stage: Stage): Promise<Blob> {
  const shown = sides(stage);
  const canvases = shown.map((side) => [side.scene.canvas, side.pen.canvas]);
  for (const side of shown) side.draw();
  const width = canvases.reduce((sum, [, over]) => sum + over.width, 0);
  const height = Math.max(...canvases.map(([, over]) => over.height));
  const sharp = devicePixelRatio || 1;
  const foot = Math.round(34 * sharp);
  const paper = document.createElement("canvas");
  [paper.width, paper.height] = [width, height + foot];
  const pen = paper.getContext("2d")!;
  pen.fillStyle = css(stage.theme.paper);
  pen.fillRect(0, 0, width, height + foot);
  let left = 0;
  for (const [cloud, over] of canvases) {
    pen.drawImage(cloud, left, 0, over.width, over.height);
    pen.drawImage(over, left, 0);
    left += over.width;
  }
  pen.font = `${13 * sharp}px ui-sans-serif, system-ui, sans-serif`;
  pen.fillStyle = css(stage.theme.quiet);
  const names = shown.map((side) => side.run.name).join(" and ");
  pen.fillText(`wordspace · ${names} · step ${Math.round(stage.clock.step)}`, 16 * sharp, height + foot / 2);
  return new Promise((done, fail) =>
    paper.toBlob(
      (blob) => (blob ? done(blob) : fail(new Error("This browser cannot make a picture of this size."))),
      "image/png",
    ),
  );
}

export async function save(stage: Stage): Promise<void> {
  const address = URL.createObjectURL(await picture(stage));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${stage.main?.run.name ?? "wordspace"}-step-${Math.round(stage.clock.step)}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
