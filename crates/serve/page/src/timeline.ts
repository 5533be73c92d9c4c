// The timeline: play, scrub, and follow new frames.

import { at, indexOf } from "./clock";
import { el, icon, svg } from "./dom";
import { type Stage, pinned } from "./stage";
import { whole } from "./words";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4.5 2.5v11M11.5 2.5v11";

export function timeline(host: HTMLElement, stage: Stage): void {
  const { clock } = stage;
  const play = el("button", { class: "round", onclick: toggle });
  const slider = el("input", { type: "range", min: 0, step: "any", "aria-label": "Step", class: "slider" });
  const story = svg("svg", {
    class: "story",
    "aria-hidden": "true",
    preserveAspectRatio: "none",
    viewBox: "0 0 1000 100",
  });
  const ticks = el("div", { class: "ticks", "aria-hidden": "true" });
  const live = el("button", {
    class: "live",
    title: "Show each new frame as it comes",
    onclick: () => clock.seek(clock.last, true),
  });
  host.append(play, el("div", { class: "track" }, story, slider, ticks), live);

  function toggle() {
    if (clock.playing) clock.pause();
    else clock.play();
    stage.invalidate();
  }

  slider.addEventListener("input", () => clock.seek(Number(slider.value)));
  slider.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = {
      ArrowLeft: Math.ceil(clock.position) - 1,
      ArrowDown: Math.ceil(clock.position) - 1,
      ArrowRight: Math.floor(clock.position) + 1,
      ArrowUp: Math.floor(clock.position) + 1,
      PageDown: clock.position - 5,
      PageUp: clock.position + 5,
      Home: 0,
      End: clock.last,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    clock.seek(steps[event.key]);
  });
  addEventListener("keydown", (event) => {
    const busy = (event.target as HTMLElement).closest(
      "button, input:not([type=range]), select, textarea, summary, [role=tab]",
    );
    if (event.key !== " " || busy) return;
    event.preventDefault();
    toggle();
  });

  let shown = { playing: !clock.playing, state: "" };
  function draw() {
    const { main } = stage;
    host.hidden = !main || clock.steps.length < 2;
    slider.max = String(clock.last);
    slider.value = String(clock.position);
    const step = Math.round(clock.step);
    slider.setAttribute("aria-valuetext", `step ${step} of ${main?.summary.steps ?? step}`);
    const along = clock.last ? clock.position / clock.last : 0;
    slider.style.setProperty("--along", String(along));
    const state = main?.summary.state === "training" ? `live ${clock.following}` : `end ${clock.following}`;
    if (shown.playing !== clock.playing) {
      play.replaceChildren(icon(clock.playing ? PAUSE : PLAY));
      play.setAttribute("aria-label", clock.playing ? "Pause" : "Play from here, or from step 0 at the end");
    }
    if (shown.state !== state) {
      const training = state.startsWith("live");
      live.replaceChildren(el("span", { class: "lamp" }), training ? "live" : "newest");
      live.setAttribute("aria-pressed", String(clock.following));
      live.classList.toggle("on", training && clock.following);
    }
    shown = { playing: clock.playing, state };
  }

  /** Labels the first and the last step, and as many between as fit. */
  function label() {
    const { steps, last } = clock;
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
  function drawStory() {
    const first = pinned(stage)[0];
    const [a, b] = first?.map((word) => stage.main?.id(word) ?? -1) ?? [];
    const pair = stage.main?.pairs.get(`${a} ${b}`);
    if (!pair || pair.steps.length < 3) return story.replaceChildren();
    const height = (value: number) => (94 - 88 * Math.max(0, Math.min(1, (value + 0.2) / 1.2))).toFixed(1);
    const points = clock.steps.map((step, i) => {
      return `${((1000 * i) / (clock.last || 1)).toFixed(1)} ${height(at(pair.centred, indexOf(pair.steps, step)))}`;
    });
    story.replaceChildren(
      svg("path", { class: "under", d: `M0 100L${points.join("L")}L1000 100Z` }),
      svg("path", { class: "over", d: `M${points.join("L")}`, "vector-effect": "non-scaling-stroke" }),
    );
  }

  clock.on(draw);
  stage.onNews(() => {
    draw();
    label();
    drawStory();
  });
  document.addEventListener("pair", drawStory);
  stage.store.on((_, changed) => changed("pins") && drawStory());
  new ResizeObserver(label).observe(ticks);
  draw();
}
