"""Times the matrix products of training in our crate, the crates `gemm` and `matrixmultiply`, and PyTorch, paired.

    python scripts/peers/gemm.py [PART OF A NAME] [--rounds 15] [--turn-ms 50] [--to benches/record]

Two processes take turns: `scripts/peers/gemm`, which has the three crates, and this one, which has PyTorch, or numpy's OpenBLAS
without PyTorch. Every contender writes into existing memory, except our weight gradients, which are new vectors as in training.
Compared is the ratio within a round: its median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pairing

PEER = Path(__file__).resolve().parent / "gemm"
OURS = "wordspace-gemm"
#: An existing crate within this share of ours on every product is recommended instead of ours.
NEAR = 0.03
#: Before each turn. The threads of a BLAS keep spinning for a while after a product and would take time from the next contender.
PAUSE_SECONDS = 0.1


class Crates:
    """The process of `scripts/peers/gemm`."""

    def __init__(self, threads: int):
        subprocess.run(["cargo", "build", "--release"], cwd=PEER, check=True)
        program = Path(os.environ.get("CARGO_TARGET_DIR", PEER / "target")) / "release" / "gemm-peer"
        environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "MATMUL_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen([program, "turns"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        hello = self.answer()
        self.contenders, self.shapes = hello["contenders"], hello["shapes"]

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("gemm-peer ended: see its message above")
        return json.loads(line)

    def turn(self, shape: dict, contender: str, repetitions: int) -> float:
        request = {"shape": shape["name"], "contender": contender, "repetitions": repetitions}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]


class Blas:
    """PyTorch's products, or numpy's."""

    def __init__(self, threads: int):
        if pairing.torch is not None:
            pairing.torch.set_num_threads(threads)
            self.name = f"PyTorch {pairing.torch.__version__}"
        else:
            import numpy

            self.numpy, self.name = numpy, f"numpy {numpy.__version__}"

    def prepare(self, shape: dict) -> None:
        def of(rows: int, columns: int, is_transposed: bool):
            stored = (columns, rows) if is_transposed else (rows, columns)
            if pairing.torch is not None:
                values = pairing.torch.rand(stored) - 0.5
            else:
                values = self.numpy.random.default_rng(1).random(stored, dtype=self.numpy.float32) - self.numpy.float32(0.5)
            return values.T if is_transposed else values

        m, k, n = shape["m"], shape["k"], shape["n"]
        self.a, self.b = of(m, k, shape["is_a_transposed"]), of(k, n, shape["is_b_transposed"])
        self.c = pairing.torch.empty(m, n) if pairing.torch is not None else self.numpy.empty((m, n), self.numpy.float32)

    def turn(self, repetitions: int) -> float:
        multiply = pairing.torch.mm if pairing.torch is not None else self.numpy.matmul
        start = time.perf_counter()
        for _ in range(repetitions):
            multiply(self.a, self.b, out=self.c)
        return (time.perf_counter() - start) / repetitions


def released(peer: str) -> str:
    """A crate's name with the version that is compared."""
    packages = tomllib.loads((PEER / "Cargo.lock").read_text())["package"]
    return next((f"{peer} {package['version']}" for package in packages if package["name"] == peer), peer)


def measure(shape: dict, crates: Crates, blas: Blas | None, args: argparse.Namespace) -> dict:
    turns = {name: lambda n, name=name: crates.turn(shape, name, n) for name in crates.contenders}
    if blas is not None:
        blas.prepare(shape)
        turns[blas.name] = blas.turn
    repetitions = max(1, int(args.turn_ms / 1000 / min(turns[OURS](2) for _ in range(2))))
    names, seconds = list(turns), {name: [] for name in turns}
    for name in names:
        turns[name](1)
    for nth in range(args.rounds):
        for name in names[nth % len(names):] + names[:nth % len(names)]:
            time.sleep(PAUSE_SECONDS)
            seconds[name].append(turns[name](repetitions))
    return {**shape, "repetitions": repetitions, "seconds": seconds}


def ratio(measured: dict, peer: str) -> float:
    """How many times as long as ours the peer takes."""
    pairs = zip(measured["seconds"][peer], measured["seconds"][OURS], strict=True)
    return statistics.median(theirs / ours for theirs, ours in pairs)


def verdict(measured: list[dict], peer: str) -> str:
    ratios = {one["name"]: ratio(one, peer) for one in measured}
    slowest, fastest = max(ratios, key=ratios.get), min(ratios, key=ratios.get)
    is_near = sum(r <= 1 + NEAR for r in ratios.values())
    mean = statistics.geometric_mean(ratios.values())
    return (f"- **{peer}** takes {mean:.2f} times as long as ours (geometric mean), from {ratios[fastest]:.2f} ({fastest}) to "
            f"{ratios[slowest]:.2f} ({slowest}); on {is_near} of {len(ratios)} products it is within {NEAR:.0%} of ours, or faster.")


def markdown(record: dict) -> str:
    measured, machine, versions = record["shapes"], record["machine"], record["versions"]
    peers = [name for name in measured[0]["seconds"] if name != OURS]
    crates = [peer for peer in peers if peer in ("gemm", "matrixmultiply")]
    enough = [peer for peer in crates if all(ratio(one, peer) <= 1 + NEAR for one in measured)]
    lines = [
        f"# {record['title']}, {record['time'][:10]}", "",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['system']}; {machine['threads']} threads, load "
        f"{machine['load'][0]:.1f} at the start.",
        f"- wordspace at {versions['commit']}, {versions['rustc']}, {', '.join(map(released, peers))}.",
        f"- `{record['command']}`", "",
        *[verdict(measured, peer) for peer in peers],
        f"- Recommendation: {enough[0]} instead of ours." if enough else
        f"- Recommendation: ours stays; no existing crate is within {NEAR:.0%} of it on all products.", "",
        "Ours in milliseconds and GFLOP/s, the others as multiples of our time: medians over rounds in which all take turns.", "",
        "| | M × K × N | ours, ms | GFLOP/s | " + " | ".join(peers) + " |", "|---|---|---|---|" + "---|" * len(peers),
    ]
    for one in measured:
        ours = statistics.median(one["seconds"][OURS])
        rate = one["operations"] / ours / 1e9
        ratios = " | ".join(f"{ratio(one, peer):.2f}" for peer in peers)
        lines.append(f"| {one['name']} | {one['m']} × {one['k']} × {one['n']} | {1e3 * ours:.3f} | {rate:.0f} | {ratios} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="", help="only products whose name contains this")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--turn-ms", type=float, default=50)
    parser.add_argument("--threads", type=int, default=pairing.threads_at_hand())
    parser.add_argument("--without-blas", action="store_true", help="the crates alone, without PyTorch or numpy")
    parser.add_argument("--to", type=Path, help="where the record is written")
    args = parser.parse_args()
    blas = None if args.without_blas else Blas(args.threads)
    record = pairing.new_record("gemm", "Matrix products beside other crates and PyTorch", args.threads)
    del record["workloads"]
    crates, record["shapes"] = Crates(args.threads), []
    for shape in crates.shapes:
        if args.part in shape["name"]:
            record["shapes"].append(measure(shape, crates, blas, args))
            print(f"{shape['name']} is done", file=sys.stderr)
    pairing.write(record, markdown(record), args.to)


if __name__ == "__main__":
    main()
