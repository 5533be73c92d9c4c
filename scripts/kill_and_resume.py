#!/usr/bin/env python3
"""Kills runs at random moments, resumes them, and compares the results with a run that was never stopped.

    cargo build --release
    python scripts/kill_and_resume.py target/release/wordspace --times 200 --seed 1

The moments are uniform over the whole duration of a run, so that kills hit preparation, steps, evaluation, saving and pruning. One run
in four is killed again while it resumes. The newest checkpoint's weights, moments and watched vectors, every saved table, and the
log without its times must be equal. Needs only the standard library. The exit code is 1 if any run differs.
"""

import argparse
import collections
import hashlib
import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SETTINGS = [
    "model.channels=32", "model.layers=1", "model.context=16", "train.batch=8", "train.warmup=5", "model.dropout=0.1",
    "evaluate.every=10", "evaluate.batches=2", "checkpoint.every=5", "watch.every=5", "watch.vectors_every=10",
]


def train(program: Path, name: str) -> list[str]:
    changes = [word for setting in SETTINGS for word in ("--set", setting)]
    return [str(program), "train", "--device", "flex", "--quiet", "--steps", "60", "--name", name, *changes]


def go_on(program: Path, folder: Path, name: str) -> list[str]:
    """Resumes the run, or starts it again if it was killed before it had a folder."""
    return [str(program), "resume", "--quiet", f"runs/{name}"] if (folder / "runs" / name).exists() else train(program, name)


def result(run: Path) -> dict[str, str]:
    """What must be equal: hashes of files by name, and the log without its times."""
    newest = max(path for path in (run / "checkpoints").iterdir() if path.name.startswith("step-"))
    files = [*newest.glob("*.safetensors"), *(run / "vectors").iterdir()]
    hashes = {str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    hashes["log.jsonl"] = json.dumps([{key: value for key, value in line.items() if key != "seconds"} for line in lines])
    return hashes


def stage(run: Path) -> str:
    """The stage at which a run was killed."""
    if not run.exists():
        return "before it had a folder"
    if list(run.glob("**/*.partial")):
        return "while a file was being written"
    if not (run / "log.jsonl").exists():
        return "before its first step"
    return "in training"


def killed(command: list[str], folder: Path, after: float) -> bool:
    """Starts `command`, kills it `after` seconds, and returns whether it was still running."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    return was_running


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("program", type=Path)
    arguments.add_argument("--times", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    program, moments = arguments.program.resolve(), random.Random(arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="kill-and-resume-"))

    began = time.monotonic()
    subprocess.run(train(program, "whole"), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    whole = result(folder / "runs" / "whole")
    print(f"an uninterrupted run takes {seconds:.2f} s and leaves {len(whole)} results to compare")

    stages, different = collections.Counter(), []
    for nth in range(arguments.times):
        run = folder / "runs" / f"killed-{nth}"
        was_running = killed(train(program, run.name), folder, moments.uniform(0, seconds))
        stages[stage(run) if was_running else "after it had ended"] += 1
        if moments.random() < 0.25:
            killed(go_on(program, folder, run.name), folder, moments.uniform(0, seconds))
            stages["(a second time)"] += 1
        subprocess.run(go_on(program, folder, run.name), cwd=folder, check=True, stdout=subprocess.DEVNULL)
        found = result(run)
        wrong = sorted(name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name))
        if wrong:
            different.append(run)
            print(f"{run} differs in {', '.join(wrong)}")
        else:
            shutil.rmtree(run)
    print(f"{arguments.times} runs killed: " + ", ".join(f"{count} {name}" for name, count in stages.most_common()))
    print(f"{len(different)} of them differ from the uninterrupted run")
    if not different:
        shutil.rmtree(folder)
    return bool(different)


if __name__ == "__main__":
    raise SystemExit(main())
