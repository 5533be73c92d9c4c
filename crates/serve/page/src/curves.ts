// The Training tab: loss, perplexity, and how often neighbours share a class.

import { Chart } from "./chart";
import { at, indexOf } from "./playback";
import { el } from "./dom";
import type { Log } from "./source";
import type { App } from "./app";
import { brief, duration, whole } from "./words";

export function curves(host: HTMLElement, app: App): void {
  let log: Log | null = null;
  /** The log has grown while another tab was shown. */
  let stale = true;
  const seek = (step: number) => app.playback.seekStep(step);
  const block = (title: string, help: string) => {
    const chart = new Chart(132, seek);
    const now = el("span", { class: "now" });
    const element = el(
      "article",
      { class: "curve" },
      el("header", {}, el("h3", {}, title), now),
      el("p", { class: "hint" }, help),
      chart.element,
    );
    return { chart, now, element };
  };
  const loss = block(
    "Loss",
    "Cross-entropy of the next token, in nats: of each step (faint), smoothed, and on held-out text (dots).",
  );
  const perplexity = block(
    "Perplexity",
    "exp(loss) on held-out text: the effective number of tokens that the model chooses between.",
  );
  const purity = block(
    "Neighbour purity",
    "Of each word's ten nearest words, the share that belongs to the same class.",
  );
  const facts = el("p", { class: "facts" });
  const empty = el("p", { class: "hint" }, "Nothing has been logged yet.");
  host.append(el("h2", { class: "title" }, "Training"), facts, empty, loss.element, perplexity.element, purity.element);

  async function fetch() {
    stale = app.store.view.tab !== "training";
    if (!app.main || stale) return;
    try {
      log = await app.source.log(app.main.run.id);
    } catch (error) {
      app.toast((error as Error).message);
    }
    draw();
  }

  function draw() {
    const looks = log?.looks.filter((look) => look.purity !== null) ?? [];
    empty.hidden = !!log?.steps.length;
    empty.textContent =
      app.main?.summary.state === "projection"
        ? "A projection has no training curves."
        : "Nothing has been logged yet.";
    loss.element.hidden = !log?.steps.length;
    perplexity.element.hidden = !log?.evaluations.length;
    purity.element.hidden = !looks.length;
    facts.textContent = [log?.tokens && `${whole(log.tokens)} tokens in ${duration(log.seconds)}.`, log?.problem]
      .filter(Boolean)
      .join(" ");
    if (!log) return;
    const last = Math.max(log.steps.at(-1) ?? 0, log.evaluations.at(-1)?.step ?? 0, 1);
    const most = Math.max(...log.loss.slice(0, 5), ...log.evaluations.map((e) => e.loss), 1);
    const top = Math.ceil(most);
    const evaluated = log.evaluations.map((e) => e.step);
    loss.chart.set({
      name: `Loss by step, from ${brief(log.smoothed[0])} to ${brief(log.smoothed.at(-1) ?? NaN)}`,
      last,
      lines: [
        { steps: log.steps, values: log.loss, kind: "soft" },
        { steps: log.steps, values: log.smoothed, kind: "main" },
        { steps: evaluated, values: log.evaluations.map((e) => e.loss), kind: "dots" },
      ],
      range: [0, top],
      ticks: [0, Math.round(top / 2), top],
    });
    const values = log.evaluations.map((e) => e.perplexity);
    const high = Math.max(10, ...values.filter(Number.isFinite));
    perplexity.chart.set({
      name: `Perplexity by step, from ${brief(values[0])} to ${brief(values.at(-1) ?? NaN)}`,
      last,
      lines: [
        { steps: evaluated, values, kind: "main" },
        { steps: evaluated, values, kind: "dots" },
      ],
      range: [1, high],
      logarithmic: true,
      ticks: [1, 10, 100, 1000, 10000].filter((tick) => tick <= high),
    });
    purity.chart.set({
      name: "Neighbour purity by step, in per cent",
      last,
      lines: [{ steps: looks.map((look) => look.step), values: looks.map((look) => 100 * look.purity!), kind: "main" }],
      range: [0, 100],
      ticks: [0, 50, 100],
      tick: (value) => `${value}%`,
    });
    update();
  }

  function update() {
    if (!log) return;
    const step = app.playback.step;
    const value = (steps: number[], values: number[]) => (steps.length ? at(values, indexOf(steps, step)) : NaN);
    for (const { chart } of [loss, perplexity, purity]) chart.at(step);
    loss.now.textContent = brief(value(log.steps, log.smoothed));
    const before = log.evaluations.filter((e) => e.step <= step).at(-1) ?? log.evaluations[0];
    perplexity.now.textContent = before ? brief(before.perplexity) : "";
    const looks = log.looks.filter((look) => look.purity !== null);
    purity.now.textContent = `${Math.round(
      100 *
        value(
          looks.map((look) => look.step),
          looks.map((look) => look.purity!),
        ),
    )} %`;
  }

  app.onChange((what) => {
    if (what === "run" || what === "log") void fetch();
  });
  app.store.on((_, changed) => changed("tab") && stale && void fetch());
  app.playback.on(update);
}
