#!/usr/bin/env python3
"""Times our GPU kernels and PyTorch on CUDA, paired, and reports the share of the copy speed that they reach.

    cargo bench -p wordspace --bench paired --no-run                       # the program for wgpu, with WGSL shaders
    cargo bench -p wordspace --bench paired --no-run --features vulkan     # the program for vulkan, with SPIR-V shaders
    strip -o wgpu PROGRAM && xz wgpu                                       # smaller, to copy it to another machine

    python scripts/peers/gpu.py wgpu=wgpu.xz vulkan=vulkan.xz --seconds 570 --built "$(git rev-parse --short HEAD)" --to benches/record
    python scripts/peers/gpu.py wgpu=PROGRAM --only step,memory
    python scripts/peers/gpu.py wgpu=PROGRAM --dry-run                     # tiny sizes, with or without a GPU, no record

    copy      reads and writes as many values as a lookup returns: the reference for shares of the copy speed
    lookup    2^20 ids, uniform and Zipf, in a table larger than any cache
    gradient  65,536 Zipf ids, forward and backward to dense gradients of both tables. Ours sorts ids on the host, once per batch:
              before the timed work in `gradient`, as a trainer does while the GPU is busy, within it in `gradient-anew`.
              `gradient-by-burn` is the same in burn's own operations
    linear    a layer of GPT-2 small, forward and backward: three GEMMs, bound by arithmetic
    step      an update of GPT-2 small, 8 sequences of 1,024 tokens, timed only if the losses of twenty updates agree; in
              `step-tf32` PyTorch multiplies in TF32
    memory    the GPU memory that burn holds after 100, 200, 500, 1,000 and 2,000 updates of a small model
    update    clipping by the norm and AdamW on 124 million parameters

One call measures all parts, the most important first, and rewrites the record after each part. A part that fails, or for which no
time is left, is listed in it with the reason. Needed are only the compiled programs, not git or cargo, and PyTorch as this
Python imports it. Without PyTorch ours are compared with each other and timed alone.

Both sides compute in 32 bits, never in bf16. PyTorch's matmul uses 32 bits, in `step-tf32` TF32. Ours uses 32 bits in WGSL, which has
no other type; in SPIR-V burn may choose a faster type of the GPU, which the losses would show.
"""

import argparse
import contextlib
import json
import lzma
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kernels
import models
import pairing
from pairing import torch

# Relative tolerance of losses: 32-bit sums in another order, and TF32 with its ten bits of mantissa.
TOLERANCE = {"highest": 1e-4, "high": 2e-3}
MEMORY_AFTER = [100, 200, 500, 1000, 2000]


def workloads(tiny: bool) -> dict[str, dict]:
    """Workloads by name; `peers` are PyTorch's variants, `bytes` the least that must move."""
    v, c, n = (1000, 32, 2048) if tiny else (1 << 18, 256, 1 << 20)
    rows = {"v": v, "c": c, "t": 64 if tiny else 1024, "n": n, "times": 2 if tiny else 1000, "bytes": n * (8 * c + 4)}
    all_of_them = {
        "copy": rows | {"work": "copy", "stream": "same", "peers": ["eager"], "bytes": 8 * n * c},
        "lookup-uniform": rows | {"work": "lookup", "stream": "uniform", "peers": ["eager", "compiled"]},
        "lookup-zipf": rows | {"work": "lookup", "stream": "zipf", "peers": ["eager", "compiled"]},
    }
    v, c, n = (1000, 32, 2048) if tiny else (50257, 768, 1 << 16)
    rows = {"v": v, "c": c, "t": 64 if tiny else 1024, "n": n, "stream": "zipf", "times": 2 if tiny else 1000}
    for work in ["gradient", "gradient-anew", "gradient-by-burn"]:
        times = {"gradient-anew": 20, "gradient-by-burn": 2}.get(work, rows["times"])
        peers = ["eager", "compiled"] if work == "gradient" else ["eager"]
        all_of_them[work] = rows | {"work": work, "peers": peers, "times": min(times, rows["times"])}
        # Forward, and backward as `wordspace bench` counts it: the output gradient is read, every row of the table written.
        all_of_them[work]["bytes"] = n * (8 * c + 4) + n * (4 * c + 4) + 4 * v * c
    v, c, n = (96, 64, 256) if tiny else (3072, 768, 8192)
    all_of_them["linear"] = {"work": "linear", "v": v, "c": c, "t": n, "n": n, "stream": "same", "peers": ["eager"],
                             "times": 2 if tiny else 20, "operations": 6 * n * c * v}
    count = 100_000 if tiny else 124_439_808
    all_of_them["update"] = {"work": "update", "v": count, "c": 1, "t": 1, "n": 1, "stream": "same", "peers": ["eager", "fused"],
                             "times": 2 if tiny else 10, "bytes": 32 * count}
    return all_of_them


