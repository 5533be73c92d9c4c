// Pointing at words: hovering labels one, a click chooses it. The canvas also steers the camera.

import type { Pane } from "./pane";
import type { App } from "./app";

const CLICK_PIXELS = 5;

export function pointing(pane: Pane, app: App): void {
  const { canvas } = pane.scene;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `${pane.run.words.length} words of ${pane.run.name} as points. Arrow keys rotate, plus and minus zoom, 0 resets the view. Find words with the search field.`,
  );
  app.camera.attach(canvas);
  let pressed = { x: 0, y: 0 };
  let asked = 0;

  const under = (event: PointerEvent, reach: number) => pane.scene.pick(event.offsetX, event.offsetY, reach);

  canvas.addEventListener("pointerdown", (event) => (pressed = { x: event.clientX, y: event.clientY }));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons || event.pointerType === "touch" || asked) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      const word = under(event, 14);
      if (word === pane.hovered) return;
      pane.hovered = word;
      canvas.style.cursor = word === null ? "" : "pointer";
      app.invalidate();
    });
  });
  canvas.addEventListener("pointerleave", () => {
    pane.hovered = null;
    app.invalidate();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK_PIXELS) return;
    const word = under(event, event.pointerType === "touch" ? 28 : 14);
    if (word === null) app.store.set({ word: null });
    else app.store.set({ word: pane.run.words[word], tab: "words" });
  });
}
