// A small line chart over steps, with a band behind it, a cursor at the playhead, and clicks that move it.

import { svg } from "./dom";

export interface Line {
  steps: number[];
  values: number[];
  kind: "main" | "soft" | "dots";
}

export interface Content {
  name: string;
  last: number;
  lines: Line[];
  band?: { steps: number[]; low: number[]; high: number[] };
  range: [number, number];
  logarithmic?: boolean;
  ticks: number[];
  tick?: (value: number) => string;
}

const LEFT = 34;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 18;

export class Chart {
  readonly element = svg("svg", { class: "chart", role: "img", "aria-label": "A chart, loading" });
  private readonly cursor = svg("line", { class: "cursor" });
  private content: Content | null = null;
  private step = 0;
  private width = 0;

  constructor(
    private height: number,
    seek: (step: number) => void,
  ) {
    this.element.setAttribute("height", String(height));
    new ResizeObserver(() => this.draw()).observe(this.element);
    const to = (event: PointerEvent) => {
      if (!this.content) return;
      const along = (event.clientX - this.element.getBoundingClientRect().left - LEFT) / (this.width - LEFT - RIGHT);
      seek(Math.min(1, Math.max(0, along)) * this.content.last);
    };
    this.element.addEventListener("pointerdown", to);
    this.element.addEventListener("pointermove", (event) => event.buttons && to(event));
  }

  set(content: Content): void {
    this.content = content;
    this.element.setAttribute("aria-label", content.name);
    this.draw(true);
  }

  at(step: number): void {
    this.step = step;
    if (!this.content) return;
    const x = String(this.x(step).toFixed(1));
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
  }

  private x(step: number): number {
    return LEFT + (step / (this.content!.last || 1)) * (this.width - LEFT - RIGHT);
  }

  private y(value: number): number {
    const { range, logarithmic } = this.content!;
    const [low, high, v] = logarithmic ? [...range, value].map((n) => Math.log(Math.max(1e-9, n))) : [...range, value];
    return TOP + (1 - (v - low) / (high - low || 1)) * (this.height - TOP - BOTTOM);
  }

  private path(steps: number[], values: number[]): string {
    const points = steps.map((step, i) => [this.x(step), this.y(values[i])]);
    const good = points.filter(([, y]) => Number.isFinite(y));
    return good.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  }

  private draw(anew = false): void {
    const width = this.element.clientWidth;
    if (!this.content || !width || (width === this.width && !anew)) return;
    this.width = width;
    const { lines, band, ticks, last, tick } = this.content;
    const parts: SVGElement[] = [];
    for (const value of ticks) {
      const y = this.y(value);
      parts.push(svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
      parts.push(
        svg("text", { class: "tick", x: LEFT - 6, y: y + 3.5, "text-anchor": "end" }, tick?.(value) ?? String(value)),
      );
    }
    if (band) {
      const back = this.path([...band.steps].reverse(), [...band.low].reverse()).replace("M", "L");
      parts.push(svg("path", { class: "band", d: `${this.path(band.steps, band.high)}${back}Z` }));
    }
    for (const { kind, steps, values } of lines) {
      if (kind === "dots") {
        steps.forEach((step, i) =>
          parts.push(svg("circle", { class: "dot", cx: this.x(step), cy: this.y(values[i]), r: 2.5 })),
        );
      } else {
        parts.push(svg("path", { class: `line ${kind}`, d: this.path(steps, values) }));
      }
    }
    const foot = this.height - 4;
    parts.push(svg("text", { class: "tick", x: LEFT, y: foot }, "0"));
    parts.push(svg("text", { class: "tick", x: width - RIGHT, y: foot, "text-anchor": "end" }, `step ${last}`));
    this.cursor.setAttribute("y1", String(TOP - 4));
    this.cursor.setAttribute("y2", String(this.height - BOTTOM));
    this.element.replaceChildren(...parts, this.cursor);
    this.at(this.step);
  }
}