def gpt2(tiny: bool) -> dict:
    return models.workload(500, 32, 1, 2, 16, 2, times=1) if tiny else models.workload(50257, 768, 12, 12, 1024, 8, times=4)


def small() -> dict:
    return models.workload(300, 32, 1, 2, 32, 4, times=1)


def copy(request: dict, kind: str):
    numbers = kernels.values(0, len(request["ids"]), request["c"])
    return lambda: [numbers + 1]


def open_peer(kind: str):
    def open_work(request: dict):
        does = {"copy": copy, "lookup": kernels.lookup, "update": kernels.update, "linear": kernels.linear}.get(request["work"], kernels.gradient)
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
    times, peers, stream = (work.pop(key) for key in ["times", "peers", "stream"])
    least = {key: work.pop(key) for key in ["bytes", "operations"] if key in work}
    request = work | {"ids": kernels.draw(work["v"], work["n"], stream)}
    starts = ours + [(f"PyTorch {kind}", [sys.executable, __file__, "serve", kind]) for kind in peers if torch]
    # A whole turn before timing: burn searches every new sequence of operations for possible fusions.
    plan = pairing.Plan(times=times, rounds=args.rounds, check=times, tolerance=1e-4)
    sizes = f"V {work['v']:,}, C {work['c']}, N {work['n']:,}, ids {stream}; {times} per turn, {args.rounds} rounds"
    return {"name": name, "shape": sizes, "rows": work["n"]} | least | pairing.compare(starts, request, plan, args)


def compare_steps(name: str, work: dict, ours: list[tuple[str, list[str]]], args: argparse.Namespace) -> dict:
    """An update of a model; PyTorch uses TF32 if the name says so."""
    args = argparse.Namespace(**vars(args) | {"precision": "high" if name == "step-tf32" else "highest"})
    training = Path(__file__).with_name("training.py")
    peers = [(f"PyTorch {kind}", [sys.executable, str(training), "serve", kind]) for kind in ["eager", "compiled"] if torch]
    with tempfile.TemporaryDirectory() as folder:
        request = step_request(work, f"{folder}/step.safetensors")
        plan = pairing.Plan(times=work["times"], rounds=args.rounds, check=20, tolerance=TOLERANCE[args.precision])
        compared = pairing.compare(ours + peers, request, plan, args)
    sizes = ", ".join(f"{key} {size}" for key, size in work["model"].items())
    shape = f"{sizes}; batch {work['batch']}; PyTorch's matmul in {'TF32' if args.precision == 'high' else '32 bits'}"
    tokens = work["batch"] * work["model"]["context"]
    return {"name": name, "shape": shape, "tokens": tokens, "operations": models.operations(work)} | compared


def step_request(work: dict, file: str) -> dict:
    models.draw(work, file)
    return {"work": "training", "file": file, "model": work["model"], "train": models.TRAIN | {"batch": work["batch"]}}


def memory(ours: list[tuple[str, list[str]]], after: list[int], record: dict, threads: int) -> dict:
    """The GPU memory that each of ours holds after so many updates, in MB."""
    held = {}
    with tempfile.TemporaryDirectory() as folder:
        request = step_request(small(), f"{folder}/small.safetensors")
        for name, command in ours:
            try:
                held[name] = held_by(pairing.Contender(name, command, request, threads), after)
            except RuntimeError as error:
                record["failures"][f"memory of {name}"] = str(error)
    return {"updates": after, "device_mb": held}


