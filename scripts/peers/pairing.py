"""Paired measurements: programs that do the same work take turns. Each is a process that works on request and reports its time.

Requests and answers are lines of JSON (`benches/paired/main.rs` describes the protocol). In a round every contender works
once, in an order that rotates from round to round; before it a memory copy shows whether the machine is disturbed. Compared is
the ratio within a round: its median, minimum and maximum over all rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import select
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

try:
    import torch
except ModuleNotFoundError:
    # `gpu.py` also runs without PyTorch.
    torch = None

ROOT = Path(__file__).resolve().parents[2]
CANDLE = Path(__file__).resolve().parent / "candle"
# Peers that do less work, such as writing into existing memory, are never the best peer.
DOES_LESS = ["PyTorch reused"]
# The deadline for answers, by `time.monotonic`. The first answer includes compiling and tuning kernels.
UNTIL = float("inf")
# The length of a turn if a plan does not set the number of repetitions.
TURN_SECONDS = 0.05


class Contender:
    """A process that works on request."""

    def __init__(self, name: str, command: list[str], request: dict, threads: int):
        self.name, self.seconds, self.numbers = name, [], []
        variables = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
        # So that the last line of stderr is the error message.
        variables["RUST_BACKTRACE"] = "0"
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said, text=True, env=os.environ | variables
        )
        # In a thread: writing a large request blocks until the process reads it.
        threading.Thread(target=self.tell, args=(request,)).start()

    def get_ready(self) -> Contender:
        self.ready = self.hear()["ready"]
        return self

    def ask(self, request: dict) -> dict:
        self.tell(request)
        return self.hear()

    def tell(self, request: dict) -> None:
        with contextlib.suppress(BrokenPipeError):  # `hear` reports it
            print(json.dumps(request), file=self.process.stdin, flush=True)

    def hear(self) -> dict:
        left = None if UNTIL == float("inf") else max(0.0, UNTIL - time.monotonic())
        if not select.select([self.process.stdout], [], [], left)[0]:
            self.process.kill()
            raise RuntimeError("no answer before the deadline")
        answer = self.process.stdout.readline()
        if not answer:
            self.said.seek(0)
            lines = self.said.read().strip().splitlines() or ["it ended without an error message"]
            raise RuntimeError(lines[-1])
        return json.loads(answer)

    def work(self, times: int) -> tuple[float, list[list[float]]]:
        answer = self.ask({"times": times})
        return answer["seconds"], answer["numbers"]

    def memory(self, which: str) -> float:
        """`VmRSS` (now) or `VmHWM` (peak) in MB; 0 if the system does not report it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{which}:\s+(\d+) kB", status)
        return int(found[1]) * 1024 / 1e6 if found else 0.0

    def reset_peak(self) -> None:
        with contextlib.suppress(OSError):
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def end(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.said.close()
        self.process.wait(timeout=60)


def serve(open_work) -> None:
    """Answers requests with PyTorch; `open_work(request)` returns a function that repeats the work and returns tensors."""
    # Keep the output of libraries out of the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    request = json.loads(sys.stdin.readline())
    torch.set_default_device(request["peer_device"])
    torch.set_float32_matmul_precision(request["precision"])
    wait = torch.cuda.synchronize if request["peer_device"] == "cuda" else lambda: None
    work = open_work(request)
    print(json.dumps({"ready": f"torch {torch.__version__}"}), file=answers, flush=True)
    for line in sys.stdin:
        times = json.loads(line)["times"]
        wait()
        began = time.perf_counter()
        results = work(times)
        wait()
        seconds = time.perf_counter() - began
        numbers = [compared(result) for result in results]
        print(json.dumps({"seconds": seconds, "numbers": numbers}), file=answers, flush=True)
        del results


def compared(result: torch.Tensor) -> list[float]:
    """The values of a result, or 100 partial sums of a larger one; of a sparse result the values of its rows, by id."""
    numbers = (result.coalesce().values() if result.is_sparse else result.detach()).flatten()
    part = -(-len(numbers) // 100)
    return [some.double().sum().item() for some in numbers.split(part)]


@dataclass
class Plan:
    """How often the work is done."""

    #: Repetitions in a turn; None: as many as the slowest contender does in `TURN_SECONDS`.
    times: int | None
    rounds: int
    #: Repetitions before timing, whose results are compared.
    check: int
    #: The largest accepted difference, relative to the largest value of a result.
    tolerance: float


@dataclass
class Result:
    name: str
    #: Its answer when it was ready: its device or version.
    ready: str | None = None
    milliseconds: list[float] = field(default_factory=list)
    difference: float = 0.0
    peak_mb: float = 0.0
    above_ready_mb: float = 0.0
    failure: str | None = None


def threads_at_hand() -> int:
    """One per core, as PyTorch counts them."""
    return torch.get_num_threads() if torch else os.cpu_count() or 1


def arguments(doc: str, workloads: list[str], default: list[str]) -> argparse.ArgumentParser:
    """The options of every comparison."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=default, metavar="WORKLOAD", help=f"one or more of {', '.join(workloads)}")
    parser.add_argument("--ours", action="append", metavar="NAME=PROGRAM", help="a compiled `paired` bench [default: compile it]")
    parser.add_argument("--candle", metavar="PROGRAM", help="the compiled scripts/peers/candle, to include candle")
    parser.add_argument("--device", default="flex", help="wordspace's devices, comma-separated")
    parser.add_argument("--peer-device", default="cpu", choices=["cpu", "cuda"], help="PyTorch's device")
    parser.add_argument("--precision", default="highest", choices=["highest", "high"], help="of PyTorch's matmul; high is TF32")
    parser.add_argument("--threads", type=int, default=threads_at_hand())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--to", type=Path, help="the folder to write the record and its table to")
    return parser


def compare(starts: list[tuple[str, list[str]]], request: dict, plan: Plan, args: argparse.Namespace,
            expected: list[list[float]] | None = None) -> dict:
    """Measures `starts` on `request`. Results must match `expected`, or those of the first peer if it is None."""
    results, running, threads = {name: Result(name) for name, _ in starts}, {}, args.threads
    request = request | {"peer_device": args.peer_device, "precision": args.precision}
    with contextlib.ExitStack() as ends:
        # Start all at once: nothing is timed yet.
        for name, command in starts:
            running[name] = Contender(name, command, request, threads)
            ends.callback(running[name].end)
        for name, contender in list(running.items()):
            try:
                results[name].ready = contender.get_ready().ready
                contender.ready_mb = contender.memory("VmRSS")
                contender.tell({"times": plan.check})
            except RuntimeError as error:
                results[name].failure = f"does not run: {error}"
                running.pop(name)
        for name, contender in list(running.items()):
            try:
                contender.numbers = contender.hear()["numbers"]
            except RuntimeError as error:
                results[name].failure = f"does not run: {error}"
                running.pop(name)
        agree(running, results, plan.tolerance, expected)
        copies = take_turns(running, results, plan, threads)
    return {"contenders": [report(result) for result in results.values()], "copy_gb_per_second": spread(copies)} | ratios(results)


def agree(running: dict, results: dict, tolerance: float, expected: list[list[float]] | None) -> None:
    """Compares results before timing; a contender with a different result is excluded."""
    peers = [contender for name, contender in running.items() if not is_ours(name)]
    judge = next(iter(peers or running.values()), None)
    for name, contender in list(running.items()):
        worst = max(off(found, right) for found, right in zip(contender.numbers, expected or judge.numbers, strict=True))
        results[name].difference = worst
        if not worst <= tolerance:
            results[name].failure = f"different result: relative error {worst:.1e}, at most {tolerance:.0e} expected"
            running.pop(name)


def off(found: list[float], expected: list[float]) -> float:
    """The largest difference, relative to the largest value."""
    largest = max(abs(x) for x in expected) or 1.0
    return max(abs(a - b) / largest for a, b in zip(found, expected, strict=True))


def take_turns(running: dict, results: dict, plan: Plan, threads: int) -> list[float]:
    contenders, copies, slowest = list(running.values()), [], 0.0
    for contender in contenders:
        slowest = max(slowest, contender.work(1)[0])
        contender.reset_peak()
    times = plan.times or max(1, min(10_000, round(TURN_SECONDS / max(slowest, 1e-9))))
    for nth in range(plan.rounds if contenders else 0):
        copies.append(copy_speed(threads))
        turn = nth % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            seconds, _ = contender.work(times)
            results[contender.name].milliseconds.append(1000 * seconds / times)
    for contender in contenders:
        result = results[contender.name]
        result.peak_mb = contender.memory("VmHWM")
        result.above_ready_mb = result.peak_mb - contender.ready_mb
    return copies


_SOURCE: list = []


def copy_speed(threads: int) -> float:
    """GB/s, reads and writes counted, of the best of three copies of 256 MB into existing memory; 0 without PyTorch."""
    if torch is None:
        return 0.0
    torch.set_num_threads(threads)
    if not _SOURCE:
        _SOURCE.extend([torch.ones(64_000_000), torch.ones(64_000_000)])
    source, target = _SOURCE
    times = []
    for _ in range(3):
        began = time.perf_counter()
        target.copy_(source)
        times.append(time.perf_counter() - began)
    return 2 * source.numel() * 4 / min(times) / 1e9


def is_ours(name: str) -> bool:
    return name.startswith("wordspace")


def spread(numbers: list[float]) -> dict | None:
    return {"median": statistics.median(numbers), "least": min(numbers), "most": max(numbers)} if numbers else None


def report(result: Result) -> dict:
    return {
        "name": result.name, "ready": result.ready, "failure": result.failure, "milliseconds": spread(result.milliseconds),
        "rounds": result.milliseconds, "largest_difference": result.difference,
        "peak_mb": result.peak_mb, "above_ready_mb": result.above_ready_mb,
    }


def ratios(results: dict) -> dict:
    """The speed-up of each of ours over each peer; above 1, ours is faster."""
    timed = {name: result.milliseconds for name, result in results.items() if result.milliseconds}
    peers = [name for name in timed if not is_ours(name)]
    all_ratios = []
    for name in filter(is_ours, timed):
        for peer in peers:
            per_round = [theirs / mine for theirs, mine in zip(timed[peer], timed[name], strict=True)]
            all_ratios.append({"ours": name, "peer": peer} | spread(per_round))
    best = min((peer for peer in peers if peer not in DOES_LESS), key=lambda name: statistics.median(timed[name]), default=None)
    return {"best_peer": best, "times_faster": all_ratios}


def machine(threads: int) -> dict:
    cpuinfo = Path("/proc/cpuinfo").read_text()
    of = lambda name: (re.search(rf"{name}\s*:\s*(.*)", cpuinfo) or ["", "?"])[1]
    meminfo = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return {
        "processor": f"{of('model name')}, family {of('cpu family')}, model {of('model')}",
        "cores": os.cpu_count(), "threads": threads, "memory_gib": round(meminfo / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}", "load": os.getloadavg(),
        "transparent_huge_pages": re.search(r"\[(\w+)\]", huge.read_text())[1] if huge.exists() else None,
        "instructions": torch.backends.cpu.get_cpu_capability() if torch else None,
    }


def versions() -> dict:
    def said(*command: str) -> str:
        try:
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:
            return ""

    changed = said("git", "status", "--porcelain", "--untracked-files=no") != ""
    return {
        "commit": said("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else ""),
        "rustc": said("rustc", "--version"), "torch": torch.__version__ if torch else None, "python": platform.python_version(),
    }


def programs(given: list[str] | None) -> dict[str, str]:
    """Our programs by name: those given as `NAME=PROGRAM`, or a newly compiled one."""
    pairs = [program.split("=", 1) for program in given or []]
    return {f"wordspace {name}": program for name, program in pairs} or {"wordspace": build()}


def of_ours(programs: dict[str, str], devices: str) -> list[tuple[str, list[str]]]:
    """The command of each of ours on each of the comma-separated `devices`."""
    return [(name if device == "flex" else f"{name} {device}", [program, "serve", device])
            for name, program in programs.items() for device in devices.split(",")]


def of_candle(program: str | None) -> list[tuple[str, list[str]]]:
    """candle's command, named with its locked version; empty without a program."""
    if program is None:
        return []
    packages = tomllib.loads((CANDLE / "Cargo.lock").read_text())["package"]
    version = next(package["version"] for package in packages if package["name"] == "candle-core")
    return [(f"candle {version}", [program])]


def build() -> str:
    """Compiles ours and returns its path."""
    command = ["cargo", "build", "--release", "-p", "wordspace", "--bench", "paired", "--message-format", "json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "paired")


def measure(kind: str, title: str, args: argparse.Namespace, compare) -> None:
    """Runs `compare(name, ours, args)` for every requested workload and writes the record."""
    ours = programs(args.ours)
    record = new_record(kind, title, args.threads, args.peer_device, args.precision)
    for name in args.workloads:
        record["workloads"].append(compare(name, ours, args))
        print(f"{name}: done", file=sys.stderr)
    write(record, markdown(record), args.to)


def write(record: dict, table: str, folder: Path | None) -> None:
    """Prints the table; with a folder, also writes it and the record there, never over existing files."""
    print(table)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{record['time'][:10]}-{record['kind']}-{record['versions']['commit'].replace(' ', '-')}"
        for ending, text in [("json", json.dumps(record) + "\n"), ("md", table)]:
            with open(folder / f"{name}.{ending}", "x") as file:
                file.write(text)


def new_record(kind: str, title: str, threads: int, peer_device: str = "cpu", precision: str = "highest") -> dict:
    return {
        "schema": 1, "kind": kind, "title": title, "time": datetime.datetime.now().isoformat(timespec="seconds"),
        "command": shlex.join(["python", *map(portable, sys.argv)]), "machine": machine(threads), "versions": versions(),
        "peer_device": torch.cuda.get_device_name() if peer_device == "cuda" else "cpu", "precision": precision, "workloads": [],
    }


def portable(argument: str) -> str:
    """A command argument without this machine's paths: relative to the project, or the file name alone."""
    before, equals, path = argument.rpartition("=")
    if not Path(path).is_absolute():
        return argument
    is_ours = Path(path).is_relative_to(ROOT)
    return before + equals + (str(Path(path).relative_to(ROOT)) if is_ours else Path(path).name)


def head(record: dict) -> list[str]:
    """The first lines of a table: machine, versions, command."""
    machine, versions = record["machine"], record["versions"]
    return [
        f"# {record['title']}, {record['time'][:10]}", "",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}; "
        f"{machine['threads']} threads, PyTorch uses {machine['instructions']}, load {machine['load'][0]:.1f} at the start.",
        f"- wordspace at {versions['commit']}, {versions['rustc']}, PyTorch {versions['torch']} on {record['peer_device']}, matmul "
        f"in {'32 bits' if record['precision'] == 'highest' else 'TF32'}, Python {versions['python']}.",
        f"- `{record['command']}`", "",
    ]


def of_copies(copy: dict) -> str:
    """The copy speed between the rounds, and whether the machine was disturbed."""
    steady = copy["most"] - copy["least"] <= 0.1 * copy["median"]
    doubt = "" if steady else " **It varied by more than 10 %: the machine was disturbed.**"
    return f"Copy speed between the rounds: {copy['median']:.1f} GB/s ({copy['least']:.1f}–{copy['most']:.1f}).{doubt}"


def markdown(record: dict) -> str:
    lines = head(record) + [
        "Milliseconds are medians over rounds in which all contenders take turns (minimum–maximum). A speed-up is the ratio of",
        "times within a round: its median (minimum–maximum). Memory is the peak while working, above the idle process.",
    ]
    for workload in record["workloads"]:
        copy = workload["copy_gb_per_second"]
        lines += ["", f"## {workload['name']}", "", workload["shape"] + ".", ""]
        if copy and copy["median"]:
            lines += [of_copies(copy), ""]
        lines += ["| | ms | memory, MB | relative error |", "|---|---|---|---|"]
        for c in workload["contenders"]:
            if c["failure"]:
                lines.append(f"| {c['name']} | {c['failure']} | | |")
            else:
                t = c["milliseconds"]
                off = f"{c['largest_difference']:.0e}" if c["largest_difference"] else "0"
                lines.append(f"| {c['name']} | {t['median']:.2f} ({t['least']:.2f}–{t['most']:.2f}) | {c['above_ready_mb']:,.0f} | {off} |")
        for r in workload["times_faster"]:
            best = ", the best" if r["peer"] == workload["best_peer"] else ""
            lines += ["", f"{r['ours']} over {r['peer']}{best}: **{r['median']:.2f} ×** ({r['least']:.2f}–{r['most']:.2f})."]
    return "\n".join(lines) + "\n"
