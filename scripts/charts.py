#!/usr/bin/env python3
"""Draws the records in benches/record as charts in docs/charts. Needs only the standard library.

    python scripts/charts.py

`processors` shows the newest ratios of every processor. Each of the others draws the newest of the most complete records of
its kind: the speed-up over each peer (`training`, `kernels`, `gpu`), the share of the copy or GEMM speed that each device
reaches (`bench`), time against V, N and C (`scaling`), perplexity against time (`time-to-loss`). Bars and points are medians;
the line across a bar runs from minimum to maximum.
"""

import json
import math
from html import escape
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[1]
WIDTH, LEFT, RIGHT, ROW, TOP = 760, 250, 90, 26, 58
# Readable on white and on black.
INK, FAINT, AHEAD, BEHIND, COLOURS = "#7a7f87", "#7a7f8755", "#2a9d6f", "#d0743c", ["#2a9d6f", "#3b82c4", "#a06cc4", "#d0743c"]


class Chart:
    """Horizontal bars on a logarithmic or a linear scale."""

    def __init__(self, title: str, below: str, low: float, high: float, ticks: list[float], show, is_log: bool):
        self.title, self.below, self.show, self.ticks = title, below, show, ticks
        scale = math.log if is_log else lambda x: x
        across = WIDTH - LEFT - RIGHT
        self.x = lambda value: LEFT + across * (scale(min(max(value, low), high)) - scale(low)) / (scale(high) - scale(low))
        self.parts, self.y = [], TOP

    def text(self, x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> None:
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>')

    def bar(self, label: str, value: float, colour: str, base: float, least: float | None = None, most: float | None = None) -> None:
        middle, at, origin = self.y + ROW / 2, self.x(value), self.x(base)
        self.text(LEFT - 8, middle + 4, label, "end")
        self.parts.append(f'<rect x="{min(at, origin):.1f}" y="{self.y + 5}" width="{abs(at - origin):.1f}" height="{ROW - 10}" fill="{colour}"/>')
        end = at
        if least is not None:
            a, b = self.x(least), self.x(most)
            end = max(at, b)
            self.parts.append(f'<path d="M{a:.1f} {middle}H{b:.1f}" stroke="{INK}" stroke-width="2"/>')
        self.text(max(end, origin) + 6, middle + 4, self.show(value))
        self.y += ROW

    def gap(self, label: str | None = None) -> None:
        self.y += 8
        if label:
            self.text(12, self.y + 14, label, size=13)
            self.y += 20

    def svg(self) -> str:
        lines = [f'<path d="M{self.x(t):.1f} {TOP - 6}V{self.y + 4}" stroke="{FAINT}"/>' for t in self.ticks]
        marks = [f'<text x="{self.x(t):.1f}" y="{self.y + 20}" text-anchor="middle" font-size="11">{self.show(t)}</text>' for t in self.ticks]
        return page(self.title, self.below, self.y + 34, [*lines, *marks, *self.parts])


class Panel:
    """Lines through points in a box, with `marks` on the x axis; an axis is logarithmic if it starts above zero."""

    def __init__(self, left: float, top: float, width: float, height: float, xs: tuple, ys: tuple, marks: list[float], show_x, show_y):
        between = lambda value, low, high: (value - low) / (high - low)
        share = lambda value, ends: between(*map(math.log, (value, *ends))) if ends[0] > 0 else between(value, *ends)
        self.x = lambda value: left + width * share(value, xs)
        self.y = lambda value: top + height * (1 - share(value, ys))
        self.left, self.top, self.width, self.height = left, top, width, height
        self.parts = [f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="{FAINT}"/>']
        for tick in marks:
            self.parts.append(f'<path d="M{self.x(tick):.1f} {top}v{height}" stroke="{FAINT}"/>')
            self.parts.append(f'<text x="{self.x(tick):.1f}" y="{top + height + 14}" text-anchor="middle" font-size="10">{show_x(tick)}</text>')
        for tick in ticks(*ys):
            self.parts.append(f'<path d="M{left} {self.y(tick):.1f}h{width}" stroke="{FAINT}"/>')
            self.parts.append(f'<text x="{left - 5}" y="{self.y(tick) + 4:.1f}" text-anchor="end" font-size="10">{show_y(tick)}</text>')

    def line(self, points: list[tuple[float, float]], colour: str, dashed: bool = False) -> None:
        path = "L".join(f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')


def ticks(low: float, high: float) -> list[float]:
    """Logarithmic: powers of ten, with 2 and 5 between them if there are few, every second one if there are many. Linear: round steps from zero."""
    if low > 0:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        factors, step = (1, 2, 5) if last - first < 4 else (1,), 1 if last - first < 6 else 2
        all_ticks = [factor * 10.0**power for power in range(first, last + 1, step) for factor in factors]
        return [tick for tick in all_ticks if low <= tick <= high]
    step = 10 ** math.floor(math.log10(high))
    step = next(s for s in (step / 5, step / 2, step, 2 * step) if high / s <= 8)
    return [nth * step for nth in range(int(high / step) + 1)]


def legend(left: float, y: float, names: list[tuple[str, str, bool]]) -> list[str]:
    """The legend: each line's name, colour and whether it is dashed."""
    parts = []
    for name, colour, dashed in names:
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        parts.append(f'<path d="M{left} {y - 4}h24" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{left + 30}" y="{y}" font-size="11">{escape(name)}</text>')
        left += 48 + 6.2 * len(name)
    return parts


def page(title: str, below: str, height: float, parts: list[str]) -> str:
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" fill="{INK}">',
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="12" y="40" font-size="11">{escape(below)}</text>', *parts, "</svg>",
    ]) + "\n"


def oldest_first(kind: str) -> list[dict]:
    """`wordspace bench --json` writes no time, so the date of those records is taken from the file name."""
    paths = (ROOT / "benches" / "record").glob(f"*-{kind}-*.json")
    return sorted(({"time": path.name[:10]} | json.loads(path.read_text()) for path in paths), key=lambda record: record["time"])


def fullest_first(kind: str) -> list[dict]:
    """The most complete record first, the newest of those that are equally complete."""
    measured = lambda record: len(record.get("curves", [])) + sum(len(w["contenders"]) for w in record.get("workloads", []))
    return sorted(oldest_first(kind), key=lambda record: (measured(record), record["time"]), reverse=True)


def times(value: float) -> str:
    return f"{value:.0f} ×" if value >= 10 else f"{value:.2g} ×"


def milliseconds(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def short(value: float) -> str:
    return f"{value / 1e6:.3g}M" if value >= 1e6 else f"{value:,g}"


def made_with(record: dict) -> str:
    machine, versions = record["machine"], record["versions"]
    return f"{machine['processor']}, {machine['threads']} threads; wordspace {versions['commit']}, PyTorch {versions['torch']}"


def beside_peers(record: dict) -> str | None:
    """The speed-up over every peer, workload by workload."""
    rows = [r for w in record["workloads"] for r in w["times_faster"]]
    if not rows:
        return None
    low, high = min(0.5, *(r["least"] for r in rows)), max(2.0, *(r["most"] for r in rows))
    ticks = [t for t in [0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 100] if low <= t <= high]
    chart = Chart(f"{record['title']}: speed-up, {record['time'][:10]}", made_with(record), low, high, ticks, times, is_log=True)
    for workload in record["workloads"]:
        chart.gap(workload["name"])
        for r in workload["times_faster"]:
            label = f"{r['ours']} ÷ {r['peer']}" if r["ours"] != "wordspace" else f"against {r['peer']}"
            chart.bar(label, r["median"], AHEAD if r["median"] >= 1 else BEHIND, 1.0, r["least"], r["most"])
    return chart.svg()


def by_processor() -> str:
    """A row per workload, a column per processor: the speed-up over the best PyTorch, and over one thread."""
    titles = {"training": "updates of models", "kernels": "single operations", "scaling": "two threads ÷ one thread"}
    ratios, processors, left, width = {}, {}, 170, 96
    for kind in titles:
        for record in oldest_first(kind):
            processor = record["machine"]["processor"].replace("(R)", "").replace(" Processor", "")
            processors[processor] = record["machine"]["instructions"]
            for work in record["workloads"]:
                against = [r for r in work["times_faster"] if (r["ours"], r["peer"]) == ("wordspace", work["best_peer"])]
                ratios |= {(kind, work["name"], processor): ratio["median"] for ratio in against}
    parts = []
    text = lambda x, y, text, anchor, size: parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>')
    for nth, processor in enumerate(sorted(processors)):
        for line, words in enumerate([*processor.split(", "), processors[processor]]):
            text(left + width * (nth + 0.5), TOP + 2 + 14 * line, words, "middle", 11)
    y, before = TOP + 52, None
    for kind, work in dict.fromkeys((kind, work) for kind, work, _ in ratios):
        if kind != before:
            text(12, y + 20, titles[kind], "start", 13)
            y, before = y + 28, kind
        text(left - 10, y + 17, work, "end", 12)
        for nth, processor in enumerate(sorted(processors)):
            if ratio := ratios.get((kind, work, processor)):
                x, colour, opacity = left + width * nth, AHEAD if ratio >= 1 else BEHIND, min(0.1 + abs(math.log2(ratio)) / 6, 0.4)
                parts.append(f'<rect x="{x + 2}" y="{y + 1}" width="{width - 4}" height="{ROW - 2}" fill="{colour}" fill-opacity="{opacity:.2f}"/>')
                text(x + width / 2, y + 17, f"{ratio:.2f} ×", "middle", 12)
        y += ROW
    return page("Speed-up over the best PyTorch, by processor", "medians of the newest record of each, two threads", y + 12, parts)


def of_the_limit(record: dict) -> str:
    """The share of copy speed, or of GEMM speed, that each device reaches."""
    machine, devices = record["machine"], list(dict.fromkeys(row["device"] for row in record["results"]))
    share = lambda row: row["fraction_of_matrix_rate"] if row["gigaflops_per_second"] else row["fraction_of_copy"]
    rows = [row for row in record["results"] if row["milliseconds"] and share(row)]
    high = max(1.0, *(share(row) for row in rows))
    product = f", GEMM {machine['matrix_gigaflops_per_second']:.0f} GFLOP/s" if machine["matrix_gigaflops_per_second"] else ""
    below = f"{machine['processor']}, {machine['threads']} threads; copy {machine['copy_gigabytes_per_second']:.1f} GB/s{product}"
    ticks = [t for t in [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8] if t <= high]
    percent = lambda value: f"{100 * value:.0f} %"
    chart = Chart(f"Share of copy or GEMM speed, {record['time'][:10]}", below, 0, high, ticks, percent, is_log=False)
    before = None
    for row in rows:
        case = (row["work"], row["V"], row["C"], row["N"], row["ids"])
        if case != before:
            ids = f", {row['ids']}" if row["ids"] else ""
            limit = "GEMM" if row["gigaflops_per_second"] else "copy"
            chart.gap(f"{row['work']}: V {row['V']:,}, C {row['C']}, N {row['N']:,}{ids}: share of {limit} speed")
            before = case
        chart.bar(f"{row['device']}, {milliseconds(row['milliseconds'])}", share(row), COLOURS[devices.index(row["device"]) % 4], 0)
    return chart.svg()


def along_axes(record: dict) -> str | None:
    """A row of panels per operation, a column per axis; the panels of a row share their y axis."""
    if not record["curves"]:
        return None
    operations = list(dict.fromkeys(curve["operation"] for curve in record["curves"]))
    across, down, left, parts = 196, 150, 64, []
    colours = {None: COLOURS[0], "uniform": COLOURS[0], "zipf": COLOURS[1]}
    for row, operation in enumerate(operations):
        lines = [line for curve in record["curves"] if curve["operation"] == operation for line in lines_of(curve)]
        times = [y for *_, points in lines for _, y in points]
        top = TOP + 44 + row * (down + 60)
        parts.append(f'<text x="12" y="{top - 12}" font-size="13">{operation}, ms</text>')
        for column, axis in enumerate("VNC"):
            here = [line for line in lines if line[0] == axis]
            if xs := [x for *_, points in here for x, _ in points]:
                ends, scale = (min(xs), max(xs)), (min(times) / 1.5, max(times) * 1.5)
                marks = sorted(set(xs))[:: 2 if axis == "C" else 3]
                panel = Panel(left + column * (across + 40), top, across, down, ends, scale, marks, short, "{:g}".format)
                for _, ids, dashed, points in here:
                    panel.line(points, colours[ids], dashed)
                parts += [*panel.parts, f'<text x="{panel.left + across}" y="{top - 6}" text-anchor="end" font-size="11">along {axis}</text>']
    names = [("uniform ids, all threads", COLOURS[0], False), ("one thread", COLOURS[0], True),
             ("Zipf ids, all threads", COLOURS[1], False), ("one thread", COLOURS[1], True)]
    height = TOP + 44 + len(operations) * (down + 60)
    return page(f"Time of single operations against V, N and C, {record['time'][:10]}", made_with(record), height, legend(left, TOP + 4, names) + parts)


def lines_of(curve: dict) -> Iterator[tuple]:
    """For each contender with times: the axis, the ids, whether it ran on one thread, and its points."""
    names = [contender["name"] for contender in curve["points"][0]["contenders"]] if curve["points"] else []
    for name in names:
        timed = [(point[curve["axis"]], contender["milliseconds"]) for point in curve["points"]
                 for contender in point["contenders"] if contender["name"] == name and contender["milliseconds"]]
        if timed:
            yield curve["axis"], curve["ids"], name == "one thread", [(size, spread["median"]) for size, spread in timed]


def to_a_loss(record: dict) -> str:
    """Validation perplexity against time."""
    began = lambda racer: racer["losses"][0]["at"]
    lines = [[(loss["at"] - began(racer), math.exp(loss["loss"])) for loss in racer["losses"]] for racer in record["racers"]]
    longest, all_levels = max(line[-1][0] for line in lines), [level for line in lines for _, level in line]
    ends = (min(all_levels) / 1.2, max(all_levels) * 1.2)
    panel = Panel(64, TOP + 24, WIDTH - 64 - 40, 300, (0, longest), ends, ticks(0, longest), lambda s: f"{s:g} s", short)
    for line, colour in zip(lines, COLOURS):
        panel.line(line, colour)
    names = [(racer["name"], colour, False) for racer, colour in zip(record["racers"], COLOURS)]
    title = f"{record['title']}: validation perplexity against time, {record['time'][:10]}"
    return page(title, made_with(record), TOP + 24 + 300 + 34, legend(64, TOP + 10, names) + panel.parts)


CHARTS = [
    ("training", "training", beside_peers), ("kernels", "kernels", beside_peers), ("gpu", "gpu", beside_peers),
    ("bench", "bench", of_the_limit),
    ("scaling", "scaling", along_axes), ("time-to-loss", "time-to-loss", to_a_loss),
]


def main() -> None:
    folder = ROOT / "docs" / "charts"
    folder.mkdir(exist_ok=True)
    (folder / "processors.svg").write_text(by_processor())
    for name, kind, draw in CHARTS:
        for record in fullest_first(kind):
            if chart := draw(record):
                (folder / f"{name}.svg").write_text(chart)
                print(f"docs/charts/{name}.svg: drawn from the record of {record['time']}")
                break
        else:
            print(f"docs/charts/{name}.svg: not drawn, benches/record has no {kind} record")


if __name__ == "__main__":
    main()
