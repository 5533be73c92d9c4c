#!/usr/bin/env python3
"""Makes every file operation of small commands fail, once each, and checks that nothing is lost and nothing damaged is taken for good.

    cargo build --release
    python3 scripts/faults.py target/release/wordspace               # the whole sweep: a quarter of an hour on two cores
    python3 scripts/faults.py target/release/wordspace --every 10    # a tenth of it

The commands are `train`, with `--overwrite` too, `resume` after a kill and with `--from-scratch`, `export`, `convert` to one and to two
files and to a folder, and `report`. Each operation (opening to write, write, sync, truncate, rename, mkdir, rmdir, unlink) fails in the ways that
faults.c lists, or the process is killed there; and each state that a power cut may leave (power_cut.py) is built. What must hold:

- a failed command exits with 5 and says in a sentence what it could not write; it does not panic and leaves no partial file;
- what it was to write is complete or not there;
- going on, by the same command or by `resume`, ends with the same bits as if nothing had happened, and with no partial files;
- once a command has ended well, and once a checkpoint's folder is synced, no power cut takes the result away.

Needs Linux, a C compiler and the standard library. The exit code is 1 if anything fails.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from power_cut import Disk, read_record

SETTINGS = [
    "model.channels=16", "model.layers=1", "model.context=16", "model.dropout=0.1", "train.batch=4", "train.warmup=2",
    "evaluate.every=6", "evaluate.batches=1", "checkpoint.every=2", "checkpoint.keep=1", "watch.every=3", "watch.vectors_every=3",
]
TRAIN = ["train", "--device", "flex", "--threads", "1", "--steps", "6", "--name", "r"]
TRAIN += [word for setting in SETTINGS for word in ("--set", setting)]

# Which operations fail in which way.
FAULTS = [(kind, "EIO") for kind in ["open", "write", "fsync", "truncate", "rename", "mkdir", "rmdir", "unlink"]]
FAULTS += [("space", "ENOSPC"), ("space", "full"), ("write", "short"), ("any", "kill"), ("write", "torn")]


COLUMNS = ["operations", "fault", "kill", "torn", "power cut", "failures"]


@dataclass
class Recorded:
    """A record of a command that was run in `folder`."""
    folder: Path
    path: Path


@dataclass
class Scenario:
    """A command, the folder that it starts in, and the files that it is to write. What the process before it had not synced when it was
    killed, a power cut may still take: `before` is its record, from an empty folder."""
    name: str
    start: Path
    command: list[str]
    targets: list[str]
    before: "Recorded | None" = None

    def is_training(self) -> bool:
        return self.command[0] in ("train", "resume")


class Sweep:
    def __init__(self, program: Path, work: Path, every: int):
        self.program, self.work, self.every = program, work, every
        self.numbers, self.lock = itertools.count(), threading.Lock()
        self.counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
        self.failures: list[str] = []
        self.shim = work / "faults.so"
        source = Path(__file__).with_name("faults.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.shim, source], check=True)

    def run(self, folder: Path, command: list[str], point: str | None = None, record: Path | None = None):
        environment = {key: value for key, value in os.environ.items() if key not in ("RUST_BACKTRACE", "CARGO")}
        if point or record:
            environment |= {"LD_PRELOAD": str(self.shim), "FAULT_FOLDER": str(folder)}
            environment |= {"FAULT_POINT": point} if point else {}
            environment |= {"FAULT_RECORD": str(record)} if record else {}
        return subprocess.run(
            [self.program, *command, "--quiet"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120,
        )

    def new_folder(self) -> Path:
        with self.lock:
            return self.work / f"{next(self.numbers)}"

    def copy(self, start: Path) -> Path:
        return Path(shutil.copytree(start, self.new_folder(), symlinks=True))

    def scenarios(self) -> list[Scenario]:
        """Prepares the folders that the commands start in: empty, with a killed run, with a complete run."""
        empty, killed, complete = (self.work / name for name in ["empty", "killed", "complete"])
        for folder in (empty, killed, complete):
            folder.mkdir()
        whole, half = Recorded(complete, self.work / "complete.record"), Recorded(killed, self.work / "killed.record")
        ended = self.run(complete, TRAIN, record=whole.path)
        assert ended.returncode == 0, ended.stderr
        # In the midst of saving the last checkpoint.
        last = next(n for n, (_, _, second, *_) in enumerate(read_record(whole.path)) if second.endswith("/step-000006"))
        assert self.run(killed, TRAIN, f"any:{last - 12}:kill", half.path).returncode == -9
        vectors = ["v-vectors.tsv", "v-metadata.tsv"]
        return [
            Scenario("train", empty, TRAIN, []),
            Scenario("resume", killed, ["resume", "runs/r"], [], half),
            Scenario("resume --from-scratch", complete, ["resume", "runs/r", "--from-scratch"], []),
            Scenario("train --overwrite", complete, [*TRAIN, "--overwrite"], []),
            Scenario("export", complete, ["export", "runs/r", "e"], ["e"]),
            Scenario("convert to one file", complete, ["convert", "runs/r", "v.bin"], ["v.bin"]),
            Scenario("convert to .npy", complete, ["convert", "runs/r", "v.npy"], ["v.npy", "v.words.txt"]),
            Scenario("convert to .tsv", complete, ["convert", "runs/r", vectors[0]], vectors),
            Scenario("convert to a folder", complete, ["convert", "runs/r", "s", "--to", "static-embedding"], ["s"]),
            Scenario("report", complete, ["report", "runs/r"], ["runs/r/report.html"]),
            Scenario("report to a new file", complete, ["report", "runs/r", "--to", "p.html"], ["p.html"]),
        ]

    def sweep(self, scenario: Scenario, pool):
        folder = self.copy(scenario.start)
        record = Recorded(folder, self.work / f"{scenario.name}.record")
        ended = self.run(folder, scenario.command, record=record.path)
        assert ended.returncode == 0, ended.stderr
        wanted = result(scenario, folder)
        assert not scenario.is_training() or wanted == result(scenario, self.work / "complete"), "it depends on what came before"
        operations = collections.Counter(operation for operation, *_ in read_record(record.path))
        self.counts[scenario.name]["operations"] = sum(operations.values())
        points = [(kind, fault, n) for kind, fault in FAULTS for n in range(1, room(kind, operations) + 1)]
        jobs = [pool.submit(self.check_fault, scenario, wanted, *point) for point in points[::self.every]]
        for number, (tree, promised) in enumerate(trees_after_cuts(scenario, record)):
            if number % self.every == 0:
                jobs.append(pool.submit(self.check_tree, scenario, wanted, tree, promised))
        for job in jobs:
            job.result()

    def check_fault(self, scenario: Scenario, wanted: dict, kind: str, fault: str, number: int):
        folder = self.copy(scenario.start)
        ended = self.run(folder, scenario.command, f"{kind}:{number}:{fault}")
        problem = self.wrong_ending(scenario, wanted, folder, ended, kind, fault) or self.wrong_after(scenario, wanted, folder)
        self.note(scenario, fault if fault in ("kill", "torn") else "fault", f"{kind} {number} {fault}", problem, folder)

    def wrong_ending(self, scenario: Scenario, wanted: dict, folder: Path, ended, kind: str, fault: str) -> str | None:
        """What is wrong with how a command ended, and with what it left."""
        code, said = ended.returncode, ended.stderr
        if code == 0 and result(scenario, folder) != wanted:
            return f"it ended well with another result: {difference(wanted, result(scenario, folder))}"
        if fault in ("kill", "torn"):
            return None if code in (-9, 0) else f"code {code}, {said}"
        if fault == "short" and code != 0:
            return f"a short write ended it with {code}: {said}"
        if code not in (0, 5) or "panicked" in said or "bug" in said or (code == 5) != ("error: " in said):
            return f"code {code}, {said}"
        if code == 5 and not re.search(r"error: cannot write \S+: .*(os error (5|28)\))", said):
            return f"no sentence about what could not be written: {said}"
        there = [name for name in scenario.targets if (folder / name).exists()]
        if code == 5 and there:
            return f"it failed and left {there}"
        litter = [name for name in partial_files(folder) if not (scenario.start / name).exists()]
        return f"it left {litter}" if litter and kind not in ("unlink", "rmdir") else None

    def check_tree(self, scenario: Scenario, wanted: dict, tree: dict, promised: str | None):
        folder = self.new_folder()
        folder.mkdir()
        for name, content in tree.items():
            path = folder / name
            path.mkdir(parents=True, exist_ok=True) if content is None else path.write_bytes(content)
        problem = None
        if promised == "everything":
            problem = difference(wanted, result(scenario, folder)) and "a power cut after the end loses the result"
        elif promised:
            kept = [path.parent.name for path in folder.glob("runs/r/checkpoints/step-*/MANIFEST.json")]
            problem = None if kept and max(kept) >= promised else f"{promised} was saved; a power cut leaves {kept}"
        problem = problem or self.wrong_after(scenario, wanted, folder)
        self.note(scenario, "power cut", "power cut", problem, folder)

    def wrong_after(self, scenario: Scenario, wanted: dict, folder: Path) -> str | None:
        """Goes on as a user would; what is wrong then."""
        there = [(folder / name).exists() for name in scenario.targets]
        # Only the list of words may be there without its vectors, after a kill between two renames.
        if there and there[0] and not scenario.is_training():
            if result(scenario, folder) != wanted:
                return f"the target is there and not whole: {difference(wanted, result(scenario, folder))}"
            if scenario.name != "report":
                ended = self.run(folder, scenario.command)
                return None if ended.returncode == 6 else f"the target is whole; again: code {ended.returncode}, {ended.stderr}"
        command = scenario.command
        if command[0] == "train" and (folder / "runs/r").exists():
            command = ["resume", "runs/r"]
        ended = self.run(folder, command)
        if ended.returncode != 0:
            return f"going on by {command[0]}: code {ended.returncode}, {ended.stderr}"
        if found := difference(wanted, result(scenario, folder)):
            return f"after going on by {command[0]}: {found}"
        litter = partial_files(folder)
        return f"partial files stay: {litter}" if litter else None

    def note(self, scenario: Scenario, kind: str, point: str, problem: str | None, folder: Path):
        with self.lock:
            self.counts[scenario.name][kind] += 1
            if problem:
                self.counts[scenario.name]["failures"] += 1
                self.failures.append(f"{scenario.name}, {point}: {problem.strip()} ({folder})")
        if not problem or len(self.failures) > 50:
            shutil.rmtree(folder)


def room(kind: str, operations: collections.Counter) -> int:
    """How many operations of `kind` there are."""
    kinds = {"any": list(operations), "space": ["open", "write", "mkdir"]}.get(kind, [kind])
    return sum(operations[kind] for kind in kinds)


def trees_after_cuts(scenario: Scenario, record: Recorded):
    """The different trees that a power cut may leave at each moment of a record, each with what is promised then: the name of a
    checkpoint, or everything after the end."""
    disk = Disk(scenario.start if not scenario.before else scenario.start.with_name("empty"))
    seen, saved, promised = set(), None, None
    for recorded in [scenario.before, record] if scenario.before else [record]:
        disk.root, operations = recorded.folder, list(read_record(recorded.path))
        for nth, (operation, path, second, number, data) in enumerate(operations):
            disk.apply(operation, path, second, number, data)
            if operation == "rename" and Path(second).name.startswith("step-") and Path(second).parent.name == "checkpoints":
                saved = Path(second).name
            if operation == "fsync" and path.endswith("/checkpoints") and saved:
                promised = saved
            if recorded is not record:
                continue
            at_end = "everything" if nth == len(operations) - 1 else promised
            for tree in disk.states():
                files = sorted((name, content) for name, content in tree.items() if content is not None)
                key = hash((*files, *sorted(tree), at_end))
                if key not in seen:
                    seen.add(key)
                    yield tree, at_end


def result(scenario: Scenario, folder: Path) -> dict[str, str]:
    """What must be equal: hashes of files by name, and a run's log without its times."""
    if not scenario.is_training():
        return files_in(folder, [path for name in scenario.targets for path in below(folder / name)])
    run = folder / "runs" / "r"
    names = ["config.toml", "corpus.json", "tokenizer.json", "words.json", "tokens", "vectors", "meeting.svg"]
    found = files_in(run, [path for name in names for path in below(run / name)])
    checkpoints = sorted((run / "checkpoints").glob("step-*"))
    found |= files_in(run, [path for path in below(checkpoints[-1]) if path.suffix == ".safetensors"] if checkpoints else [])
    found["log.jsonl"] = without_times(run / "log.jsonl")
    return found


