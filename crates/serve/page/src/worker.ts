// The worker of the playground: holds one run, trains it, and answers the page between two updates.

import { Playground, initSync } from "../wasm/playground";

/** What the page asks. */
export interface Task {
  id: number;
  method: keyof typeof METHODS;
  given: unknown[];
}

export interface Answer {
  id: number;
  value?: unknown;
  /** A sentence. */
  error?: string;
}

/** How far the run is; `status` and `summary` are JSON. */
export interface News {
  news: { status: string; summary: string; milliseconds: number; complete: boolean; problem: string | null };
}

/** The page hears at most so often that a run has gone on. */
const NEWS_MS = 100;

let run: Playground | null = null;
let training = false;
/** Whether the tasks before the first update have been done. */
let begun = false;
let milliseconds = 0;
let told = 0;

const METHODS = {
  make: (module: WebAssembly.Module, config: string, text?: string) => begin(module, () => new Playground(config, text)),
  open: (module: WebAssembly.Module, zip: Uint8Array) => begin(module, () => Playground.open(zip)),
  train: () => {
    if (training) return;
    training = true;
    void go();
  },
  pause: () => {
    training = false;
  },
  step: () => {
    // Before the first update the run evaluates and measures, which is no step.
    if (!begun) advance(false);
    advance(true);
  },
  description: () => JSON.parse(run!.description()),
  log: () => JSON.parse(run!.log()),
  points: (step: number, view: object) => run!.points(step, JSON.stringify(view)),
  neighbours: (step: number, word: number) => JSON.parse(run!.neighbours(step, word)),
  pair: (a: number, b: number) => JSON.parse(run!.pair(a, b)),
  positions: (step: number) => run!.positions(step),
  sentence: (step: number, text: string) => JSON.parse(run!.sentence(step, text)),
  generate: (prompt: string, tokens: number, temperature: number, seed: number) =>
    run!.generate(prompt, tokens, temperature, seed),
  save: () => run!.save(),
};

function begin(module: WebAssembly.Module, make: () => Playground): void {
  initSync({ module });
  run = make();
  begun = run.has_begun();
  tell(null);
}

/** Trains until paused. Between two updates the page's questions have their turn. */
async function go(): Promise<void> {
  while (training) {
    advance(false);
    await turn();
  }
}

/** Makes one update; the page hears of it at once if `now`. */
function advance(now: boolean): void {
  const began = performance.now();
  let problem: string | null = null;
  try {
    run!.advance(milliseconds / 1000);
  } catch (error) {
    problem = sentence(error);
  }
  begun = true;
  milliseconds += performance.now() - began;
  if (problem || run!.is_complete()) training = false;
  if (now || !training || performance.now() - told > NEWS_MS) tell(problem);
}

function tell(problem: string | null): void {
  told = performance.now();
  const news = {
    status: run!.status(),
    summary: run!.summary(),
    milliseconds,
    complete: run!.is_complete(),
    problem,
  };
  postMessage({ news } satisfies News);
}

const { port1, port2 } = new MessageChannel();

/** Resolves after the messages that have arrived. A timeout would wait for milliseconds. */
function turn(): Promise<void> {
  return new Promise((go) => {
    port1.onmessage = () => go();
    port2.postMessage(null);
  });
}

const sentence = (error: unknown) =>
  error instanceof WebAssembly.RuntimeError
    ? `This is a bug of wordspace, or the page's memory is full (${error.message}). Start again with smaller sizes.`
    : (error as Error).message;

onmessage = ({ data: { id, method, given } }: MessageEvent<Task>) => {
  try {
    const value = (METHODS[method] as (...given: unknown[]) => unknown)(...given);
    const moved = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
    postMessage({ id, value } satisfies Answer, { transfer: moved });
  } catch (error) {
    postMessage({ id, error: sentence(error) } satisfies Answer);
  }
};
