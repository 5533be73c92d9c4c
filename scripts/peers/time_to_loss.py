#!/usr/bin/env python3
"""Trains the same model on the same text in wordspace and in PyTorch, and tells when each reached a loss on held-out text.

    pip install torch safetensors
    cargo build --release
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt
    python scripts/peers/time_to_loss.py configs/tinystories.toml tinystories.txt --steps 40 --every 20     # a try

Both begin with the same weights, read the same token files at random places, and have the same schedule, dropout and
evaluations of all held-out text; windows and dropout are drawn by each for itself. They run side by side and take turns: one
is stopped (SIGSTOP) while the other works, so that neither has the machine to itself at a better time. What counts is the
time a program had, from its evaluation before the first update on, evaluations included.
"""

import argparse
import json
import math
import os
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
    """The run in PyTorch: weights and tokens are those that ours begins with, the configuration is as ours resolved it."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(1)
    start, config = runs / "start", tomllib.loads((runs / "ours" / "config.toml").read_text())
    sizes, train = config["model"], config["train"]
    context, rows = sizes["context"], train["batch"]
    weights = load_file(start / "checkpoints" / "step-000000" / "model.safetensors")
    model = training.Gpt(sizes, weights)
    optimizer = training.adamw(model, train, fused=kind != "eager")
    forward = torch.compile(model) if kind == "compiled" else model
    text, held_out = tokens(start / "tokens" / "train.bin"), tokens(start / "tokens" / "validation.bin")

    def windows(places: torch.Tensor, text: torch.Tensor):
        at = places[:, None] + torch.arange(context)
        return text[at], text[at + 1]

    def evaluate() -> float:
        model.eval()
        places = torch.arange(0, len(held_out) - context, context)
        with torch.no_grad():
            losses = [forward(*windows(some, held_out)).item() * len(some) for some in places.split(rows)]
        model.train()
        return sum(losses) / len(places)

    # What is compiled is compiled before the clock starts.
    forward(*windows(torch.zeros(rows, dtype=torch.long), text)).backward()
    optimizer.zero_grad(set_to_none=True)
    with open(runs / f"{kind}.jsonl", "w") as file:
        say = lambda step: print(json.dumps({"event": "evaluation", "step": step, "loss": evaluate()}), file=file, flush=True)
        say(0)
        for step in range(1, train["steps"] + 1):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, train)
            optimizer.zero_grad(set_to_none=True)
            forward(*windows(torch.randint(0, len(text) - context, (rows,)), text)).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), train["clip"])
            optimizer.step()
            if step % every == 0 or step == train["steps"]:
                say(step)


class Racer:
    """A program that appends evaluations to a log, and the time it had."""

    def __init__(self, name: str, command: list, log: Path, threads: int):
        self.name, self.log, self.had, self.seen, self.losses = name, log, 0.0, 0, []
        variables = {name: str(threads) for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")}
        self.process = subprocess.Popen([str(part) for part in command], env=os.environ | variables, stdout=subprocess.DEVNULL)
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds: float) -> bool:
        """Lets it work; False when it is done."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGCONT)
        while (done := self.process.poll()) is None and time.perf_counter() - began < seconds:
            time.sleep(0.02)
            self.look(self.had + time.perf_counter() - began)
        if done is None:
            self.process.send_signal(signal.SIGSTOP)
        self.had += time.perf_counter() - began
        self.look(self.had)
        assert not done, f"{self.name} ended with {done}"
        return done is None

    def look(self, now: float) -> None:
        if not self.log.exists():
            return
        lines = self.log.read_text().split("\n")[:-1]
        for line in map(json.loads, lines[self.seen :]):
            if line["event"] == "evaluation":
                self.losses.append({"step": line["step"], "loss": line["loss"], "at": now})
        self.seen = len(lines)

    def seconds_to(self, loss: float) -> float | None:
        """From its first evaluation to the first that is as good."""
        return next((x["at"] - self.losses[0]["at"] for x in self.losses if x["loss"] <= loss), None)


def race(racers: list[Racer], seconds: float) -> None:
    # Reading the text and compiling are no part of it: each comes to its first evaluation alone.
    for racer in racers:
        while not racer.losses and racer.turn(0.2):
            pass
    going = list(racers)
    while going:
        going = [racer for racer in going if racer.turn(seconds)]
        print("  ".join(f"{r.name}: step {r.losses[-1]['step']}, {r.losses[-1]['loss']:.3f}, {r.had:.0f} s" for r in racers), file=sys.stderr)


def table(record: dict) -> str:
    lines = pairing.head(record) + ["Seconds each had until its loss on held-out text was as low; evaluations included.", ""]
    names = [racer["name"] for racer in record["racers"]]
    lines += ["| perplexity | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for level in record["levels"]:
        cells = ["–" if s is None else f"{s:.1f}" for s in level["seconds"]]
        lines.append(f"| {level['perplexity']:.2f} | " + " | ".join(cells) + " |")
    ends = [f"{r['name']} ended at {math.exp(r['losses'][-1]['loss']):.2f} after {r['losses'][-1]['step']} updates" for r in record["racers"]]
    return "\n".join(lines + ["", "; ".join(ends) + "."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("--program", default=pairing.ROOT / "target" / "release" / "wordspace", help="ours, built")
    parser.add_argument("--peers", default="compiled", help="of eager, fused, compiled")
    parser.add_argument("--device", default="flex")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, help="how many updates [default: the configuration's]")
    parser.add_argument("--every", type=int, default=100, help="updates between evaluations")
    parser.add_argument("--turn", type=float, default=20.0, help="seconds")
    parser.add_argument("--to", type=Path, help="the folder for the record and its table")
    args = parser.parse_args()
    record = pairing.new_record("time-to-loss", f"Time to the same loss, {args.config.stem}", args.threads)
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        steps = ["--steps", args.steps] if args.steps else []
        ours = [args.program, "train", args.config, "--text", args.text, "--device", args.device, "--out", runs, "--quiet"]
        ours += ["--set", f"evaluate.every={args.every}", "--set", "checkpoint.every=0", "--set", "watch.every=0", "--set", "watch.vectors_every=0"]
        # The weights and tokens that all begin with: a run without an update.
        start = [*ours, "--name", "start", "--set", "train.steps=0", "--set", "evaluate.batches=1"]
        subprocess.run([str(part) for part in start], check=True, stdout=subprocess.DEVNULL)
        racers = [Racer("wordspace", [*ours, "--name", "ours", *steps], runs / "ours" / "log.jsonl", args.threads)]
        for kind in args.peers.split(","):
            command = [sys.executable, __file__, "peer", runs, kind, args.every]
            racers.append(Racer(f"PyTorch {kind}", command, runs / f"{kind}.jsonl", args.threads))
        try:
            race(racers, args.turn)
        finally:
            for racer in racers:
                racer.process.kill()
                racer.process.wait()
    record["racers"] = [{"name": racer.name, "seconds": racer.had, "losses": racer.losses} for racer in racers]
    # The lowest loss that all have reached, and rounder ones above it.
    lowest = math.exp(max(min(x["loss"] for x in racer.losses) for racer in racers))
    levels = [level for level in LEVELS if level > lowest] + [lowest]
    record["levels"] = [{"perplexity": p, "seconds": [racer.seconds_to(math.log(p) + 1e-12) for racer in racers]} for p in levels]
    pairing.write(record, table(record), args.to)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        main()
