// The page: creates its parts and connects them.

import "./page.css";
import { Camera } from "./camera";
import { captions } from "./captions";
import { Clock } from "./clock";
import { head } from "./compare";
import { el, debounced } from "./dom";
import { embedded } from "./embedded";
import { legend } from "./legend";
import { loop } from "./loop";
import { opening } from "./opening";
import { panel } from "./panel";
import { server } from "./server";
import { type News, type Stage, sides } from "./stage";
import { status } from "./status";
import { isDark, theme } from "./theme";
import { timeline } from "./timeline";
import { tools } from "./tools";
import { Store } from "./view";

const byId = (id: string) => document.getElementById(id)!;

function start(): void {
  const listeners: ((what: News) => void)[] = [];
  const news = (what: News) => listeners.forEach((listener) => listener(what));
  const notices = status(byId("stage"));
  const store = new Store();
  const stage: Stage = {
    source: embedded() ?? server(),
    store,
    clock: new Clock(),
    camera: new Camera(),
    runs: [],
    theme: theme(isDark(store.view.theme)),
    main: null,
    other: null,
    invalidate: () => {},
    say: notices.say,
    onNews: (listener) => listeners.push(listener),
  };
  stage.invalidate = loop(stage);
  const clouds = el("div", { class: "clouds" });
  const runs = opening(clouds, stage, notices, news);
  paint(stage);
  look(stage);
  // First of all listeners: the others draw in the new colours.
  store.on((_, changed) => changed("theme") && paint(stage));
  build(stage, clouds);
  follow(stage, runs.open);
  notices.loading();
  stage.source.runs().then(runs.take, (error: Error) => notices.failed(error.message, () => location.reload()));
  stage.source.subscribe({ runs: runs.take, connection: notices.connection });
}

function build(stage: Stage, clouds: HTMLElement): void {
  const toolbar = el("div", { class: "tools", role: "toolbar", "aria-label": "View" });
  byId("stage").prepend(clouds);
  byId("stage").append(toolbar);
  head(byId("head"), stage);
  tools(toolbar, stage);
  legend(byId("stage"), stage);
  captions(byId("stage"), stage);
  timeline(byId("time"), stage);
  panel(byId("panel"), stage);
}

function paint(stage: Stage): void {
  const dark = isDark(stage.store.view.theme);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  stage.theme = theme(dark);
  for (const side of sides(stage)) side.paint();
}

/** Sets the camera from the address. */
function look({ camera, store: { view } }: Stage): void {
  camera.flatten(view.flat);
  if (view.flat) camera.depth = 0;
  if (view.eye) camera.eye = view.eye;
}

/** Reacts to changes of the view, the clock and the camera. */
function follow(stage: Stage, open: () => void): void {
  const { store, clock, camera } = stage;
  store.on((view, changed) => {
    if (changed("run", "compare")) open();
    if (changed("flat")) camera.flatten(view.flat);
    if (changed("eye") && String(view.eye) !== String(camera.eye)) camera.eye = view.eye;
    if (changed("step") && view.step === null && !clock.following) clock.seek(clock.last, true);
    if (changed("step") && view.step !== null && Math.round(clock.step) !== view.step) clock.seekStep(view.step);
    if (changed("colour")) for (const side of sides(stage)) side.dress();
    if (changed("trails")) stage.invalidate();
  });

  // Once nothing moves, the address records the camera and the step.
  const remember = debounced(400, () => {
    if (clock.playing || !stage.main) return;
    const eye = String(camera.eye) === String(store.view.eye) ? store.view.eye : camera.eye;
    store.set({ step: clock.following ? null : Math.round(clock.step), eye });
  });
  camera.changed = () => {
    stage.invalidate();
    remember();
  };
  clock.ready = (index) => sides(stage).every((side) => side.ready(index));
  clock.on((jumped) => {
    for (const side of sides(stage)) side.show(jumped);
    stage.invalidate();
    remember();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (store.view.theme === null) store.tell("theme");
  });
}

try {
  start();
} catch (error) {
  byId("stage").append(
    el("p", { class: "notice", role: "alert" }, `The page could not start: ${(error as Error).message}`),
  );
}
