// The Positions tab: the cosine of every two positions as a map, and the positions as a curve.

import { el, debounced } from "./dom";
import type { Positions } from "./source";
import type { App } from "./app";
import { css, diverging, mix } from "./theme";
import { signed } from "./words";

const SIZE = 320;

export function positions(host: HTMLElement, app: App): void {
  let table: Positions | null = null;
  const map = el("canvas", { class: "map", width: SIZE, height: SIZE, tabindex: "0", role: "img" });
  const curve = el("canvas", {
    class: "map",
    width: 2 * SIZE,
    height: SIZE,
    role: "img",
    "aria-label": "The positions as a curve on their first two principal axes",
  });
  const readout = el("output", { class: "facts" });
  const problem = el("p", { class: "hint" });
  const body = el(
    "div",
    {},
    el("h3", {}, "Cosine of two positions"),
    el(
      "p",
      { class: "hint" },
      "Rows and columns are positions in the text; orange is a positive cosine, blue a negative one. A wide diagonal means that neighbouring positions have similar vectors.",
    ),
    map,
    readout,
    el("h3", {}, "The positions as a curve"),
    el(
      "p",
      { class: "hint" },
      "The table on its own first two principal axes, from the first position (dark) to the last.",
    ),
    curve,
  );
  host.append(
    el("h2", { class: "title" }, "Positions"),
    el("p", { class: "hint" }, "To each token's vector the model adds the vector of its position."),
    problem,
    body,
  );
  const at = { row: 0, column: 0 };

  async function fetch() {
    const { main, store } = app;
    if (!main || store.view.tab !== "positions" || !main.steps.length) return;
    try {
      if (main.run.positions === "none") throw new Error("This run was trained without position vectors.");
      table = await app.source.positions(main.run.id, main.frame);
      problem.textContent = "";
    } catch (error) {
      table = null;
      problem.textContent = (error as Error).message;
    }
    body.hidden = !table;
    draw();
  }

  function draw() {
    if (!table) return;
    const { rows, cosines } = table;
    const dark = app.theme.dark;
    const pixels = new ImageData(rows, rows);
    cosines.forEach((value, i) =>
      pixels.data.set([...diverging(value / 127, dark).map((c) => Math.round(c * 255)), 255], 4 * i),
    );
    const small = el("canvas", { width: rows, height: rows });
    small.getContext("2d")!.putImageData(pixels, 0, 0);
    const ctx = map.getContext("2d")!;
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(small, 0, 0, SIZE, SIZE);
    map.setAttribute("aria-label", `Cosines of ${rows} positions; the arrow keys read them cell by cell`);
    drawCurve(table);
    read();
  }

  function drawCurve({ rows, curve: points }: Positions) {
    const ctx = curve.getContext("2d")!;
    const { ink, paper, accent } = app.theme;
    ctx.clearRect(0, 0, 2 * SIZE, SIZE);
    let reach = 1e-9;
    for (let i = 0; i < rows; i++) reach = Math.max(reach, Math.abs(points[3 * i]) / 1.9, Math.abs(points[3 * i + 1]));
    const point = (i: number): [number, number] => [
      SIZE + (points[3 * i] / reach) * SIZE * 0.44,
      SIZE / 2 - (points[3 * i + 1] / reach) * SIZE * 0.42,
    ];
    ctx.lineWidth = 2;
    for (let i = 0; i < rows; i++) {
      const colour = css(mix(ink, mix(accent, paper, 0.2), i / (rows - 1 || 1)));
      const [x, y] = point(i);
      if (i) {
        ctx.strokeStyle = colour;
        ctx.beginPath();
        ctx.moveTo(...point(i - 1));
        ctx.lineTo(x, y);
        ctx.stroke();
      }
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.arc(x, y, 3.2, 0, 7);
      ctx.fill();
    }
    ctx.font = "22px ui-sans-serif, system-ui, sans-serif";
    ctx.fillStyle = css(ink);
    const last = rows - 1;
    for (const i of [0, last]) ctx.fillText(String(i * (table?.stride ?? 1)), point(i)[0] + 8, point(i)[1] - 8);
  }

  function read() {
    if (!table) return;
    const { rows, stride, cosines } = table;
    at.row = Math.min(rows - 1, Math.max(0, at.row));
    at.column = Math.min(rows - 1, Math.max(0, at.column));
    readout.textContent = `positions ${at.row * stride} and ${at.column * stride}: ${signed(cosines[at.row * rows + at.column] / 127)}`;
  }

  map.addEventListener("pointermove", (event) => {
    if (!table) return;
    at.column = Math.floor((event.offsetX / map.clientWidth) * table.rows);
    at.row = Math.floor((event.offsetY / map.clientHeight) * table.rows);
    read();
  });
  map.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") at.column++;
    else if (event.key === "ArrowLeft") at.column--;
    else if (event.key === "ArrowDown") at.row++;
    else if (event.key === "ArrowUp") at.row--;
    else return;
    event.preventDefault();
    read();
  });

  const soon = debounced(120, () => void fetch());
  let frame = -1;
  app.playback.on(() => {
    if (app.playback.frame !== frame) soon();
    frame = app.playback.frame;
  });
  app.onChange((what) => (what === "run" || what === "frames") && soon());
  app.store.on((_, changed) => {
    if (changed("tab")) void fetch();
    if (changed("theme")) draw();
  });
}
