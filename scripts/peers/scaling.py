#!/usr/bin/env python3
"""Measures how the time of single operations grows with V, N and C, and of updates, on one thread and on all.

    pip install torch numpy safetensors
    python scripts/peers/scaling.py                                    # compiles ours first, then measures all
    python scripts/peers/scaling.py gradient toy                       # one operation, one model
    python scripts/peers/scaling.py gradient --up-to 12 --rounds 2     # quick: V and N up to 2^12
    python scripts/peers/scaling.py --to benches/record

    lookup     rows of a table
    embed      the same, with the row of each position added
    gradient   the same, and backward to the dense gradients of both tables
    rows       the same, with the token gradient in the rows that were read only
    update     clipping by the norm and AdamW on a whole table
    update-rows  the same on the rows that were read only

One of V, N and C grows while the others stay at 65,536, 8,192 and 64. Ids are uniform or Zipf. A point is timed only if its result
agrees with NumPy's, and a model only if its losses on one thread are bit-identical to those on all (`training.py` compares them
with PyTorch's). One thread and all threads take turns, like the contenders of the other comparisons.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from typing import Callable

import numpy as np

import kernels
import models
import pairing
import training

BASE = {"V": 1 << 16, "N": 1 << 13, "C": 64}
AXES = {
    "V": [1 << log for log in range(8, 21, 2)],
    "N": [1 << log for log in range(0, 21, 2)],
    "C": [32, 64, 128, 256, 512, 1024],
}
CONTEXT, STREAMS = 1024, ["uniform", "zipf"]
ONE = "one thread"


@dataclass
class Point:
    """The sizes of a measurement; T is `CONTEXT`, or N if that is less."""

    v: int
    n: int
    c: int
    ids: np.ndarray

    @property
    def t(self) -> int:
        return min(self.n, CONTEXT)

    def wte(self) -> np.ndarray:
        return values(0, self.v, self.c)

    def wpe(self) -> np.ndarray:
        return values(1, self.t, self.c)


def values(first: int, *shape: int) -> np.ndarray:
    return kernels.values(first, *shape).numpy()


def looked_up(p: Point) -> list[np.ndarray]:
    return [p.wte()[p.ids]]


def embedded(p: Point) -> list[np.ndarray]:
    return [(p.wte()[p.ids].reshape(-1, p.t, p.c) + p.wpe()).reshape(p.n, p.c)]


def gradients(p: Point) -> list[np.ndarray]:
    """Every position gets a gradient of ones, so a row's gradient is the count of its id."""
    counts = np.bincount(p.ids, minlength=p.v).astype(np.float32)
    return [np.repeat(counts, p.c), np.full(p.t * p.c, p.n // p.t, np.float32)]


def gradients_of_rows(p: Point) -> list[np.ndarray]:
    """The rows, by id."""
    _, counts = np.unique(p.ids, return_counts=True)
    return [np.repeat(counts.astype(np.float32), p.c), gradients(p)[1]]


def updated(p: Point) -> list[np.ndarray]:
    """The first AdamW update, whose moments are the gradient and its square, in 64 bits."""
    return [updated_by(p.wte().reshape(-1), values(1, p.v * p.c))]


def updated_rows(p: Point) -> list[np.ndarray]:
    read, table = np.unique(p.ids), p.wte().astype(np.float64)
    table[read] = updated_by(table[read], values(1, len(read), p.c))
    return [table]


def updated_by(parameter: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    parameter, gradient = parameter.astype(np.float64), gradient.astype(np.float64)
    gradient *= min(1.0, 1.0 / (np.sqrt(np.sum(gradient**2)) + 1e-6))
    return parameter * (1 - 1e-3 * 0.1) - 1e-3 * gradient / (np.abs(gradient) + 1e-8)


def read_and_written(p: Point) -> int:
    return p.n * (8 * p.c + 4)


def there_and_back(p: Point) -> int:
    return read_and_written(p) + 4 * p.v * p.c + p.n * (4 * p.c + 4) + 8 * read(p) * p.c


def there_and_back_to_rows(p: Point) -> int:
    """Each row is gathered, looked up from the gathered rows, and its gradient written."""
    return read_and_written(p) + p.n * (4 * p.c + 4) + 12 * read(p) * p.c


def read(p: Point) -> int:
    """The number of distinct rows that are read."""
    return len(np.unique(p.ids))


@dataclass
class Operation:
    """An operation that `benches/paired` has by the same name. A new one is a branch there and an entry here."""

    reference: Callable[[Point], list[np.ndarray]]
    #: The least bytes that must move between memory and CPU.
    least_bytes: Callable[[Point], int]
    axes: str = "VNC"
    #: The distributions of ids; (None,) if it touches all rows.
    streams: tuple = ("uniform", "zipf")


OPERATIONS = {
    "lookup": Operation(looked_up, read_and_written),
    "embed": Operation(embedded, read_and_written),
    "gradient": Operation(gradients, there_and_back),
    "rows": Operation(gradients_of_rows, there_and_back_to_rows),
    "update": Operation(updated, lambda p: 28 * p.v * p.c, axes="VC", streams=(None,)),
    "update-rows": Operation(updated_rows, lambda p: 28 * read(p) * p.c),
}


def contenders(ours: dict[str, str]) -> list[tuple[str, list[str]]]:
    starts = pairing.of_ours(ours, "flex")
    _, command = starts[0]
    return [*starts, (ONE, ["env", "RAYON_NUM_THREADS=1", *command])]


def curve(name: str, axis: str, stream: str | None, ours: dict[str, str], args: argparse.Namespace) -> dict:
    """One operation along one axis."""
    points = [measured(name, BASE | {axis: size}, stream, ours, args) for size in AXES[axis]
              if axis == "C" or size <= 1 << args.up_to]
    return {"operation": name, "axis": axis, "ids": stream, "points": points}


def measured(name: str, sizes: dict, stream: str | None, ours: dict[str, str], args: argparse.Namespace) -> dict:
    operation = OPERATIONS[name]
    ids = kernels.draw(sizes["V"], sizes["N"], stream) if stream else []
    point = Point(sizes["V"], sizes["N"], sizes["C"], np.array(ids, dtype=np.int64))
    request = {"work": name, "v": point.v, "c": point.c, "t": point.t, "ids": ids}
    expected = [parts(numbers) for numbers in operation.reference(point)]
    plan = pairing.Plan(times=None, rounds=args.rounds, check=1, tolerance=1e-4)
    compared = pairing.compare(contenders(ours), request, plan, args, expected)
    return sizes | {"bytes": operation.least_bytes(point)} | compared


def parts(numbers: np.ndarray) -> list[float]:
    """The values of a result as `pairing.compared` reports them."""
    numbers = numbers.reshape(-1)
    return np.add.reduceat(numbers, np.arange(0, len(numbers), -(-len(numbers) // 100)), dtype=np.float64).tolist()


def model(name: str, ours: dict[str, str], args: argparse.Namespace) -> dict:
    """An update of one of `training.py`'s models."""
    work = training.WORKLOADS[name]()
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/{name}.safetensors"
        models.draw(work, file)
        request = {"work": "training", "file": file, "model": work["model"], "train": models.TRAIN | {"batch": work["batch"]}}
        plan = pairing.Plan(times=work["times"], rounds=args.rounds, check=args.check, tolerance=0.0)
        compared = pairing.compare(contenders(ours), request, plan, args)
    return {"name": name, "shape": training.shape(work, args)} | compared


def table(record: dict) -> str:
    all_threads = f"{record['machine']['threads']} threads"
    lines = pairing.head(record) + [
        "Milliseconds are medians over rounds in which one thread and all threads take turns; a turn repeats an operation for about",
        "50 ms. A speed-up is the ratio of times within a round (minimum–maximum). GB/s count the least bytes that must move, on",
        "all threads.",
    ]
    if copies := [p["copy_gb_per_second"] for c in record["curves"] for p in c["points"]]:
        median = pairing.statistics.median(copy["median"] for copy in copies)
        lines += ["", f"Copy speed: {median:.1f} GB/s, the median over all curves "
                      f"({min(copy['least'] for copy in copies):.1f}–{max(copy['most'] for copy in copies):.1f})."]
    if record["workloads"]:
        lines += ["", "## Updates of models", "", f"| | one thread, ms | {all_threads}, ms | speed-up | |", "|---|---|---|---|---|"]
        lines += [f"| {w['name']} | {cells(w)} | {w['shape']} |" for w in record["workloads"]]
    for group in groups(record["curves"]):
        first = group[0]
        held = ", ".join(f"{axis} {size:,}" for axis, size in BASE.items() if axis != first["axis"] and (first["ids"] or axis != "N"))
        lines += ["", f"## {first['operation']} along {first['axis']}, {held}", ""]
        streams = [f"{curve['ids'] + ': ' if curve['ids'] else ''}one thread, ms | {all_threads}, ms | speed-up | GB/s" for curve in group]
        lines += [f"| {first['axis']} | " + " | ".join(streams) + " |", "|---" * (1 + 4 * len(group)) + "|"]
        for points in zip(*(curve["points"] for curve in group), strict=True):
            lines.append(f"| {points[0][first['axis']]:,} | " + " | ".join(f"{cells(p)} | {gigabytes(p)}" for p in points) + " |")
    return "\n".join(lines) + "\n"


def groups(curves: list[dict]) -> list[list[dict]]:
    """The curves of one operation along one axis, for all ids."""
    keys = dict.fromkeys((curve["operation"], curve["axis"]) for curve in curves)
    return [[curve for curve in curves if (curve["operation"], curve["axis"]) == key] for key in keys]


def cells(compared: dict) -> str:
    """The times on one thread and on all, and the speed-up."""
    contenders = {contender["name"]: contender for contender in compared["contenders"]}
    one, ours = contenders[ONE], next(c for name, c in contenders.items() if name != ONE)
    shown = [c["failure"] or f"{c['milliseconds']['median']:.4g}" for c in (one, ours)]
    ratio = next(iter(compared["times_faster"]), None)
    return " | ".join([*shown, f"{ratio['median']:.2f} × ({ratio['least']:.2f}–{ratio['most']:.2f})" if ratio else ""])


def gigabytes(point: dict) -> str:
    ours = point["contenders"][0]["milliseconds"]
    return f"{point['bytes'] / ours['median'] / 1e6:.3g}" if ours else ""


def main() -> None:
    names = [*OPERATIONS, *training.WORKLOADS]
    parser = pairing.arguments(__doc__, names, names)
    parser.add_argument("--up-to", type=int, default=20, metavar="LOG", help="V and N grow to 2^LOG")
    parser.add_argument("--check", type=int, default=models.BATCHES, help="number of updates of a model whose losses are compared")
    args = parser.parse_args()
    ours = pairing.programs(args.ours)
    record = pairing.new_record("scaling", "Time against V, N, C and threads", args.threads) | {"curves": []}
    for name in args.workloads:
        if name in OPERATIONS:
            operation = OPERATIONS[name]
            record["curves"] += [curve(name, axis, stream, ours, args) for axis in operation.axes for stream in operation.streams]
        else:
            record["workloads"].append(model(name, ours, args))
        print(f"{name}: done", file=sys.stderr)
    pairing.write(record, table(record), args.to)


if __name__ == "__main__":
    main()
