// The experiments that the page offers, each with what to look for.

import type { Recipe } from "./trainee";

export interface Experiment {
  title: string;
  /** What to look for, in a sentence or two. */
  look: string;
  /** One run, or two that differ in one thing. */
  recipes: Recipe[];
  /** What the page shows meanwhile. */
  view?: { colour?: "frequency"; pins?: [string, string][] };
}

export const TOY: Recipe = { name: "toy", config: {} };

export const EXPERIMENTS: Experiment[] = [
  {
    title: "From random to meaningful",
    look: "All words start at random places. Watch the pair cat · dog: its centred cosine leaves the range of random pairs, and both become neighbours of each other. cat · piano does not.",
    recipes: [TOY],
  },
  {
    title: "Words of like contexts meet",
    look: "dax and blick are invented. dax stands where cat and dog stand, blick where hammer stands. Each joins the words that it is used like: the update of a word depends on what follows it and on what predicts it.",
    recipes: [
      {
        name: "invented words",
        config: { data: { min_count: 1 }, train: { steps: 400 }, watch: { pairs: [["dax", "cat"], ["blick", "hammer"], ["dax", "blick"]] } },
        text: invented(),
      },
    ],
  },
  {
    title: "Order needs positions",
    look: "The same run with and without position vectors. Without them attention sees an unordered bag of words: compare the loss on held-out text in the tab Training.",
    recipes: [
      { name: "with positions", config: { model: { positions: "learned" } } },
      { name: "without positions", config: { model: { positions: "none" } } },
    ],
  },
  {
    title: "A symmetric start never parts",
    look: "On the right all weights start at 0, so all words are one point, and stay one: no gradient reaches a row, because each is multiplied by another weight that is 0. The loss stays at that of guessing. Random starting values break the symmetry.",
    recipes: [
      { name: "random start", config: { train: { steps: 200 } } },
      { name: "equal start", config: { train: { steps: 200 }, model: { init_std: 0 } } },
    ],
  },
  {
    title: "Frequent and rare words",
    look: "Words are coloured by frequency. Frequent words move first, because they are in every batch; rare words follow later and stay less certain.",
    recipes: [{ name: "frequency", config: {} }],
    view: { colour: "frequency" },
  },
  {
    title: "One word with two senses",
    look: "bank is used as a place at a river and as a place for money. A word has one vector, so bank ends up between both groups: the sentence around it has to tell which is meant.",
    recipes: [
      {
        name: "two senses",
        config: { data: { min_count: 1 }, train: { steps: 400 }, watch: { pairs: [["bank", "river"], ["bank", "money"], ["river", "money"]] } },
        text: senses(),
      },
    ],
    view: { pins: [["bank", "shore"], ["bank", "shop"], ["shore", "shop"]] },
  },
];

/** Sentences of random words: a template names the lists that its words are drawn from. */
function sentences(count: number, lists: Record<string, string>, templates: string[]): string {
  let state = 42;
  const draw = <T>(from: T[]): T => {
    // The generator of Numerical Recipes; the high bits are the random ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return from[(state >>> 8) % from.length];
  };
  const one = () =>
    draw(templates)
      .split(" ")
      .map((word) => (word in lists ? draw(lists[word].split(" ")) : word))
      .join(" ");
  return Array.from({ length: count }, () => `${one()} .`).join("\n");
}

function invented(): string {
  const lists = {
    ANIMAL: "cat dog cow horse mouse dax",
    TOOL: "hammer saw drill knife rake blick",
    PERSON: "king queen girl boy farmer",
    MOVE: "ran slept jumped ate played",
    USE: "used dropped repaired lost sold",
    PLACE: "garden field park yard barn",
  };
  return sentences(8000, lists, [
    "the ANIMAL MOVE in the PLACE",
    "the PERSON fed the ANIMAL",
    "the ANIMAL and the ANIMAL MOVE",
    "the PERSON USE the TOOL",
    "the PERSON USE a TOOL in the PLACE",
    "a TOOL and a TOOL lay in the box",
  ]);
}

function senses(): string {
  const lists = {
    SHORE: "bank shore beach bridge",
    SHOP: "bank shop market office",
    WATER: "river lake sea stream",
    WEALTH: "money gold coins cash",
    PERSON: "king queen girl boy farmer",
  };
  return sentences(8000, lists, [
    "the SHORE of the WATER was green",
    "the PERSON swam from the SHORE into the WATER",
    "the WATER rose over the SHORE",
    "the PERSON brought WEALTH to the SHOP",
    "the SHOP gave WEALTH to the PERSON",
    "WEALTH was in the SHOP",
  ]);
}
