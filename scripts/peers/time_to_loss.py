#!/usr/bin/env python3
"""Trains the same model on the same text in wordspace and in PyTorch, and reports when each reached a validation loss.

    pip install torch safetensors
    cargo build --release
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt --runs race      # can be continued
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt --steps 1200     # shorter schedule
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt --until-perplexity 40
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt --steps 40 --every 20     # quick

All start from the same weights, read the same token files at random offsets, and have the same schedule, dropout rate and
evaluations of all held-out text; each draws its own windows and dropout masks. The losses before the first update must agree to
1e-4. One works at a time, in turns, while the others are stopped (SIGSTOP). The clock of a program starts at its evaluation
before the first update and includes evaluations and checkpoints.

With `--runs` the same command continues an interrupted race from the newest checkpoints; later work is repeated, and its time is
discarded. Ours is charged for its start-up then; PyTorch, which compiles again, is not.
"""

import argparse
import ctypes
import hashlib
import json
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import torch
from safetensors.torch import load_file

import pairing
import training

LEVELS = [100, 60, 40, 35, 30, 28, 27, 26, 25, 24, 23]


def tokens(path: Path) -> torch.Tensor:
    """The ids of a file in llm.c's layout."""
    content = path.read_bytes()
    magic, version, count = struct.unpack("<3I", content[:12])
    assert (magic, version) == (20240520, 1), f"{path} is of version {version}; expected 16-bit ids"
    return torch.frombuffer(bytearray(content[1024 : 1024 + 2 * count]), dtype=torch.uint16).long()


def learning_rate(step: int, train: dict) -> float:
    if step <= train["warmup"]:
        return train["learning_rate"] * step / train["warmup"]
    done = min(1.0, (step - train["warmup"]) / max(1, train["steps"] - train["warmup"]))
    return train["min_learning_rate"] + 0.5 * (1 + math.cos(math.pi * done)) * (train["learning_rate"] - train["min_learning_rate"])


