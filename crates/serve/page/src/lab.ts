// Runs that train in this page: the source of their frames, and what the reader does with them.

import { Trainee, type Recipe } from "./trainee";
import { type Listener, PROJECTIONS, type Run, type Source, type Summary, readPoints, readPositions } from "./source";
import { fromBase64 } from "./vectors";

export interface Lab {
  source: Source;
  /** The runs that are shown: one or two. */
  trainees: Trainee[];
  /** The first of them. Fails where a report is shown, which has no model. */
  first(): Trainee;
  /** Replaces the runs. The runs before stay if one of the new ones cannot be made. */
  begin(recipes: Recipe[]): Promise<void>;
  /** Shows the run in a report instead of them. */
  show(report: Source): Promise<void>;
  /** Is told whenever a run has gone on or its state has changed. */
  on(listener: () => void): void;
}

/** The lab whose parts the page carries, or null if it carries none. */
export function lab(): Lab | null {
  const part = (id: string) => document.getElementById(id)?.textContent;
  const [script, wasm] = [part("worker"), part("wasm")];
  return script && wasm ? create(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), wasm) : null;
}

function create(script: string, wasm: string): Lab {
  const listeners: (() => void)[] = [];
  let readers: Listener[] = [];
  let report: { source: Source; runs: Summary[] } | null = null;
  let module: Promise<WebAssembly.Module> | null = null;
  const lab: Lab = { source: source(), trainees: [], first, begin, show, on: (listener) => listeners.push(listener) };

  function first(): Trainee {
    if (report) throw new Error("A report has no model in it; open or train a run.");
    return lab.trainees[0];
  }

  function changed() {
    const runs = all();
    for (const reader of readers) reader.runs(runs);
    for (const listener of listeners) listener();
  }

  const all = () => report?.runs ?? lab.trainees.map((trainee) => trainee.brief);

  async function begin(recipes: Recipe[]) {
    module ??= compile(wasm);
    const compiled = await module;
    const made = recipes.map((recipe) => new Trainee(recipe, script, compiled, () => lab.trainees.includes(made[0]) && changed()));
    try {
      await Promise.all(made.map((trainee) => trainee.make()));
    } catch (error) {
      for (const trainee of made) trainee.end();
      throw error;
    }
    replace(made, null);
  }

  async function show(source: Source) {
    replace([], { source, runs: await source.runs() });
  }

  function replace(trainees: Trainee[], shown: typeof report) {
    for (const trainee of lab.trainees) trainee.end();
    [lab.trainees, report] = [trainees, shown];
    changed();
  }

  /** The source of a run: the report that is shown, or the worker that trains. */
  function of(id: number): Source {
    if (report) return report.source;
    const found = lab.trainees.find((trainee) => trainee.id === id);
    if (!found) throw new Error("This run was closed.");
    return answers(found);
  }

  function source(): Source {
    return {
      get projections() {
        return report?.source.projections ?? PROJECTIONS;
      },
      runs: async () => all(),
      run: async (id) => of(id).run(id),
      log: async (id) => of(id).log(id),
      points: async (id, step, projection) => of(id).points(id, step, projection),
      neighbours: async (id, step, word) => of(id).neighbours(id, step, word),
      pair: async (id, a, b) => of(id).pair(id, a, b),
      positions: async (id, step) => of(id).positions(id, step),
      sentence: async (id, step, text) => of(id).sentence(id, step, text),
      subscribe: (listener) => {
        readers.push(listener);
        listener.connection(true);
        return () => (readers = readers.filter((other) => other !== listener));
      },
    };
  }

  return lab;
}

/** What the worker of `trainee` answers. */
function answers(trainee: Trainee): Source {
  const bytes = async (method: "points" | "positions", ...given: unknown[]) =>
    (await trainee.ask<Uint8Array<ArrayBuffer>>(method, ...given)).buffer;
  return {
    projections: PROJECTIONS,
    runs: async () => [trainee.brief],
    run: async (id) => ({ ...(await trainee.ask<Run>("description")), id }),
    log: () => trainee.ask("log"),
    points: async (_, step, projection) => readPoints(await bytes("points", step, projection)),
    neighbours: (_, step, word) => trainee.ask("neighbours", step, word),
    pair: (_, a, b) => trainee.ask("pair", a, b),
    positions: async (_, step) => readPositions(await bytes("positions", step)),
    sentence: (_, step, text) => trainee.ask("sentence", step, text),
    subscribe: () => () => {},
  };
}

/** The compiled module, from gzip in base64. */
async function compile(wasm: string): Promise<WebAssembly.Module> {
  const zipped = new Blob([fromBase64(wasm)]).stream().pipeThrough(new DecompressionStream("gzip"));
  // Compiled while it is unpacked.
  const bytes = new Response(zipped, { headers: { "content-type": "application/wasm" } });
  try {
    return await WebAssembly.compileStreaming(bytes);
  } catch (error) {
    throw new Error(`This browser cannot train: it lacks WebAssembly with SIMD (${(error as Error).message}). Use a newer one.`);
  }
}
