// The timeline: play, scrub, and follow new frames.

import { at, indexOf } from "./playback";
import { el, icon, svg } from "./dom";
import type { App } from "./app";
import { whole } from "./words";
import { pinned } from "./pins";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4.5 2.5v11M11.5 2.5v11";

export function timeline(host: HTMLElement, app: App): void {
  const { playback } = app;
  const play = el("button", { class: "round", onclick: toggle });
  const slider = el("input", { type: "range", min: 0, step: "any", "aria-label": "Step", class: "slider" });
  const curve = svg("svg", {
    class: "curve-line",
    "aria-hidden": "true",
    preserveAspectRatio: "none",
    viewBox: "0 0 1000 100",
  });
  const ticks = el("div", { class: "ticks", "aria-hidden": "true" });
  const uneven = el("span", { class: "uneven" }, "steps, not to scale");
  const live = el("button", {
    class: "live",
    title: "Show each new frame as it comes",
    onclick: () => playback.seek(playback.last, true),
  });
  host.append(play, el("div", { class: "track" }, curve, uneven, slider, ticks), live);

  function toggle() {
    if (playback.playing) playback.pause();
    else playback.play();
    app.invalidate();
  }

  slider.addEventListener("input", () => playback.seek(Number(slider.value)));
  slider.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = {
      ArrowLeft: Math.ceil(playback.position) - 1,
      ArrowDown: Math.ceil(playback.position) - 1,
      ArrowRight: Math.floor(playback.position) + 1,
      ArrowUp: Math.floor(playback.position) + 1,
      PageDown: playback.position - 5,
      PageUp: playback.position + 5,
      Home: 0,
      End: playback.last,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    playback.seek(steps[event.key]);
  });
  addEventListener("keydown", (event) => {
    const busy = (event.target as HTMLElement).closest(
      "button, input:not([type=range]), select, textarea, summary, [role=tab]",
    );
    if (event.key !== " " || busy) return;
    event.preventDefault();
    toggle();
  });

  let shown = { playing: !playback.playing, state: "" };
  function draw() {
    const { main } = app;
    host.hidden = !main || playback.steps.length < 2;
    slider.max = String(playback.last);
    slider.value = String(playback.position);
    const step = Math.round(playback.step);
    slider.setAttribute("aria-valuetext", `step ${step} of ${main?.summary.steps ?? step}`);
    const along = playback.last ? playback.position / playback.last : 0;
    slider.style.setProperty("--along", String(along));
    const state = main?.summary.state === "training" ? `live ${playback.following}` : `end ${playback.following}`;
    if (shown.playing !== playback.playing) {
      play.replaceChildren(icon(playback.playing ? PAUSE : PLAY));
      play.setAttribute("aria-label", playback.playing ? "Pause" : "Play from here, or from step 0 at the end");
    }
    if (shown.state !== state) {
      const training = state.startsWith("live");
      live.replaceChildren(el("span", { class: "lamp" }), training ? "live" : "newest");
      live.setAttribute("aria-pressed", String(playback.following));
      live.classList.toggle("on", training && playback.following);
    }
    shown = { playing: playback.playing, state };
  }

  /** Labels the first and the last step, and as many between as fit. */
  function label() {
    const { steps, last } = playback;
    uneven.hidden = steps.every((step, i) => i < 2 || step - steps[i - 1] === steps[1] - steps[0]);
    const every = Math.max(1, Math.ceil(last / Math.max(2, Math.floor(ticks.clientWidth / 56))));
    const kept = steps.map((_, i) => i).filter((i) => i === last || (i % every === 0 && last - i >= every));
    ticks.replaceChildren(
      ...kept.map((i) => {
        const tick = el("span", {}, whole(steps[i]));
        tick.style.left = `${(100 * i) / (last || 1)}%`;
        return tick;
      }),
    );
  }

  /** Draws the first pinned pair's centred cosine behind the slider: it shows when the two words meet. */
  function drawCurve() {
    const first = pinned(app)[0];
    const [a, b] = first?.map((word) => app.main?.id(word) ?? -1) ?? [];
    const pair = app.main?.pairs.get(`${a} ${b}`);
    if (!pair || pair.steps.length < 3) return curve.replaceChildren();
    const height = (value: number) => (94 - 88 * Math.max(0, Math.min(1, (value + 0.2) / 1.2))).toFixed(1);
    const points = playback.steps.map((step, i) => {
      return `${((1000 * i) / (playback.last || 1)).toFixed(1)} ${height(at(pair.centred, indexOf(pair.steps, step)))}`;
    });
    curve.replaceChildren(
      svg("path", { class: "under", d: `M0 100L${points.join("L")}L1000 100Z` }),
      svg("path", { class: "over", d: `M${points.join("L")}`, "vector-effect": "non-scaling-stroke" }),
    );
  }

  playback.on(draw);
  app.onChange(() => {
    draw();
    label();
    drawCurve();
  });
  document.addEventListener("pair", drawCurve);
  app.store.on((_, changed) => changed("pins") && drawCurve());
  new ResizeObserver(label).observe(ticks);
  draw();
}
