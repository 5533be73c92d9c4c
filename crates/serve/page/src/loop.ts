// Drawing: a picture when something has changed, one after the other while something moves, none otherwise.

import { type Stage, sides } from "./stage";

/** Above this many milliseconds a picture, fewer pixels are drawn. */
const SLOW_MS = 45;
/** So many slow pictures in a row are not an accident. */
const SLOW_PICTURES = 12;

/** Whether a reader has asked their system for less motion. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Starts nothing yet; what it returns asks for a picture. */
export function loop(stage: Stage): () => void {
  const { clock, camera } = stage;
  let due = false;
  let last = 0;
  let slow = 0;

  function invalidate() {
    if (due) return;
    due = true;
    requestAnimationFrame(picture);
  }

  function picture(now: number) {
    due = false;
    const passed = now - last;
    last = now;
    const moving = move(Math.min(0.1, passed / 1000));
    for (const side of sides(stage)) side.draw();
    if (!moving) return;
    spare(passed);
    invalidate();
  }

  /** Lets everything go on by some seconds; whether it is to go on further. */
  function move(seconds: number): boolean {
    const moved = [clock.tick(seconds), camera.fold(seconds), ...sides(stage).map((side) => side.scene.glide(seconds))];
    if (clock.playing && !still.matches) camera.drift(seconds);
    return clock.playing || moved.some(Boolean);
  }

  function spare(passed: number) {
    slow = passed > SLOW_MS && passed < 1000 ? slow + 1 : Math.max(0, slow - 1);
    if (slow < SLOW_PICTURES) return;
    slow = 0;
    for (const side of sides(stage)) side.scene.coarser();
  }

  return invalidate;
}
