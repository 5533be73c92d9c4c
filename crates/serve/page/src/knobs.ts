// The settings of a run in the page, and a text of the reader's own.

import type { App } from "./app";
import { el } from "./dom";
import type { Recipe } from "./trainee";
import { whole } from "./words";

/** The largest text, in characters: its tokens and words must fit in the page. */
const MAX_TEXT = 8_000_000;
/** Of a dropped text that is longer, the field shows its beginning: a browser lays out a long field slowly. */
const MAX_SHOWN = 20_000;

interface Knob {
  label: string;
  section: string;
  key: string;
  /** The choices; without them the knob is a number. */
  of?: string[];
  value: string;
}

const KNOBS: Knob[] = [
  { label: "Positions", section: "model", key: "positions", of: ["learned", "sinusoidal", "none"], value: "learned" },
  { label: "Output head", section: "model", key: "tied", of: ["tied", "untied"], value: "tied" },
  { label: "Layers", section: "model", key: "layers", of: ["0", "1", "2", "3", "4"], value: "2" },
  { label: "Channels", section: "model", key: "channels", value: "64" },
  { label: "Heads", section: "model", key: "heads", value: "4" },
  { label: "Learning rate", section: "train", key: "learning_rate", value: "0.003" },
  { label: "Initial spread", section: "model", key: "init_std", value: "0.02" },
  { label: "Seed", section: "run", key: "seed", value: "42" },
  { label: "Steps", section: "train", key: "steps", value: "600" },
  { label: "Tokenizer", section: "data", key: "tokenizer", of: ["word", "char", "bpe:512", "bpe:2000"], value: "word" },
];

export function knobs(host: HTMLElement, app: App, train: (beside: boolean) => void) {
  const fields = KNOBS.map(field);
  const text = el("textarea", {
    rows: "3",
    "aria-label": "A text of your own",
    placeholder: "Paste a text of your own here, or drop a file. Empty: the built-in corpus of simple sentences.",
    spellcheck: "false",
  });
  const size = el("p", { class: "hint", role: "status" });
  /** A text that the field shows the beginning of. */
  let long: string | null = null;
  text.addEventListener("input", () => {
    long = null;
    measure();
  });
  host.append(
    el("h2", { class: "title" }, "Change one thing"),
    el("div", { class: "knobs" }, ...fields.map(({ label }) => label)),
    text,
    size,
    el(
      "div",
      { class: "row" },
      el("button", { class: "segment", onclick: () => train(false) }, "Train with these"),
      el("button", { class: "segment", onclick: () => train(true) }, "Train beside the present run"),
    ),
  );

  function measure() {
    const { length } = long ?? text.value;
    size.textContent = length ? `${whole(length)} characters${long ? ", of which the field shows the beginning" : ""}` : "";
    if (length > MAX_TEXT)
      app.toast(`The text has ${whole(length)} characters; the first ${whole(MAX_TEXT)} will be trained on.`);
  }

  /** The recipe of the settings; its name says what differs from the toy run. */
  function make(): Recipe {
    const config: Recipe["config"] = {};
    const differs: string[] = [];
    KNOBS.forEach((knob, i) => {
      const { value } = fields[i].input;
      if (value === knob.value) return;
      differs.push(`${knob.label.toLowerCase()} ${value}`);
      (config[knob.section] ??= {})[knob.key] = parse(knob, value);
    });
    const whole = long ?? text.value;
    const own = whole.trim() ? whole.slice(0, MAX_TEXT) : undefined;
    if (own) differs.unshift("own text");
    // A run's name has letters, digits, dots, dashes and single spaces.
    const name = differs.join(" ").replace(/[^\p{L}\p{N}. -]+/gu, "-").slice(0, 60).trim() || "toy again";
    return { name, config, text: own };
  }

  const take = (dropped: string) => {
    long = dropped.length > MAX_SHOWN ? dropped : null;
    text.value = dropped.slice(0, MAX_SHOWN);
    measure();
  };
  return { recipe: { make, take } };
}

function field(knob: Knob) {
  const input = knob.of
    ? el("select", {}, ...knob.of.map((value) => el("option", { value, selected: value === knob.value }, value)))
    : el("input", { type: "text", inputmode: "decimal", value: knob.value, size: "6", autocomplete: "off" });
  return { input, label: el("label", {}, el("span", {}, knob.label), input) };
}

/** What the knob's text stands for: a number, `tied` as true or false, or the text itself. */
function parse({ key, of }: Knob, value: string): unknown {
  if (key === "tied") return value === "tied";
  const number = Number(value);
  return (of && Number.isNaN(number)) || value.trim() === "" || Number.isNaN(number) ? value : number;
}
