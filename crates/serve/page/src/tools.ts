// The buttons over the cloud, and their keys.

import type { App } from "./app";
import { el, icon } from "./dom";
import { lasso } from "./lasso";
import { save } from "./picture";
import type { ProjectionName } from "./source";
import { isDark } from "./theme";
import { spelled } from "./words";
import { pinned } from "./pins";

const MOON = "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z";
const LINK = "M6.5 9.5l3-3M7 5l1.5-1.5a2.5 2.5 0 0 1 3.5 3.5L10.5 8.5M5.5 7.5L4 9a2.5 2.5 0 0 0 3.5 3.5L9 11";
const CAMERA = "M2.5 5h2.7l1-1.5h3.6l1 1.5h2.7v7.5h-11zM8 6.7a2 2 0 1 0 0 4 2 2 0 1 0 0-4z";
const TRAIL = "M2.5 12.5c3.5 0 2.5-5 5.5-5s2 3 3 3M12.6 4.4a1.1 1.1 0 1 0 .01 0z";

export function tools(host: HTMLElement, app: App): void {
  const { store } = app;
  const projection = el("select", {
    class: "tool wide",
    "aria-label": "Projection",
    title: "Projection",
    onchange: () => {
      const chosen = projection.value as ProjectionName;
      store.set({ projection: chosen, flat: chosen !== "pca" });
    },
  });
  const flat = el("button", { class: "tool wide", onclick: () => store.set({ flat: !store.view.flat }) });
  const trails = el(
    "button",
    {
      class: "tool",
      "aria-label": "Trails of the chosen words",
      title: "Trails of the chosen words",
      onclick: () => store.set({ trails: !store.view.trails }),
    },
    icon(TRAIL),
  );
  const night = el(
    "button",
    { class: "tool", onclick: () => store.set({ theme: isDark(store.view.theme) ? "light" : "dark" }) },
    icon(MOON),
  );
  const link = el(
    "button",
    {
      class: "tool",
      "aria-label": "Copy a link to this view",
      title: "Copy a link to this view",
      onclick: () => void copy(),
    },
    icon(LINK),
  );
  const shot = el(
    "button",
    {
      class: "tool",
      "aria-label": "Save this view as a picture",
      title: "Save this view as a picture (PNG)",
      onclick: () => void save(app).catch((error: Error) => app.toast(error.message)),
    },
    icon(CAMERA),
  );
  host.append(projection, flat, trails, lasso(host.parentElement!, app), night, link, shot);

  async function copy() {
    store.set({
      eye: app.camera.eye,
      step: app.playback.following && !app.playback.playing ? null : Math.round(app.playback.step),
    });
    try {
      await navigator.clipboard.writeText(store.link());
      app.toast("A link to this view was copied.");
    } catch {
      app.toast("The address of this page now links to this view.");
    }
  }

  function drawProjection() {
    const pair = pinned(app)[0];
    const names = { pca: "PCA", pair: pair?.map(spelled).join(" · "), tsne: "t-SNE", umap: "UMAP" };
    const offered = app.source.projections.filter((by) => names[by]);
    projection.hidden = offered.length < 2 || app.main?.summary.state === "projection";
    const { projection: now } = store.view;
    projection.replaceChildren(...offered.map((by) => el("option", { value: by, selected: by === now }, names[by]!)));
  }

  function draw() {
    flat.replaceChildren(store.view.flat ? "2-D" : "3-D");
    flat.setAttribute("aria-label", store.view.flat ? "2-D; switch to 3-D" : "3-D; switch to 2-D");
    flat.title = "2-D or 3-D (keys 2 and 3)";
    trails.setAttribute("aria-pressed", String(store.view.trails));
    const dark = isDark(store.view.theme);
    night.setAttribute("aria-label", dark ? "Switch to light" : "Switch to dark");
    night.title = dark ? "Light" : "Dark";
  }
  store.on((_, changed) => {
    if (changed("flat", "trails", "theme")) draw();
    if (changed("projection", "pins")) drawProjection();
  });
  app.onChange((what) => what === "run" && drawProjection());
  draw();

  addEventListener("keydown", (event) => {
    if (
      (event.target as HTMLElement).closest("input, select, textarea") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    ) {
      if (event.key === "Escape") (event.target as HTMLElement).blur();
      return;
    }
    if (event.key === "2" || event.key === "3") store.set({ flat: event.key === "2" });
    else if (event.key === "Escape") store.set({ word: null, selected: [] });
    else if (event.key === "/") {
      event.preventDefault();
      store.set({ tab: "words" });
      document.querySelector<HTMLInputElement>("#panel-words .search input")?.focus();
    }
  });
}