def held_by(contender: pairing.Contender, after: list[int]) -> list[float]:
    with contextlib.ExitStack() as ends:
        ends.callback(contender.end)
        contender.get_ready()
        # Always the same number of updates: the losses of a turn are kept until its end.
        held = [contender.ask({"times": after[0]})["device_mb"] for _ in range(after[-1] // after[0])]
        return [held[updates // after[0] - 1] for updates in after]


def shares(record: dict) -> list[str]:
    """The share of the fastest copy that each contender reaches."""
    copies = next((workload for workload in record["workloads"] if workload["name"] == "copy"), None)
    if copies is None:
        return []
    rate = lambda workload, c: workload["bytes"] / c["milliseconds"]["median"] / 1e6
    best = max((rate(copies, c) for c in copies["contenders"] if c["milliseconds"]), default=None)
    if best is None:
        return []
    lines = ["", "## Share of the copy speed", "", f"The fastest copy moved {best:,.0f} GB/s. Bytes are the least that must move.", "",
             "| | | GB/s | share |", "|---|---|---|---|"]
    for workload in record["workloads"]:
        for c in workload["contenders"]:
            if c["milliseconds"] and "bytes" in workload:
                reached = rate(workload, c)
                lines.append(f"| {workload['name']} | {c['name']} | {reached:,.1f} | {reached / best:.2f} |")
    return lines


def rates(record: dict) -> list[str]:
    """FLOP/s, where arithmetic is the limit."""
    lines = [f"- {workload['name']}, {c['name']}: {workload['operations'] / c['milliseconds']['median'] / 1e9:,.1f} TFLOP/s"
             for workload in record["workloads"] for c in workload["contenders"] if c["milliseconds"] and "operations" in workload]
    return ["", "## Matmul", "", *lines] if lines else []


def targets(record: dict) -> list[str]:
    """The targets and the results."""
    named = {workload["name"]: workload for workload in record["workloads"]}

    def median(name: str, contender: str) -> float | None:
        found = next((c for c in named.get(name, {"contenders": []})["contenders"] if c["name"] == contender), None)
        return found["milliseconds"]["median"] if found and found["milliseconds"] else None

    def rate(name: str, contender: str) -> float | None:
        taken = median(name, contender)
        return named[name]["bytes"] / taken if taken else None

    def ratio(above: float | None, below: float | None) -> str:
        return f"{above / below:.2f}" if above and below else "not measured"

    contenders = [c["name"] for c in named.get("copy", {"contenders": []})["contenders"]]
    copy = max((rate("copy", name) or 0.0 for name in contenders), default=0.0)
    ours = sorted({c["name"] for workload in record["workloads"] for c in workload["contenders"] if pairing.is_ours(c["name"])})
    rows = []
    for name in ours:
        for lookup in ["lookup-uniform", "lookup-zipf"]:
            rows.append((f"{name}: {lookup}, share of the copy speed", "≥ 0.85", ratio(rate(lookup, name), copy)))
            rows.append((f"{name}: {lookup}, speed-up over torch.compile", "≥ 1.0",
                         ratio(median(lookup, "PyTorch compiled"), median(lookup, name))))
        rows.append((f"{name}: gradient, share of the copy speed", "≥ 0.60", ratio(rate("gradient", name), copy)))
        rows.append((f"{name}: gradient, speed-up over burn's own operations", "≥ 100",
                     ratio(median("gradient-by-burn", name), median("gradient", name))))
        for step, bits in [("step", "32 bits"), ("step-tf32", "PyTorch's matmul in TF32")]:
            rows.append((f"{name}: step of GPT-2 small, speed-up over torch.compile, {bits}", "≥ 0.5" if step == "step" else "",
                         ratio(median(step, "PyTorch compiled"), median(step, name))))
        held = record.get("memory", {"device_mb": {}})["device_mb"].get(name)
        growth = f"{held[-1] - held[0]:,.1f} MB" if held else "not measured"
        rows.append((f"{name}: memory growth from the first to the last reading", "0", growth))
    for lookup in ["lookup-uniform", "lookup-zipf"]:
        rows.append((f"{lookup}: time by WGSL over time by SPIR-V", "≤ 1.25",
                     ratio(median(lookup, "wordspace wgpu"), median(lookup, "wordspace vulkan"))))
    table = [f"| {what} | {target} | {result} |" for what, target, result in rows]
    return ["", "## Targets", "", "| | target | result |", "|---|---|---|", *table]


def of_memory(record: dict) -> list[str]:
    if "memory" not in record:
        return []
    lines = ["", "## GPU memory", "", "| updates | " + " | ".join(record["memory"]["device_mb"]) + " |"]
    lines.append("|---" * (1 + len(record["memory"]["device_mb"])) + "|")
    for nth, updates in enumerate(record["memory"]["updates"]):
        lines.append(f"| {updates:,} | " + " | ".join(f"{held[nth]:,.1f} MB" for held in record["memory"]["device_mb"].values()) + " |")
    return lines


def parts(dry: bool) -> list[str]:
    """The names of all parts, the most important first."""
    late = ["linear", "gradient-anew", "update"]
    return ["step", *[name for name in workloads(dry) if name not in late], "memory", *late, "step-tf32"]


def unpacked(program: str, folder: str) -> str:
    """The path of the program, unpacked if it is an `.xz`."""
    if not program.endswith(".xz"):
        return program
    there = Path(folder) / Path(program).stem
    there.write_bytes(lzma.open(program).read())
    there.chmod(0o755)
    return str(there)


def gpu() -> str | None:
    """The GPU and its driver, from nvidia-smi."""
    with contextlib.suppress(FileNotFoundError):
        asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True).stdout.strip()


def text(record: dict) -> str:
    ready = {c["name"]: c["ready"] for workload in record["workloads"] for c in workload["contenders"] if c["ready"]}
    runs_on = ["", f"GPU: {record['gpu'] or 'no NVIDIA driver'}; CUDA of PyTorch: {record['cuda']}."]
    runs_on += [f"- {name}: {what}" for name, what in ready.items()]
    failed = ["", "## Failures", "", *[f"- {name}: {why}" for name, why in record["failures"].items()]] if record["failures"] else []
    return pairing.markdown(record) + "\n".join(runs_on + failed + targets(record) + shares(record) + rates(record) + of_memory(record)) + "\n"


def keep(record: dict, stem: Path | None) -> None:
    """Rewrites the record and its table."""
    if stem is not None:
        Path(f"{stem}.json").write_text(json.dumps(record) + "\n")
        Path(f"{stem}.md").write_text(text(record))


def measure(name: str, record: dict, ours: list[tuple[str, list[str]]], args: argparse.Namespace) -> None:
    if name == "memory":
        record["memory"] = memory(ours, MEMORY_AFTER[:2] if args.dry_run else MEMORY_AFTER, record, args.threads)
    elif name.startswith("step"):
        record["workloads"].append(compare_steps(name, gpt2(args.dry_run), ours, args))
    else:
        record["workloads"].append(compare(name, workloads(args.dry_run)[name], ours, args))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", nargs="+", metavar="DEVICE=PROGRAM", help="a device and a compiled `paired` bench for it, plain or .xz")
    names = parts(True)
    parser.add_argument("--only", default=",".join(names), help="parts, comma-separated")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3600, help="the deadline for starting parts and for answers")
    parser.add_argument("--threads", type=int, default=pairing.threads_at_hand())
    parser.add_argument("--built", metavar="COMMIT", help="the commit that the programs were compiled from, for machines without git")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes on any device, no record")
    parser.add_argument("--to", type=Path, help="the folder to write the record and its table to")
    args = parser.parse_args()
    if args.dry_run and args.to:
        parser.error("--dry-run measures nothing: drop it, or drop --to")
    if torch and not args.dry_run and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA device; use one, or --dry-run to test the script")
    if unknown := set(args.only.split(",")) - set(names):
        parser.error(f"{', '.join(sorted(unknown))}: expected one of {', '.join(names)}")
    pairs = [given.split("=", 1) for given in args.ours]
    if any(len(pair) != 2 for pair in pairs):
        parser.error("expected DEVICE=PROGRAM, such as wgpu=target/release/deps/paired-0123")
    with tempfile.TemporaryDirectory() as folder:
        ours = [(f"wordspace {device}", [unpacked(program, folder), "serve", device]) for device, program in pairs]
        measure_all(ours, args)


def measure_all(ours: list[tuple[str, list[str]]], args: argparse.Namespace) -> None:
    began = time.monotonic()
    pairing.UNTIL = began + args.seconds
    args.peer_device, args.precision = "cuda" if torch and torch.cuda.is_available() else "cpu", "highest"
    title = "Our GPU kernels, compared with PyTorch" + (" (dry run: tiny sizes, no measurement)" if args.dry_run else "")
    record = pairing.new_record("gpu", title, args.threads, args.peer_device, args.precision)
    record |= {"gpu": gpu(), "cuda": torch.version.cuda if torch else None, "failures": {}}
    if args.built:
        record["versions"]["commit"] = args.built
    stem = None
    if args.to:
        args.to.mkdir(parents=True, exist_ok=True)
        stem = args.to / f"{record['time'][:10]}-gpu-{record['versions']['commit'].replace(' ', '-') or 'unknown'}"
        if Path(f"{stem}.json").exists():
            raise SystemExit(f"{stem}.json exists; give --to another folder than {args.to}")
    for name in parts(args.dry_run):
        left = args.seconds - (time.monotonic() - began)
        if name not in args.only.split(","):
            continue
        try:
            if left <= 0:
                raise TimeoutError("no time was left")
            measure(name, record, ours, args)
        except Exception as error:  # the other parts still run
            record["failures"][name] = f"{type(error).__name__}: {error}"
        keep(record, stem)
        outcome = record["failures"].get(name, "done")
        print(f"{name}: {outcome}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(text(record))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        pairing.serve(open_peer(sys.argv[2]))
    else:
        main()
