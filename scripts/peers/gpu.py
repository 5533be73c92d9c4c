#!/usr/bin/env python3
"""Times our kernels on a GPU beside PyTorch on CUDA, turn about, and says what share of a copy they reach.

    cargo build --release -p wordspace --bench paired                      # the program for wgpu, WGSL shaders
    cargo build --release -p wordspace --bench paired --features vulkan    # the one for vulkan, SPIR-V shaders
    python scripts/peers/gpu.py wgpu=PROGRAM vulkan=PROGRAM --precision highest --to benches/record
    python scripts/peers/gpu.py wgpu=PROGRAM --only step --precision high  # PyTorch's products in TF32
    python scripts/peers/gpu.py wgpu=PROGRAM --dry-run                     # tiny, any GPU or none, nothing is kept

    copy      as many numbers as a lookup gives, read and written once: what all else is a share of
    lookup    2^20 ids, uniform and Zipf, out of a table that no cache holds
    gradient  65,536 Zipf ids forward and back to dense gradients of both tables. Ours sorts ids on the host, once a batch:
              `gradient` has it done before, as a trainer does while the GPU is busy; `gradient-anew` does it in what is timed.
              `gradient-by-burn` is the same in burn's own operations
    update    clipping by the norm and AdamW on 124 million parameters
    step      an update of GPT-2 small, 8 rows of 1,024 tokens, losses over twenty updates equal before time counts
    memory    what burn holds of the GPU after 100, 200, 500, 1,000 and 2,000 updates of a small model

PyTorch's copy, lookup and gradient are memory alone and know no TF32; the step has products, and the record names their
precision on PyTorch's side. Ours are in 32 bits by WGSL; by SPIR-V burn tries out what the GPU has.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import torch

import kernels
import pairing
import training

# Where a result is a sum of many products, another order of additions is farther off; TF32 keeps ten bits.
TOLERANCE = {"highest": 1e-4, "high": 2e-3}
MEMORY_AFTER = [100, 200, 500, 1000, 2000]


def workloads(tiny: bool) -> dict[str, dict]:
    """Sizes by name; `peers` says how PyTorch does it, `bytes` the least that must move."""
    v, c, n = (1000, 32, 2048) if tiny else (1 << 18, 256, 1 << 20)
    rows = {"v": v, "c": c, "t": 64 if tiny else 1024, "n": n, "times": 2 if tiny else 20, "bytes": n * (8 * c + 4)}
    all_of_them = {
        "copy": rows | {"work": "copy", "stream": "same", "peers": ["eager"], "bytes": 8 * n * c},
        "lookup-uniform": rows | {"work": "lookup", "stream": "uniform", "peers": ["eager", "compiled"]},
        "lookup-zipf": rows | {"work": "lookup", "stream": "zipf", "peers": ["eager", "compiled"]},
    }
    v, c, n = (1000, 32, 2048) if tiny else (50257, 768, 1 << 16)
    rows = {"v": v, "c": c, "t": 64 if tiny else 1024, "n": n, "stream": "zipf", "times": 2 if tiny else 20}
    for work in ["gradient", "gradient-anew", "gradient-by-burn"]:
        slow = work == "gradient-by-burn" and not tiny
        all_of_them[work] = rows | {"work": work, "peers": ["eager", "compiled"], "times": 1 if slow else rows["times"]}
        touched = len(set(kernels.draw(v, n, "zipf")))
        # Forward, and as `wordspace bench` counts it back: zeros, what comes back, the rows that are touched.
        all_of_them[work]["bytes"] = n * (8 * c + 4) + 4 * v * c + n * (4 * c + 4) + 8 * touched * c
    count = 100_000 if tiny else 124_439_808
    all_of_them["update"] = {"work": "update", "v": count, "c": 1, "t": 1, "n": 1, "stream": "same", "peers": ["eager", "fused"],
                             "times": 2 if tiny else 10, "bytes": 32 * count}
    return all_of_them


def gpt2(tiny: bool) -> dict:
    return training.workload(500, 32, 1, 2, 16, 2, times=1) if tiny else training.workload(50257, 768, 12, 12, 1024, 8, times=5)


def small() -> dict:
    return training.workload(300, 32, 1, 2, 32, 4, times=1)


def copy(request: dict, kind: str):
    numbers = kernels.values(0, len(request["ids"]), request["c"])
    return lambda: [numbers + 1]


def open_peer(kind: str):
    def open_work(request: dict):
        does = {"copy": copy, "lookup": kernels.lookup, "update": kernels.update}.get(request["work"], kernels.gradient)
        once = does(request, kind)

        def work(times: int) -> list[torch.Tensor]:
            results = []
            for _ in range(times):
                results.clear()
                results = once()
            return results

        return work

    return open_work


def compare(name: str, work: dict, ours: list[tuple[str, list[str]]], args: argparse.Namespace) -> dict:
    work = dict(work)
    times, peers, stream, least = (work.pop(key) for key in ["times", "peers", "stream", "bytes"])
    request = work | {"ids": kernels.draw(work["v"], work["n"], stream)}
    starts = ours + [(f"PyTorch {kind}", [sys.executable, __file__, "serve", kind]) for kind in peers]
    plan = pairing.Plan(times=times, rounds=args.rounds, check=1, tolerance=1e-4)
    sizes = f"V {work['v']:,}, C {work['c']}, N {work['n']:,}, ids {stream}; {times} a turn, {args.rounds} rounds"
    return {"name": name, "shape": sizes, "rows": work["n"], "bytes": least} | pairing.compare(starts, request, plan, args)


def compare_steps(work: dict, ours: list[tuple[str, list[str]]], args: argparse.Namespace) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        request = step_request(work, f"{folder}/step.safetensors")
        peers = [(f"PyTorch {kind}", [sys.executable, training.__file__, "serve", kind]) for kind in training.PEERS]
        plan = pairing.Plan(times=work["times"], rounds=args.rounds, check=20, tolerance=TOLERANCE[args.precision])
        compared = pairing.compare(ours + peers, request, plan, args)
    sizes = ", ".join(f"{key} {size}" for key, size in work["model"].items())
    return {"name": "step", "shape": f"{sizes}; batch {work['batch']}", "tokens": work["batch"] * work["model"]["context"]} | compared


def step_request(work: dict, file: str) -> dict:
    training.draw(work, file)
    return {"work": "training", "file": file, "model": work["model"], "train": training.TRAIN | {"batch": work["batch"]}}


def memory(ours: list[tuple[str, list[str]]], after: list[int], threads: int) -> dict:
    """What each of ours holds of the GPU after so many updates, in MB."""
    held = {}
    with tempfile.TemporaryDirectory() as folder:
        request = step_request(small(), f"{folder}/small.safetensors")
        for name, command in ours:
            contender, done = pairing.Contender(name, command, request, threads), 0
            held[name] = []
            for count in after:
                held[name].append(contender.ask({"times": count - done})["device_mb"])
                done = count
            contender.end()
    return {"updates": after, "device_mb": held}


def shares(record: dict) -> list[str]:
    """What each reached of the fastest copy, where memory is the limit."""
    copies = next((workload for workload in record["workloads"] if workload["name"] == "copy"), None)
    if copies is None:
        return []
    rate = lambda workload, c: workload["bytes"] / c["milliseconds"]["median"] / 1e6
    best = max((rate(copies, c) for c in copies["contenders"] if c["milliseconds"]), default=None)
    if best is None:
        return []
    lines = ["", "## As a share of a copy", "", f"The fastest copy moved {best:,.0f} GB/s. Bytes are the least that must move.", "",
             "| | | GB/s | of a copy |", "|---|---|---|---|"]
    for workload in record["workloads"]:
        for c in workload["contenders"]:
            if c["milliseconds"] and "bytes" in workload:
                reached = rate(workload, c)
                lines.append(f"| {workload['name']} | {c['name']} | {reached:,.1f} | {reached / best:.2f} |")
    return lines


def against_burn(record: dict) -> list[str]:
    """How many times faster the gradient is than in burn's own operations on the same GPU."""
    named = {workload["name"]: workload for workload in record["workloads"]}
    if not {"gradient", "gradient-by-burn"} <= set(named):
        return []
    medians = lambda name: {c["name"]: c["milliseconds"]["median"] for c in named[name]["contenders"] if c["milliseconds"]}
    kernel, stock = medians("gradient"), medians("gradient-by-burn")
    both = [name for name in kernel if name in stock and pairing.is_ours(name)]
    return [""] + [f"The gradient of {name}: {stock[name] / kernel[name]:,.1f} × faster than by burn's own operations." for name in both]


