// Pointing at words: hovering labels one, a click chooses it. The canvas also steers the camera.

import type { Side } from "./side";
import type { Stage } from "./stage";

const CLICK_PIXELS = 5;

export function pointing(side: Side, stage: Stage): void {
  const { canvas } = side.scene;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `${side.run.words.length} words of ${side.run.name} as points. Arrow keys rotate, plus and minus zoom, 0 resets the view. Find words with the search field.`,
  );
  stage.camera.attach(canvas);
  let pressed = { x: 0, y: 0 };
  let asked = 0;

  const under = (event: PointerEvent, reach: number) => side.scene.pick(event.offsetX, event.offsetY, reach);

  canvas.addEventListener("pointerdown", (event) => (pressed = { x: event.clientX, y: event.clientY }));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons || event.pointerType === "touch" || asked) return;
    asked = requestAnimationFrame(() => {
      asked = 0;
      const word = under(event, 14);
      if (word === side.hovered) return;
      side.hovered = word;
      canvas.style.cursor = word === null ? "" : "pointer";
      stage.invalidate();
    });
  });
  canvas.addEventListener("pointerleave", () => {
    side.hovered = null;
    stage.invalidate();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK_PIXELS) return;
    const word = under(event, event.pointerType === "touch" ? 28 : 14);
    if (word === null) stage.store.set({ word: null });
    else stage.store.set({ word: side.run.words[word], tab: "words" });
  });
}
