#!/usr/bin/env python3
"""Draws the newest records of benches/record as charts in docs/charts.

    python scripts/charts.py

One file a kind of record: how many times faster than the best PyTorch for `training` and `kernels`, and the share of a copy,
or of a large product, that each device reaches for `bench`. A bar is a median, the line across it goes from the least to the
most. Nothing but the standard library is needed.
"""

import json
import math
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH, LEFT, RIGHT, ROW, TOP = 760, 250, 90, 26, 58
# Readable on white and on black.
INK, FAINT, AHEAD, BEHIND, COLOURS = "#7a7f87", "#7a7f8755", "#2a9d6f", "#d0743c", ["#2a9d6f", "#3b82c4", "#a06cc4", "#d0743c"]


class Chart:
    """Horizontal bars on a scale of powers or of equal steps."""

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
        height = self.y + 34
        lines = [f'<path d="M{self.x(t):.1f} {TOP - 6}V{self.y + 4}" stroke="{FAINT}"/>' for t in self.ticks]
        marks = [f'<text x="{self.x(t):.1f}" y="{self.y + 20}" text-anchor="middle" font-size="11">{self.show(t)}</text>' for t in self.ticks]
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" fill="{INK}">',
            f'<text x="12" y="22" font-size="15">{escape(self.title)}</text>',
            f'<text x="12" y="40" font-size="11">{escape(self.below)}</text>', *lines, *marks, *self.parts, "</svg>",
        ]) + "\n"


def newest(kind: str) -> dict | None:
    """What `wordspace bench` wrote has no time of its own, so its day is that of the file's name."""
    paths = (ROOT / "benches" / "record").glob(f"*-{kind}-*.json")
    records = [{"time": path.name[:10]} | json.loads(path.read_text()) for path in paths]
    return max(records, key=lambda record: record["time"], default=None)


def times(value: float) -> str:
    return f"{value:.0f} ×" if value >= 10 else f"{value:.2g} ×"


def milliseconds(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def beside_peers(record: dict) -> str:
    """Of each workload, ours against the best peer, and against the others."""
    rows = [r for w in record["workloads"] for r in w["times_faster"]]
    low, high = min(0.5, *(r["least"] for r in rows)), max(2.0, *(r["most"] for r in rows))
    ticks = [t for t in [0.01, 0.03, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30, 100] if low <= t <= high]
    below = f"{record['machine']['processor']}, {record['machine']['threads']} threads; wordspace {record['versions']['commit']}, PyTorch {record['versions']['torch']}"
    chart = Chart(f"{record['title']}: how many times faster, {record['time'][:10]}", below, low, high, ticks, times, is_log=True)
    for workload in record["workloads"]:
        chart.gap(workload["name"])
        for r in workload["times_faster"]:
            label = f"{r['ours']} ÷ {r['peer']}" if r["ours"] != "wordspace" else f"against {r['peer']}"
            chart.bar(label, r["median"], AHEAD if r["median"] >= 1 else BEHIND, 1.0, r["least"], r["most"])
    return chart.svg()


def of_the_limit(record: dict) -> str:
    """Of each work, the share of what bounds it that each device reaches."""
    machine, devices = record["machine"], list(dict.fromkeys(row["device"] for row in record["results"]))
    share = lambda row: row["fraction_of_matrix_rate"] if row["gigaflops_per_second"] else row["fraction_of_copy"]
    rows = [row for row in record["results"] if row["milliseconds"] and share(row)]
    high = max(1.0, *(share(row) for row in rows))
    product = f", a product {machine['matrix_gigaflops_per_second']:.0f} GFLOP/s" if machine["matrix_gigaflops_per_second"] else ""
    below = f"{machine['processor']}, {machine['threads']} threads; a copy {machine['copy_gigabytes_per_second']:.1f} GB/s{product}"
    ticks = [t for t in [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8] if t <= high]
    percent = lambda value: f"{100 * value:.0f} %"
    chart = Chart(f"Share of a copy, or of a product, {record['time'][:10]}", below, 0, high, ticks, percent, is_log=False)
    before = None
    for row in rows:
        case = (row["work"], row["V"], row["C"], row["N"], row["ids"])
        if case != before:
            ids = f", {row['ids']}" if row["ids"] else ""
            limit = "product" if row["gigaflops_per_second"] else "copy"
            chart.gap(f"{row['work']}: V {row['V']:,}, C {row['C']}, N {row['N']:,}{ids} — of a {limit}")
            before = case
        chart.bar(f"{row['device']}, {milliseconds(row['milliseconds'])}", share(row), COLOURS[devices.index(row["device"]) % 4], 0)
    return chart.svg()


def main() -> None:
    folder = ROOT / "docs" / "charts"
    folder.mkdir(exist_ok=True)
    for kind, draw in [("training", beside_peers), ("kernels", beside_peers), ("bench", of_the_limit)]:
        if record := newest(kind):
            (folder / f"{kind}.svg").write_text(draw(record))
            print(f"docs/charts/{kind}.svg, from the record of {record['time']}")
        else:
            print(f"benches/record has no record of kind {kind}")


if __name__ == "__main__":
    main()
