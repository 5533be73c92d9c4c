// The render loop: draws when something has changed, and goes on only while something moves.

import { type App, panes } from "./app";

/** A picture that takes longer than this many milliseconds is slow. */
const SLOW_MS = 45;
/** Between two pictures while a run trains in this page, where it has to share two processors with the drawing. */
const SPARING_MS = 30;
/** After so many slow pictures the resolution is lowered. */
const SLOW_PICTURES = 12;

/** Whether the reader's system asks for less motion. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether a run that trains here needs a processor that drawing could take. */
function isShared({ lab }: App): boolean {
  return navigator.hardwareConcurrency <= 2 && !!lab?.trainees.some(({ state }) => state === "training");
}

/** Returns a function that requests a picture. */
export function loop(app: App): () => void {
  const { playback, camera } = app;
  let due = false;
  let last = 0;
  let slow = 0;

  function invalidate() {
    if (due) return;
    due = true;
    requestAnimationFrame(picture);
  }

  function picture(now: number) {
    if (now - last < SPARING_MS && isShared(app)) return void requestAnimationFrame(picture);
    due = false;
    const passed = now - last;
    last = now;
    const moving = move(Math.min(0.1, passed / 1000));
    for (const pane of panes(app)) pane.draw();
    if (!moving) return;
    watchSpeed(passed);
    invalidate();
  }

  /** Advances everything that moves by some seconds; says whether anything still moves. */
  function move(seconds: number): boolean {
    const moved = [
      playback.advance(seconds),
      camera.advance(seconds),
      ...panes(app).map((pane) => pane.scene.tween(seconds)),
    ];
    if (playback.playing && !still.matches) camera.drift(seconds);
    // While words move, the scale of the picture stays.
    else if (!playback.playing) moved.push(camera.comeNearer(still.matches ? 1 : seconds));
    return playback.playing || moved.some(Boolean);
  }

  function watchSpeed(passed: number) {
    slow = passed > SLOW_MS && passed < 1000 ? slow + 1 : Math.max(0, slow - 1);
    if (slow < SLOW_PICTURES) return;
    slow = 0;
    for (const pane of panes(app)) pane.scene.lowerResolution();
  }

  return invalidate;
}
