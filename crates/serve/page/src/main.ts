// The page: opens a run, keeps the picture up to date, and puts the parts together.

import "./page.css";
import { Camera } from "./camera";
import { captions } from "./captions";
import { Clock } from "./clock";
import { comparison, head } from "./compare";
import { el, settled } from "./dom";
import { embedded } from "./embedded";
import { legend } from "./legend";
import { panel } from "./panel";
import { pointing } from "./pointing";
import { server } from "./server";
import { Side } from "./side";
import type { Card } from "./source";
import type { News, Stage } from "./stage";
import { status } from "./status";
import { isDark, theme } from "./theme";
import { timeline } from "./timeline";
import { tools } from "./tools";
import { Store } from "./view";

const place = (id: string) => document.getElementById(id)!;

/** Above this many milliseconds a picture, fewer pixels are drawn. */
const SLOW_MS = 45;

/** So long one sees the noise before it moves. */
const NOISE_MS = 1500;

function start(): void {
  const store = new Store();
  const clock = new Clock();
  const listeners: ((what: News) => void)[] = [];
  const news = (what: News) => listeners.forEach((listener) => listener(what));
  const clouds = el("div", { class: "clouds" });
  const notices = status(place("stage"));
  let due = false;
  const stage: Stage = {
    source: embedded() ?? server(),
    store,
    clock,
    camera: new Camera(() => {
      invalidate();
      remember();
    }),
    cards: [],
    theme: theme(isDark(store.view.theme)),
    main: null,
    other: null,
    invalidate: () => invalidate(),
    say: notices.say,
    onNews: (listener) => listeners.push(listener),
  };
  /** Once things are at rest, the address says where the camera stands and which step is on show. */
  const remember = settled(400, () => {
    if (clock.playing || !stage.main) return;
    const { eye } = stage.camera;
    store.set({ step: clock.following ? null : Math.round(clock.step), eye: String(eye) === String(store.view.eye) ? store.view.eye : eye });
  });
  clock.on(remember);
  const sides = () => [stage.main, stage.other].filter((side) => side !== null);
  stage.camera.flatten(store.view.flat);
  if (store.view.flat) stage.camera.depth = 0;
  if (store.view.eye) stage.camera.eye = store.view.eye;
  paint();
  // Before all others, who draw in the colours that this chooses.
  store.on((_, changed) => changed("theme") && paint());

  const toolbar = el("div", { class: "tools", role: "toolbar", "aria-label": "View" });
  place("stage").prepend(clouds);
  place("stage").append(toolbar);
  head(place("head"), stage);
  tools(toolbar, stage);
  legend(place("stage"), stage);
  captions(place("stage"), stage);
  timeline(place("time"), stage);
  panel(place("panel"), stage);

  // ---- drawing, only when something has changed -------------------------------------------------------------

  let last = 0;
  let slow = 0;
  function invalidate() {
    if (due) return;
    due = true;
    requestAnimationFrame(frame);
  }
  function frame(now: number) {
    due = false;
    const passed = now - last;
    const seconds = Math.min(0.1, passed / 1000);
    last = now;
    const moved = [clock.tick(seconds), stage.camera.fold(seconds), ...sides().map((side) => side.scene.glide(seconds))].some(Boolean);
    if (clock.playing && !still.matches) stage.camera.drift(seconds);
    for (const side of sides()) side.draw();
    if (!moved && !clock.playing) return;
    slow = passed > SLOW_MS && passed < 1000 ? slow + 1 : Math.max(0, slow - 1);
    if (slow > 12) {
      slow = 0;
      sides().forEach((side) => side.scene.coarser());
    }
    invalidate();
  }
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  clock.ready = (index) => sides().every((side) => side.ready(index));
  clock.on((jumped) => {
    for (const side of sides()) side.show(jumped);
    invalidate();
  });

  function paint() {
    const dark = isDark(store.view.theme);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    stage.theme = theme(dark);
    for (const side of sides()) side.paint();
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (store.view.theme === null) store.tell("theme");
  });
  new ResizeObserver(invalidate).observe(clouds);

  // ---- runs -------------------------------------------------------------------------------------------------

  let opening = 0;
  let busy = false;
  /** Opens what the view names: a run, and perhaps another beside it. */
  async function open() {
    const turn = ++opening;
    const { view } = store;
    const named = (name: string) => stage.cards.find((card) => card.name === name);
    const card = (view.run && named(view.run)) || newest(stage.cards);
    if (!card) return notices.empty(stage.cards.length === 0);
    if (view.run && !named(view.run)) stage.say(`There is no run “${view.run}” here; this is ${card.name}.`);
    if (!card.frames.length) return notices.waiting(card.name);
    busy = true;
    try {
      notices.loading();
      const beside = view.compare ? comparison(view.compare) : null;
      const second = beside && named(beside.name);
      if (beside && !second) stage.say(`There is no run “${beside.name}” to compare with.`);
      const made = await Promise.all([side(card, null), second ? side(second, beside.held) : null]);
      if (turn !== opening) return made.forEach((side) => side?.dispose());
      const again = stage.main?.run.name === card.name;
      sides().forEach((side) => side.dispose());
      [stage.main, stage.other] = made;
      clouds.replaceChildren(...sides().map((side) => side.element));
      sides().forEach((side) => pointing(side, stage));
      label();
      begin(again);
    } catch (error) {
      notices.failed((error as Error).message, () => void open());
    } finally {
      busy = false;
    }
  }

  async function side(card: Card, held: number | null): Promise<Side> {
    return new Side(stage, await stage.source.run(card.id), card, held);
  }

  function label() {
    for (const side of stage.other ? sides() : []) {
      const text = side.held === null ? side.run.name : `${side.run.name} at step ${side.held}`;
      side.element.append(el("figcaption", {}, text));
    }
  }

  /** On first opening the run plays from its first frame, so that whoever comes late still sees the words meet. */
  function begin(again: boolean) {
    const { step } = store.view;
    clock.following = step === null;
    clock.playing = false;
    if (!again) clock.position = 0;
    clock.take(steps());
    if (step !== null) clock.seekStep(step);
    else if (still.matches) clock.seek(clock.last);
    else if (!again && clock.last > 0) {
      clock.playing = false;
      const { main } = stage;
      window.setTimeout(() => stage.main === main && clock.position === 0 && clock.play(), NOISE_MS);
    }
    notices.clear();
    document.title = `${stage.main!.run.name} · wordspace`;
    news("run");
    invalidate();
  }

  const steps = () => {
    const moving = sides().filter((side) => side.held === null);
    return [...new Set(moving.flatMap((side) => side.card.frames))].sort((a, b) => a - b);
  };

  function take(cards: Card[]) {
    const listed = (all: Card[]) => all.map((card) => `${card.name} ${card.frames.length > 0}`).join();
    const changes = new Set<News>(listed(cards) === listed(stage.cards) ? [] : ["runs"]);
    stage.cards = cards;
    for (const side of sides()) {
      const card = cards.find((card) => card.id === side.run.id);
      if (!card) continue;
      const before = side.card;
      if (before.axes !== card.axes || before.frames.length !== card.frames.length) changes.add("frames");
      if (before.log !== card.log || before.state !== card.state) changes.add("log");
      side.take(card);
    }
    if (!stage.main) return busy ? undefined : void open();
    if (changes.has("frames")) clock.take(steps());
    changes.forEach(news);
    invalidate();
  }

  store.on((view, changed) => {
    if (changed("run", "compare")) void open();
    if (changed("flat")) stage.camera.flatten(view.flat);
    if (changed("eye") && String(view.eye) !== String(stage.camera.eye)) stage.camera.eye = view.eye;
    if (changed("step") && view.step === null && !clock.following) clock.seek(clock.last, true);
    if (changed("step") && view.step !== null && Math.round(clock.step) !== view.step) clock.seekStep(view.step);
    if (changed("colour")) sides().forEach((side) => side.dress());
    if (changed("trails")) invalidate();
  });

  notices.loading();
  stage.source.runs().then(take, (error: Error) => notices.failed(error.message, () => location.reload()));
  stage.source.subscribe({ cards: take, connection: notices.connection });
}

/** The run that is being trained, else the first of the list. */
function newest(cards: Card[]): Card | undefined {
  return cards.find((card) => card.state === "training") ?? cards.find((card) => card.frames.length) ?? cards[0];
}

try {
  start();
} catch (error) {
  place("stage").append(el("p", { class: "notice", role: "alert" }, `The page could not start: ${(error as Error).message}`));
}
