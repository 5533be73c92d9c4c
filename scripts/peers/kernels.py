#!/usr/bin/env python3
"""Times the operations that decide how fast an embedding trains, in wordspace and in PyTorch, paired.

    pip install torch numpy
    python scripts/peers/kernels.py                          # compiles ours first, then measures all
    python scripts/peers/kernels.py gradient-zipf --rounds 15
    python scripts/peers/kernels.py --to benches/record

    lookup     rows of a table into a new tensor; PyTorch also into an existing one (`reused`). `long` has 65,536 ids and 201 MB of
               results, which the C library returns to the system after each lookup; ours keeps them
    gradient   token and position rows, and backward to the dense gradients of both tables
    rows       the same with the token gradient in the rows that were read only; in PyTorch a sparse gradient, which has a row for
               each position, and, coalesced, a row for each id, as ours has and an optimizer needs
    update     clipping by the norm and AdamW on 124 million parameters
    head       hidden states times the table, cross-entropy, and backward to the gradients of both

`--candle` includes candle in lookups and gradients. All contenders get the same values and are timed only if their results agree.
Ours and PyTorch get the gradient of the rows as input, as from a layer above; candle recomputes it.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

import pairing
from pairing import torch

if torch is not None:
    from torch.nn import functional
    from torch.nn.functional import cross_entropy, embedding

SIZES = {"v": 50257, "c": 768, "t": 1024, "n": 8192}
WORKLOADS = {
    f"{work}-{ids}": SIZES | {"work": work, "stream": ids, "times": times, "peers": peers}
    for work, times, peers in [
        ("lookup", 50, ["eager", "reused", "compiled"]),
        ("gradient", 10, ["eager", "compiled"]),
        ("rows", 10, ["sparse", "coalesced"]),
    ]
    for ids in ["uniform", "zipf", "same"]
} | {
    f"lookup-long-{ids}": SIZES | {"work": "lookup", "n": 65536, "stream": ids, "times": 8, "peers": ["eager", "reused", "compiled"]}
    for ids in ["uniform", "zipf"]
} | {
    "update": {"work": "update", "v": 124_439_808, "c": 1, "t": 1, "n": 1, "stream": "same", "times": 1, "peers": ["eager", "fused"]},
    "head": {"work": "head", "v": 50257, "c": 256, "t": 128, "n": 1024, "stream": "zipf", "times": 1, "peers": ["eager", "compiled"]},
}


def draw(v: int, n: int, stream: str) -> list[int]:
    random = np.random.default_rng(1)
    match stream:
        case "uniform":
            return random.integers(0, v, n).tolist()
        case "zipf":
            chances = 1.0 / np.arange(1, v + 1)
            return random.permutation(v)[random.choice(v, n, p=chances / chances.sum())].tolist()
        case "same":
            return [v // 2] * n


def values(first: int, *shape: int) -> torch.Tensor:
    """Values between -0.1 and 0.1 with a period of 65,537; `benches/paired` has the same."""
    indices = np.arange(first, first + 65537, dtype=np.int64)
    period = ((indices * 48271 % 65537 / 65537 - 0.5) * 0.2).astype(np.float32)
    return torch.tensor(np.resize(period, shape))


def lookup(request: dict, kind: str):
    wte, ids = values(0, request["v"], request["c"]), torch.tensor(request["ids"])
    out = torch.empty(len(ids), request["c"])
    compiled = torch.compile(lambda wte, ids: embedding(ids, wte))
    return {
        "eager": lambda: [embedding(ids, wte)],
        "reused": lambda: [torch.index_select(wte, 0, ids, out=out)],
        "compiled": lambda: [compiled(wte, ids)],
    }[kind]


def gradient(request: dict, kind: str):
    wte = values(0, request["v"], request["c"]).requires_grad_()
    wpe = values(1, request["t"], request["c"]).requires_grad_()
    ids = torch.tensor(request["ids"]).reshape(-1, request["t"])
    ones = torch.ones(*ids.shape, request["c"])
    forward = lambda wte, wpe, ids: embedding(ids, wte, sparse=kind in ["sparse", "coalesced"]) + wpe
    if kind == "compiled":
        forward = torch.compile(forward)

    def once() -> list[torch.Tensor]:
        wte.grad = wpe.grad = None
        forward(wte, wpe, ids).backward(ones)
        return [wte.grad.coalesce() if kind == "coalesced" else wte.grad, wpe.grad]

    return once


def update(request: dict, kind: str):
    parameter = torch.nn.Parameter(values(0, request["v"]))
    parameter.grad = values(1, request["v"])
    optimizer = torch.optim.AdamW([parameter], lr=1e-3, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1, fused=kind == "fused")

    def once() -> list[torch.Tensor]:
        torch.nn.utils.clip_grad_norm_([parameter], 1.0)
        optimizer.step()
        return [parameter]

    return once


def head(request: dict, kind: str):
    hidden = values(1, len(request["ids"]), request["c"]).requires_grad_()
    wte, targets = values(0, request["v"], request["c"]).requires_grad_(), torch.tensor(request["ids"])
    forward = lambda hidden, wte, targets: cross_entropy(functional.linear(hidden, wte), targets)
    if kind == "compiled":
        forward = torch.compile(forward)

    def once() -> list[torch.Tensor]:
        hidden.grad = wte.grad = None
        loss = forward(hidden, wte, targets)
        loss.backward()
        return [hidden.grad, wte.grad, loss]

    return once


def linear(request: dict, kind: str):
    """A layer as PyTorch has it, with a transposed weight."""
    n, c, v = len(request["ids"]), request["c"], request["v"]
    x, weight, bias = (numbers.requires_grad_() for numbers in [values(1, n, c), values(0, c, v).T.contiguous(), values(0, v)])
    ones = torch.ones(n, v)

    def once() -> list[torch.Tensor]:
        x.grad = weight.grad = bias.grad = None
        functional.linear(x, weight, bias).backward(ones)
        return [x.grad, weight.grad.T, bias.grad]

    return once


def open_peer(kind: str):
    def open_work(request: dict):
        once = {"lookup": lookup, "gradient": gradient, "rows": gradient, "update": update, "head": head}[request["work"]](request, kind)

        def work(times: int) -> list[torch.Tensor]:
            results = []
            for _ in range(times):
                results.clear()
                results = once()
            return results

        return work

    return open_work


def compare(name: str, ours: dict[str, str], args: argparse.Namespace) -> dict:
    work = dict(WORKLOADS[name])
    times, peers, stream = work.pop("times"), work.pop("peers"), work.pop("stream")
    request = work | {"ids": draw(work["v"], work["n"], stream)}
    starts = pairing.of_ours(ours, args.device) + [(f"PyTorch {kind}", [sys.executable, __file__, "serve", kind]) for kind in peers]
    starts += pairing.of_candle(args.candle) if work["work"] in ["lookup", "gradient"] else []
    plan = pairing.Plan(times=times, rounds=args.rounds, check=1, tolerance=1e-4)
    compared = pairing.compare(starts, request, plan, args)
    sizes = f"V {work['v']:,}, C {work['c']}, N {work['n']:,}, ids {stream}"
    shape = f"{work['v']:,} parameters" if name == "update" else sizes
    return {"name": name, "shape": f"{shape}; {times} per turn, {args.rounds} rounds", "rows": work["n"]} | compared


def main() -> None:
    args = pairing.arguments(__doc__, list(WORKLOADS), list(WORKLOADS)).parse_args()
    pairing.measure("kernels", f"Single operations, compared with PyTorch{' and candle' if args.candle else ''}", args, compare)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        pairing.serve(open_peer(sys.argv[2]))
    else:
        main()