def of_memory(record: dict) -> list[str]:
    if "memory" not in record:
        return []
    lines = ["", "## Memory of the GPU", "", "| updates | " + " | ".join(record["memory"]["device_mb"]) + " |"]
    lines.append("|---" * (1 + len(record["memory"]["device_mb"])) + "|")
    for nth, updates in enumerate(record["memory"]["updates"]):
        lines.append(f"| {updates:,} | " + " | ".join(f"{held[nth]:,.1f} MB" for held in record["memory"]["device_mb"].values()) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", nargs="+", metavar="DEVICE=PROGRAM", help="a built paired bench and what it runs on")
    names = [*workloads(True), "step", "memory"]
    parser.add_argument("--only", default=",".join(names), help="workloads, parted by commas")
    parser.add_argument("--precision", default="highest", choices=["highest", "high"], help="of PyTorch's products; high is TF32")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes, PyTorch on whatever there is; nothing is kept")
    parser.add_argument("--to", type=Path, help="the folder for the record and its table")
    args = parser.parse_args()
    if args.dry_run and args.to:
        parser.error("a dry run is no measurement: it is not kept")
    if not args.dry_run and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA device; --dry-run shows that everything runs")
    if unknown := set(args.only.split(",")) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: expected of {', '.join(names)}")
    args.peer_device = "cuda" if torch.cuda.is_available() else "cpu"
    pairs = [given.split("=", 1) for given in args.ours]
    if any(len(pair) != 2 for pair in pairs):
        parser.error("ours is named as DEVICE=PROGRAM, such as wgpu=target/release/deps/paired-0123")
    ours = [(f"wordspace {device}", [program, "serve", device]) for device, program in pairs]

    title = "Our kernels on a GPU, beside PyTorch" + (" (dry run: tiny sizes, no measurement)" if args.dry_run else "")
    record = pairing.new_record("gpu", title, args.threads, args.peer_device, args.precision)
    wanted = args.only.split(",")
    for name, work in workloads(args.dry_run).items():
        if name in wanted:
            record["workloads"].append(compare(name, work, ours, args))
            print(f"{name} is done", file=sys.stderr)
    if "step" in wanted:
        record["workloads"].append(compare_steps(gpt2(args.dry_run), ours, args))
        print("step is done", file=sys.stderr)
    if "memory" in wanted:
        record["memory"] = memory(ours, MEMORY_AFTER[:2] if args.dry_run else MEMORY_AFTER, args.threads)
    table = pairing.markdown(record) + "\n".join(shares(record) + against_burn(record) + of_memory(record)) + "\n"
    pairing.write(record, table, args.to)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        pairing.serve(open_peer(sys.argv[2]))
    else:
        main()
