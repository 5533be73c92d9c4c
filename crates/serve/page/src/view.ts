// What the page shows, and the fragment of its address, which can be sent to somebody else.

import { debounced } from "./dom";
import { COLOURINGS, type Colouring } from "./groups";
import { PROJECTIONS, type ProjectionName } from "./source";

export const TABS = ["experiment", "words", "training", "positions", "sentence", "run"] as const;
export type Tab = (typeof TABS)[number];

export interface View {
  run: string | null;
  /** A second run to compare with: its name, or `NAME@STEP` to hold it at one step. */
  compare: string | null;
  /** The step that is shown; null follows the newest. */
  step: number | null;
  word: string | null;
  /** Null means the pairs that the run watches. */
  pins: [string, string][] | null;
  flat: boolean;
  trails: boolean;
  colour: Colouring;
  /** The projection. */
  projection: ProjectionName;
  /** Only the words of this class are drawn. */
  only: string | null;
  /** The number of words that are drawn, the most frequent ones. */
  top: number | null;
  /** The words inside the lasso that was drawn last. Not in the address: they can be very many. */
  selected: string[];
  theme: "light" | "dark" | null;
  tab: Tab;
  /** The camera: yaw, pitch, distance and the point it looks at. */
  eye: number[] | null;
}

const FIRST: View = {
  run: null,
  compare: null,
  step: null,
  word: null,
  pins: null,
  flat: false,
  trails: true,
  colour: "class",
  projection: "pca",
  only: null,
  top: null,
  selected: [],
  theme: null,
  tab: "words",
  eye: null,
};

/** Words may hold any character, so the separators are escaped as well. */
const escape = (word: string) => encodeURIComponent(word).replace(/\./g, "%2E");

export function toFragment(view: View): string {
  const parts: string[] = [];
  const put = (key: string, value: string | null | false) => value && parts.push(`${key}=${value}`);
  put("run", view.run && escape(view.run));
  put("compare", view.compare && escape(view.compare));
  put("step", view.step === null ? null : String(view.step));
  put("word", view.word && escape(view.word));
  put("pins", view.pins && (view.pins.map((pair) => pair.map(escape).join(".")).join(",") || "none"));
  put("view", view.flat && "2d");
  put("trails", !view.trails && "off");
  put("colour", view.colour !== "class" && view.colour);
  put("projection", view.projection !== "pca" && view.projection);
  put("only", view.only && escape(view.only));
  put("top", view.top === null ? null : String(view.top));
  put("theme", view.theme);
  put("tab", view.tab !== "words" && view.tab);
  put("eye", view.eye && view.eye.map((value) => Number(value.toFixed(3))).join(","));
  return parts.join("&");
}

/** Parses an address; what it does not know or cannot parse is ignored. */
export function fromFragment(fragment: string): View {
  const given = new Map(
    fragment
      .replace(/^#/, "")
      .split("&")
      .map((part) => part.split("=", 2) as [string, string]),
  );
  const text = (key: string) => unescape(given.get(key));
  const step = Number(given.get("step"));
  const eye = given.get("eye")?.split(",").map(Number);
  const tab = TABS.find((tab) => tab === given.get("tab"));
  const theme = given.get("theme");
  const projection = PROJECTIONS.find((projection) => projection === given.get("projection")) ?? "pca";
  const top = Number(given.get("top"));
  return {
    run: text("run"),
    compare: text("compare"),
    step: given.has("step") && Number.isFinite(step) ? step : null,
    word: text("word"),
    pins: pins(given.get("pins")),
    flat: given.get("view") === "2d" || projection !== "pca",
    trails: given.get("trails") !== "off",
    colour: COLOURINGS.find((colour) => colour === given.get("colour")) ?? "class",
    projection,
    only: text("only"),
    top: Number.isInteger(top) && top > 0 ? top : null,
    selected: [],
    theme: theme === "light" || theme === "dark" ? theme : null,
    tab: tab ?? "words",
    eye: eye?.length === 6 && eye.every(Number.isFinite) ? eye : null,
  };
}

function pins(given: string | undefined): View["pins"] {
  if (given === undefined) return null;
  const pairs = given.split(",").map((pair) => pair.split(".").map(unescape));
  return pairs.filter((pair): pair is [string, string] => pair.length === 2 && !!pair[0] && !!pair[1]);
}

function unescape(text: string | undefined): string | null {
  try {
    return text ? decodeURIComponent(text) : null;
  } catch {
    return null;
  }
}

type Listener = (view: View, changed: (...keys: (keyof View)[]) => boolean) => void;

/** The view, and the listeners to its changes. */
export class Store {
  view: View = { ...FIRST };
  private listeners: Listener[] = [];
  /** The fragment that the view was last read from or written to. */
  private known = location.hash;
  private readonly write = debounced(300, () => {
    // The reader has just entered another address: its hashchange event is still to come, so do not overwrite it.
    if (location.hash !== this.known) return;
    const fragment = `#${toFragment(this.view)}`;
    if (fragment !== location.hash) history.replaceState(null, "", fragment);
    this.known = location.hash;
  });

  constructor() {
    this.view = fromFragment(location.hash);
    addEventListener("hashchange", () => {
      this.known = location.hash;
      if (location.hash !== `#${toFragment(this.view)}`) this.set(fromFragment(location.hash));
    });
  }

  set(patch: Partial<View>): void {
    const before = this.view;
    this.view = { ...before, ...patch };
    const changed = (...keys: (keyof View)[]) => keys.some((key) => before[key] !== this.view[key]);
    if (!changed(...(Object.keys(patch) as (keyof View)[]))) return;
    for (const listener of this.listeners) listener(this.view, changed);
    this.write();
  }

  /** Tells the listeners that what `key` stands for has changed, as the system's theme does at dusk. */
  tell(key: keyof View): void {
    for (const listener of this.listeners) listener(this.view, (...keys) => keys.includes(key));
  }

  on(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** The address of this view as a link. */
  link(): string {
    return `${location.href.split("#")[0]}#${toFragment(this.view)}`;
  }
}
