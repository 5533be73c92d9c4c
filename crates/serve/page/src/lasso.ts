// The lasso: selects the words inside an outline, or, by keyboard, the words in view.

import { type App, panes } from "./app";
import { el, icon } from "./dom";
import type { Pane } from "./pane";

const LASSO =
  "M8 2.5c3.3 0 5.5 1.7 5.5 3.9S11.3 10.2 8 10.2 2.5 8.600 2.5 6.400 4.700 2.5 8 2.5zM5 9.600c-1.200 1-1.100 2.400.2 2.600 1 .2 1.300 1 .6 1.800";

/** The button that switches it on. Outlines are drawn over the clouds in `host`. */
export function lasso(host: HTMLElement, app: App): HTMLButtonElement {
  let on = false;
  let drawing: Pane | null = null;
  const button = el(
    "button",
    {
      class: "tool",
      "aria-pressed": "false",
      "aria-label": "Select words with a lasso",
      title: "Select words with a lasso (L)",
      onclick: () => toggle(!on),
    },
    icon(LASSO),
  );

  function toggle(now: boolean) {
    on = now;
    button.setAttribute("aria-pressed", String(on));
    host.classList.toggle("lassoing", on);
    if (!on) return;
    app.main?.scene.canvas.focus();
    app.toast("Draw around words, or press Enter to select the words in view.");
  }

  function select(pane: Pane, ids: number[]) {
    toggle(false);
    pane.lasso = [];
    app.store.set({ selected: ids.map((id) => pane.run.words[id]), word: null, tab: "words" });
    if (!ids.length) app.toast("There is no word inside.");
    app.invalidate();
  }

  const paneOf = (event: Event) => panes(app).find(({ scene }) => scene.canvas === event.target) ?? null;

  // In the capturing phase, before the canvas takes a drag as a rotation.
  host.addEventListener(
    "pointerdown",
    (event) => {
      drawing = on ? paneOf(event) : null;
      if (!drawing) return;
      event.stopPropagation();
      drawing.scene.canvas.setPointerCapture(event.pointerId);
      drawing.lasso = [[event.offsetX, event.offsetY]];
    },
    true,
  );
  host.addEventListener(
    "pointermove",
    (event) => {
      if (!drawing) return;
      event.stopPropagation();
      drawing.lasso.push([event.offsetX, event.offsetY]);
      app.invalidate();
    },
    true,
  );
  host.addEventListener(
    "pointerup",
    (event) => {
      if (!drawing) return;
      event.stopPropagation();
      const [pane, outline] = [drawing, drawing.lasso];
      drawing = null;
      select(
        pane,
        pane.scene.within((x, y) => isInside(outline, x, y)),
      );
    },
    true,
  );
  host.addEventListener("pointercancel", () => {
    if (drawing) drawing.lasso = [];
    drawing = null;
  });
  host.addEventListener("keydown", (event) => {
    const pane = on ? paneOf(event) : null;
    if (pane && event.key === "Enter") select(pane, pane.inView());
    else if (pane && event.key === "Escape") toggle(false);
  });
  addEventListener("keydown", (event) => {
    const typing = (event.target as HTMLElement).closest("input, select, textarea");
    if (event.key === "l" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) toggle(!on);
  });
  return button;
}

/** Whether a point is inside a closed outline: a ray from it crosses the outline an odd number of times. */
function isInside(outline: [number, number][], x: number, y: number): boolean {
  let inside = false;
  outline.forEach(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}
