// A run that trains in a worker of this page, and what the worker reports of it.

import type { Answer, News, Task } from "./worker";
import type { State, Summary } from "./source";

/** What a run is made from. Without a text it is the toy corpus. */
export interface Recipe {
  name: string;
  /** The configuration, section by section; keys that are left out have their defaults. */
  config: Record<string, Record<string, unknown>>;
  text?: string;
  /** The zip file of a run folder: the run goes on from there, and all else here is ignored. */
  zip?: Uint8Array;
}

export interface Status {
  step: number;
  steps: number;
  evaluations: { step: number; loss: number }[];
  pairs: { a: string; b: string; cosine: number; centred: number; ranks: [number, number] }[];
  purity: number | null;
  tokens: number;
  /** Words that cannot be watched, and what was passed over in a zip file. */
  warnings: string[];
}

let made = 0;

export class Trainee {
  readonly id = ++made;
  state: State = "idle";
  /** Why it failed. */
  problem: string | null = null;
  status!: Status;
  milliseconds = 0;
  /** The step at which it was made, above 0 if it was opened from a zip file. */
  first = 0;
  private summary!: Summary;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { take(value: unknown): void; fail(error: Error): void }>();
  private asked = 0;

  /** Call `make` before anything else. */
  constructor(
    readonly recipe: Recipe,
    script: string,
    private readonly module: WebAssembly.Module,
    private readonly changed: () => void,
  ) {
    this.worker = new Worker(script);
    this.worker.onmessage = ({ data }: MessageEvent<Answer | News>) => ("news" in data ? this.hear(data) : this.take(data));
    this.worker.onerror = (event) => this.fail(`This is a bug of wordspace: ${event.message}`);
  }

  async make(): Promise<void> {
    const { text, zip } = this.recipe;
    if (zip) await this.ask("open", this.module, zip);
    else await this.ask("make", this.module, toml(this.recipe), text);
    this.first = this.status.step;
    if (this.status.step > 0 && this.state === "idle") this.state = "paused";
  }

  /** What `wordspace serve` lists of a run. */
  get brief(): Summary {
    return { ...this.summary, id: this.id, state: this.state };
  }

  /** Asks the worker. The answer comes after the update that it is making. */
  ask<T>(method: Task["method"], ...given: unknown[]): Promise<T> {
    const id = ++this.asked;
    return new Promise<T>((take, fail) => {
      this.waiting.set(id, { take: take as (value: unknown) => void, fail });
      this.worker.postMessage({ id, method, given } satisfies Task);
    });
  }

  train(): void {
    if (this.state === "complete" || this.state === "failed") return;
    this.state = "training";
    void this.ask("train");
    this.changed();
  }

  pause(): void {
    if (this.state !== "training") return;
    this.state = "paused";
    void this.ask("pause");
    this.changed();
  }

  step(): void {
    if (this.state !== "idle" && this.state !== "paused") return;
    this.state = "paused";
    void this.ask("step");
  }

  /** Ends the worker, which frees its memory. */
  end(): void {
    this.worker.terminate();
    for (const { fail } of this.waiting.values()) fail(new Error("The run was closed."));
    this.waiting.clear();
  }

  private hear({ news }: News): void {
    this.status = JSON.parse(news.status);
    this.summary = JSON.parse(news.summary);
    this.milliseconds = news.milliseconds;
    if (news.complete) this.state = "complete";
    if (news.problem) this.fail(news.problem);
    this.changed();
  }

  private fail(problem: string): void {
    this.state = "failed";
    this.problem = problem;
    this.changed();
  }

  private take({ id, value, error }: Answer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) waiting?.take(value);
    else waiting?.fail(new Error(error));
  }
}

/** The configuration as TOML. */
function toml({ name, config }: Recipe): string {
  const sections = Object.entries({ ...config, run: { ...config.run, name } });
  return sections
    .map(([section, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      return `[${section}]\n${lines.join("\n")}\n`;
    })
    .join("\n");
}
