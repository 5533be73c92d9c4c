// The page: creates its parts and connects them.

import "./page.css";
import { Camera } from "./camera";
import { captions } from "./captions";
import { Playback } from "./playback";
import { head } from "./compare";
import { el, debounced } from "./dom";
import { watchFreeArea } from "./free";
import { embedded } from "./embedded";
import { type Lab, lab } from "./lab";
import { legend } from "./legend";
import { loop } from "./loop";
import { opening } from "./opening";
import { panel } from "./panel";
import { TOY } from "./recipes";
import { server } from "./server";
import { type Change, type App, panes } from "./app";
import { status } from "./status";
import { isDark, theme } from "./theme";
import { timeline } from "./timeline";
import { tools } from "./tools";
import { Store } from "./view";

const byId = (id: string) => document.getElementById(id)!;

function start(): void {
  const listeners: ((what: Change) => void)[] = [];
  const changed = (what: Change) => listeners.forEach((listener) => listener(what));
  const notices = status(byId("view"));
  const store = new Store();
  const trains = lab();
  const app: App = {
    source: embedded() ?? trains?.source ?? server(),
    lab: trains,
    store,
    playback: new Playback(),
    camera: new Camera(),
    runs: [],
    theme: theme(isDark(store.view.theme)),
    main: null,
    other: null,
    invalidate: () => {},
    toast: notices.toast,
    onChange: (listener) => listeners.push(listener),
  };
  app.invalidate = loop(app);
  const clouds = el("div", { class: "clouds" });
  const runs = opening(clouds, app, notices, changed);
  paint(app);
  look(app);
  // First of all listeners: the others use the new colours and axes.
  store.on((_, changed) => {
    if (changed("theme")) paint(app);
    if (changed("projection", "pins")) for (const pane of panes(app)) pane.reproject();
  });
  build(app, clouds);
  follow(app, runs.open);
  notices.loading();
  const failed = (error: Error) => notices.failed(error.message, () => location.reload());
  app.source.subscribe({ runs: runs.take, connection: notices.connection });
  if (app.lab) begin(app, app.lab).catch(failed);
  else app.source.runs().then(runs.take, failed);
}

/** Makes the toy run; the address `#go` also trains it. */
async function begin({ store }: App, lab: Lab): Promise<void> {
  Object.assign(window, { wordspace: { status: () => report(lab) } });
  const go = location.hash === "#go";
  if (!location.hash.includes("tab=")) store.set({ tab: "experiment" });
  store.set({ run: TOY.name, compare: null, step: null });
  await lab.begin([TOY]);
  if (go) lab.trainees[0].train();
}

/** The state of the first run, for scripts. */
function report({ trainees: [trainee] }: Lab): object {
  if (!trainee) return { state: "idle", step: 0, steps: 0, evaluations: [], pairs: [], milliseconds: 0 };
  const { state, status, milliseconds } = trainee;
  const pairs = status.pairs.map(({ a, b, centred, ranks }) => ({ a, b, centred, ranks }));
  const { step, steps, evaluations } = status;
  return { state, step, steps, evaluations, pairs, milliseconds };
}

function build(app: App, clouds: HTMLElement): void {
  const toolbar = el("div", { class: "tools", role: "toolbar", "aria-label": "View" });
  byId("view").prepend(clouds);
  byId("view").append(toolbar);
  head(byId("head"), app);
  tools(toolbar, app);
  legend(byId("view"), app);
  captions(byId("page"), app);
  const observeAgain = watchFreeArea(() => panes(app).forEach((pane) => pane.measure()));
  app.onChange((what) => what === "run" && observeAgain());
  timeline(byId("time"), app);
  panel(byId("panel"), app);
}

function paint(app: App): void {
  const dark = isDark(app.store.view.theme);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  app.theme = theme(dark);
  for (const pane of panes(app)) pane.paint();
}

/** Sets the camera from the address. */
function look({ camera, store: { view } }: App): void {
  camera.flatten(view.flat);
  if (view.flat) camera.depth = 0;
  if (view.eye) camera.eye = view.eye;
}

/** Reacts to changes of the view, the playhead and the camera. */
function follow(app: App, open: () => void): void {
  const { store, playback, camera } = app;
  store.on((view, changed) => {
    if (changed("run", "compare")) open();
    if (changed("flat")) camera.flatten(view.flat);
    if (changed("eye") && String(view.eye) !== String(camera.eye)) camera.eye = view.eye;
    if (changed("step") && view.step === null && !playback.following) playback.seek(playback.last, true);
    if (changed("step") && view.step !== null && Math.round(playback.step) !== view.step) playback.seekStep(view.step);
    if (changed("colour", "only", "top", "selected")) for (const pane of panes(app)) pane.restyle();
    if (changed("trails")) app.invalidate();
  });

  // Once nothing moves, the address records the camera and the step.
  const remember = debounced(400, () => {
    if (playback.playing || !app.main) return;
    const eye = String(camera.eye) === String(store.view.eye) ? store.view.eye : camera.eye;
    store.set({ step: playback.following ? null : Math.round(playback.step), eye });
  });
  camera.changed = () => {
    app.invalidate();
    remember();
  };
  playback.ready = (index) => panes(app).every((pane) => pane.ready(index));
  playback.on((jumped) => {
    for (const pane of panes(app)) pane.show(jumped);
    app.invalidate();
    remember();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (store.view.theme === null) store.tell("theme");
  });
}

try {
  start();
} catch (error) {
  byId("view").append(
    el("p", { class: "notice", role: "alert" }, `The page could not start: ${(error as Error).message}`),
  );
}