def peer(runs: Path, kind: str, every: int) -> None:
    """The run in PyTorch, with our initial weights, tokens and resolved configuration."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(1)
    start, config = runs / "start", tomllib.loads((runs / "wordspace" / "config.toml").read_text())
    sizes, train = config["model"], config["train"]
    context, rows = sizes["context"], train["batch"]
    weights = load_file(start / "checkpoints" / "step-000000" / "model.safetensors")
    model = training.Gpt(sizes, weights)
    optimizer = training.adamw(model, train, fused=kind != "eager")
    forward = torch.compile(model) if kind == "compiled" else model
    text, held_out = tokens(start / "tokens" / "train.bin"), tokens(start / "tokens" / "validation.bin")

    def windows(starts: torch.Tensor, text: torch.Tensor):
        at = starts[:, None] + torch.arange(context)
        return text[at], text[at + 1]

    def evaluate() -> float:
        model.eval()
        starts = torch.arange(0, len(held_out) - context, context)
        with torch.no_grad():
            losses = [forward(*windows(some, held_out)).item() * len(some) for some in starts.split(rows)]
        model.train()
        return sum(losses) / len(starts)

    # Compile before the clock starts.
    forward(*windows(torch.zeros(rows, dtype=torch.long), text)).backward()
    optimizer.zero_grad(set_to_none=True)
    loss, folder = evaluate(), runs / f"PyTorch {kind}"
    saved = newest(folder)
    if saved:
        parts = torch.load(saved[1])
        model.load_state_dict(parts["model"])
        optimizer.load_state_dict(parts["optimizer"])
        torch.set_rng_state(parts["random"])
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    with open(folder / "log.jsonl", "a") as file:
        say = lambda event, step, **what: print(json.dumps({"event": event, "step": step} | what), file=file, flush=True)
        say("resumed", saved[0]) if saved else say("evaluation", 0, loss=loss)
        for step in range(saved[0] + 1 if saved else 1, train["steps"] + 1):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, train)
            optimizer.zero_grad(set_to_none=True)
            forward(*windows(torch.randint(0, len(text) - context, (rows,)), text)).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), train["clip"])
            optimizer.step()
            if step % every == 0 or step == train["steps"]:
                say("evaluation", step, loss=evaluate())
                save(folder, step, model, optimizer)


def save(folder: Path, step: int, model, optimizer) -> None:
    """Atomically replaces the previous checkpoint."""
    before, after = newest(folder), folder / "checkpoints" / f"step-{step:06}.pt"
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
    torch.save(parts, folder / "partial.pt")
    (folder / "partial.pt").replace(after)
    if before and before[1] != after:
        before[1].unlink()


def newest(folder: Path) -> tuple[int, Path] | None:
    """The step and path of a run's newest checkpoint; ours are folders, PyTorch's are files."""
    named = [(re.fullmatch(r"step-(\d+)(\.pt)?", path.name), path) for path in (folder / "checkpoints").glob("step-*")]
    return max(((int(name[1]), path) for name, path in named if name), default=None)


def end_with_parent() -> None:
    """Otherwise a stopped program would stay for ever if this script is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Racer:
    """A program that appends evaluations to its run's log, and its running time."""

    def __init__(self, name: str, folder: Path, losses: list[dict]):
        self.name, self.folder, self.log, self.losses, self.process = name, folder, folder / "log.jsonl", losses, None
        self.elapsed, self.offset, self.event = 0.0, 0, None
        checkpoint = newest(folder)
        self.resumes = checkpoint is not None
        if checkpoint:
            self.go_back_to(checkpoint[0])
        else:
            self.losses = []
            shutil.rmtree(folder, ignore_errors=True)

    def go_back_to(self, step: int) -> None:
        """Discards everything after its newest checkpoint."""
        lines = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        self.log.write_text("".join(line for line in lines if json.loads(line)["step"] <= step))
        self.losses = [loss for loss in self.losses if loss["step"] <= step]
        self.read_log(self.losses[-1]["at"])

    def start(self, command: list, threads: int, first_event: str | None) -> None:
        """Starts it and runs it to the log event at which its clock starts."""
        variables = {name: str(threads) for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")}
        self.event = None
        self.process = subprocess.Popen([str(part) for part in command], env=os.environ | variables,
                                        stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)
        self.process.send_signal(signal.SIGSTOP)
        while first_event and self.event != first_event:
            assert self.turn(0.2, lambda: None), f"{self.name} ended before its first evaluation"
        self.elapsed = self.losses[-1]["at"] if self.losses else 0.0

    def turn(self, seconds: float, keep, goal: float = -math.inf) -> bool:
        """Lets it run for a turn and calls `keep` after each evaluation; False if it is done or has reached `goal`."""
        began, before = time.perf_counter(), self.elapsed
        now = lambda: before + time.perf_counter() - began
        is_good = lambda: bool(self.losses) and self.losses[-1]["loss"] <= goal
        self.process.send_signal(signal.SIGCONT)
        while (done := self.process.poll()) is None and now() - before < seconds and not is_good():
            time.sleep(0.02)
            if self.read_log(now()):
                keep()
        if done is None:
            self.process.send_signal(signal.SIGSTOP)
        if self.read_log(now()):
            keep()
        assert not done, f"{self.name} failed with exit code {done}"
        return done is None and not is_good()

    def read_log(self, now: float) -> bool:
        """Reads new lines of its log; True if there is a new evaluation."""
        self.elapsed, before = now, len(self.losses)
        if self.log.exists():
            with open(self.log, "rb") as file:
                file.seek(self.offset)
                gained = file.read()
            gained = gained[: gained.rfind(b"\n") + 1]
            self.offset += len(gained)
            for line in map(json.loads, gained.splitlines()):
                self.event = line["event"]
                if self.event == "evaluation" and line["step"] > (self.losses[-1]["step"] if self.losses else -1):
                    self.losses.append({"step": line["step"], "loss": line["loss"], "at": now})
        return len(self.losses) > before

    def seconds_to(self, loss: float) -> float | None:
        """Seconds from its first evaluation to the first one at or below `loss`."""
        return next((x["at"] - self.losses[0]["at"] for x in self.losses if x["loss"] <= loss), None)

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


class Race:
    """The programs, and a folder from which the race can be continued."""

    def __init__(self, runs: Path, args: argparse.Namespace):
        self.runs, self.args, self.file, self.racers = runs, args, runs / "race.json", []
        digest = lambda path: hashlib.sha256(path.read_bytes()).hexdigest()
        settings = {"config": digest(args.config), "text": digest(args.text), "steps": args.steps, "every": args.every,
                    "peers": args.peers, "device": args.device, "threads": args.threads}
        self.kept = {"settings": settings, "losses": {}, "copies": [], "begun": 0}
        if self.file.exists():
            self.kept = json.loads(self.file.read_text())
            if self.kept["settings"] != settings:
                sys.exit(f"{runs} has a race with other settings; repeat its command, or give another --runs")
        elif any(runs.iterdir()):
            sys.exit(f"{runs} is not empty and has no race; give another --runs")
        self.kept["begun"] += 1
        self.keep()

    def keep(self) -> None:
        """Saves the state of the race, for a later continuation."""
        self.kept["losses"] |= {racer.name: racer.losses for racer in self.racers}
        self.file.with_suffix(".new").write_text(json.dumps(self.kept))
        self.file.with_suffix(".new").replace(self.file)

    def line_up(self) -> None:
        """Starts each in turn, up to the start of its clock."""
        args = self.args
        ours = [args.program, "train", args.config, "--text", args.text, "--device", args.device, "--out", self.runs, "--quiet"]
        ours += ["--set", f"evaluate.every={args.every}", "--set", "evaluate.batches=0", "--set", f"checkpoint.every={args.every}"]
        ours += ["--set", "train.early_stop=0", "--set", "watch.every=0", "--set", "watch.vectors_every=0"]
        if newest(self.runs / "start") is None:
            # The initial weights and the tokens: a run without updates.
            shutil.rmtree(self.runs / "start", ignore_errors=True)
            start = [*ours, "--name", "start", "--set", "train.steps=0", "--set", "evaluate.batches=1"]
            subprocess.run([str(part) for part in start], check=True, stdout=subprocess.DEVNULL)
        racer = self.enter("wordspace")
        if racer.resumes:
            racer.start([args.program, "resume", racer.folder, "--quiet"], args.threads, None)
        else:
            racer.start([*ours, "--name", "wordspace", *(["--steps", args.steps] if args.steps else [])], args.threads, "evaluation")
        for kind in args.peers.split(","):
            racer = self.enter(f"PyTorch {kind}")
            command = [sys.executable, __file__, "peer", self.runs, kind, args.every]
            racer.start(command, args.threads, "resumed" if racer.resumes else "evaluation")
        first = [racer.losses[0]["loss"] for racer in self.racers]
        assert max(first) - min(first) < 1e-4, f"losses before the first update differ by more than 1e-4: {first}"
        self.keep()

    def enter(self, name: str) -> Racer:
        self.racers.append(Racer(name, self.runs / name, self.kept["losses"].get(name, [])))
        return self.racers[-1]

    def run(self) -> None:
        """Takes turns, each time starting with another, until all are done or have reached the goal."""
        goal = math.log(self.args.until_perplexity) + 1e-12 if self.args.until_perplexity else -math.inf
        going, first = list(self.racers), 0
        while going:
            self.kept["copies"].append(pairing.copy_speed(self.args.threads))
            order = going[first % len(going) :] + going[: first % len(going)]
            going, first = [racer for racer in order if racer.turn(self.args.turn, self.keep, goal)], first + 1
            going.sort(key=self.racers.index)
            self.keep()
            now = [f"{r.name}: step {r.losses[-1]['step']}, {r.losses[-1]['loss']:.3f}, {r.elapsed:.0f} s" for r in self.racers]
            print("  ".join(now), file=sys.stderr)
        for racer in self.racers:
            pairs = zip(racer.losses, self.racers[0].losses)
            assert all(theirs["step"] == ours["step"] for theirs, ours in pairs), f"{racer.name} has evaluations at other steps than ours"

    def record(self) -> dict:
        """The record: every evaluation, and the time to each perplexity."""
        record = pairing.new_record("time-to-loss", f"Time to the same loss, {self.args.config.stem}", self.args.threads)
        record["racers"] = [{"name": racer.name, "seconds": racer.elapsed, "losses": racer.losses} for racer in self.racers]
        record["begun"], record["copy_gb_per_second"] = self.kept["begun"], pairing.spread(self.kept["copies"])
        # The lowest loss that all have reached, and round perplexities above it.
        lowest = math.exp(max(min(x["loss"] for x in racer.losses) for racer in self.racers))
        asked = {self.args.until_perplexity} - {None}
        levels = [level for level in sorted({*LEVELS, *asked}, reverse=True) if level > lowest] + [lowest]
        record["levels"] = [{"perplexity": p, "seconds": [r.seconds_to(math.log(p) + 1e-12) for r in self.racers]} for p in levels]
        return record


def table(record: dict) -> str:
    again = f" The race was interrupted and continued {record['begun'] - 1} times." if record["begun"] > 1 else ""
    lines = pairing.head(record) + [
        f"Seconds until the validation perplexity was reached, evaluations and checkpoints included.{again}", "",
        pairing.of_copies(record["copy_gb_per_second"]), "",
    ]
    names = [racer["name"] for racer in record["racers"]]
    lines += ["| perplexity | " + " | ".join(names) + " | speed-up |", "|---" * (len(names) + 2) + "|"]
    for level in record["levels"]:
        ours, *theirs = level["seconds"]
        cells = ["–" if s is None else f"{s:.1f}" for s in level["seconds"]]
        ratio = f"{min(theirs) / ours:.2f} ×" if ours and None not in theirs else "–"
        lines.append(f"| {level['perplexity']:.2f} | " + " | ".join([*cells, ratio]) + " |")
    ends = [f"{r['name']} ended at {math.exp(r['losses'][-1]['loss']):.2f} after {r['losses'][-1]['step']} updates" for r in record["racers"]]
    return "\n".join(lines + ["", "; ".join(ends) + "."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--program", default=pairing.ROOT / "target" / "release" / "wordspace", help="our compiled program")
    parser.add_argument("--peers", default="compiled", help="eager, fused, compiled: comma-separated")
    parser.add_argument("--device", default="flex")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, help="number of updates [default: the configuration's]")
    parser.add_argument("--until-perplexity", type=float, metavar="P", help="stop each at its first evaluation with this perplexity or less")
    parser.add_argument("--every", type=int, default=100, help="updates between evaluations")
    parser.add_argument("--turn", type=float, default=20.0, help="length of a turn in seconds")
    parser.add_argument("--runs", type=Path, help="the folder of the race, to continue it later [default: a temporary one]")
    parser.add_argument("--to", type=Path, help="the folder to write the record and its table to")
    args = parser.parse_args()
    # So that `finally` below ends the racers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    with tempfile.TemporaryDirectory() as temporary:
        runs = args.runs or Path(temporary)
        runs.mkdir(parents=True, exist_ok=True)
        race = Race(runs, args)
        try:
            race.line_up()
            race.run()
        finally:
            for racer in race.racers:
                racer.end()
        record = race.record()
    pairing.write(record, table(record), args.to)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        main()