def without_times(log: Path) -> str:
    if not log.exists():
        return "missing"
    try:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
    except ValueError:
        return "damaged"
    return json.dumps([{key: value for key, value in line.items() if key != "seconds"} for line in lines])


def below(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.glob("**/*") if file.is_file())


def files_in(folder: Path, paths: list[Path]) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def difference(wanted: dict, found: dict) -> str:
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return f"{', '.join(wrong[:5])} differ" if wrong else ""


def row(cells: list):
    print(f"{cells[0]:<23}" + "".join(f"{cell:>12}" for cell in cells[1:]), flush=True)


def partial_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("**/*.partial"))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("program", type=Path)
    arguments.add_argument("--every", type=int, default=1, help="check each nth point only")
    arguments.add_argument("--only", nargs="+", help="some of the commands, by their names in the table")
    arguments = arguments.parse_args()
    # In memory where there is room for it: the sweep copies and syncs small files all the time.
    memory = Path("/dev/shm")
    work = Path(tempfile.mkdtemp(prefix="faults-", dir=memory if memory.is_dir() else None)).resolve()
    began = time.monotonic()
    row(["", *COLUMNS])
    sweep = Sweep(arguments.program.resolve(), work, arguments.every)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for scenario in sweep.scenarios():
            if not arguments.only or scenario.name in arguments.only:
                sweep.sweep(scenario, pool)
                row([scenario.name, *(sweep.counts[scenario.name][column] for column in COLUMNS)])
    points = sum(count for counts in sweep.counts.values() for kind, count in counts.items() if kind not in ("operations", "failures"))
    print(f"{points} points in {time.monotonic() - began:.0f} s, {len(sweep.failures)} failures")
    for failure in sweep.failures[:50]:
        print(failure)
    if not sweep.failures:
        shutil.rmtree(work)
    return bool(sweep.failures)


if __name__ == "__main__":
    raise SystemExit(main())
