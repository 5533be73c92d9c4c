#!/usr/bin/env python3
"""Times an update of the same GPT-2 in wordspace and in PyTorch, paired, at equal losses.

    pip install torch safetensors
    python scripts/peers/training.py toy head                # compiles ours first
    python scripts/peers/training.py toy --threads 1
    python scripts/peers/training.py toy --to benches/record

An update is: batch to the device, forward, loss, backward, clipping by the global norm, AdamW. All contenders start from the same
weights and take the same batches, and are timed only if their losses over twenty updates agree to 1e-4. Gradient norms are not
compared: PyTorch sums the squares of a large table sequentially in 32 bits, with a relative error of 1e-3 for 13 million
elements (`vector_norm` in 64 bits shows it).

PyTorch runs eager, with the fused AdamW, and compiled with the fused AdamW (which needs a C++ compiler). `--candle` includes
candle. `--ours NAME=PROGRAM` names a compiled `paired` bench; several of them compare builds.
"""

import argparse
import sys
import tempfile
import tomllib

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy, dropout, embedding, gelu, layer_norm, linear, scaled_dot_product_attention

import pairing
from models import BATCHES, TRAIN, draw, operations, workload

PEERS = ["eager", "fused", "compiled"]


def preset(name: str, vocab_size: int, times: int) -> dict:
    config = tomllib.loads((pairing.ROOT / "configs" / f"{name}.toml").read_text())
    model, train = config["model"], config["train"]
    return workload(vocab_size, model["channels"], model["layers"], model["heads"], model["context"], train["batch"], times)


WORKLOADS = {
    "toy": lambda: workload(1024, 64, 2, 4, 64, 32, times=20),
    "head": lambda: workload(50257, 256, 2, 4, 128, 8, times=1),
    "shakespeare-char": lambda: preset("shakespeare-char", 65, times=20),
    "gpt2-small": lambda: workload(50257, 768, 12, 12, 256, 1, times=1),
}


class Gpt(nn.Module):
    """GPT-2 as one writes it for PyTorch; matrices are `[out, in]`, as `linear` expects them."""

    def __init__(self, model: dict, tensors: dict):
        super().__init__()
        self.layers, self.heads, self.share = model["layers"], model["heads"], model["dropout"]
        is_matrix = lambda name, tensor: tensor.dim() == 2 and name.startswith("h.")
        as_ours = {name: tensor.T.contiguous() if is_matrix(name, tensor) else tensor for name, tensor in tensors.items()}
        self.p = nn.ParameterDict({name.replace(".", "_"): nn.Parameter(tensor) for name, tensor in as_ours.items()})

    def norm(self, x, name: str):
        return layer_norm(x, x.shape[-1:], self.p[f"{name}_weight"], self.p[f"{name}_bias"])

    def linear(self, x, name: str):
        return linear(x, self.p[f"{name}_weight"], self.p[f"{name}_bias"])

    def drop(self, x):
        return dropout(x, self.share) if self.training and self.share > 0 else x

    def block(self, x, n: int):
        b, t, c = x.shape
        qkv = self.linear(self.norm(x, f"h_{n}_ln_1"), f"h_{n}_attn_c_attn")
        q, k, v = (part.view(b, t, self.heads, c // self.heads).transpose(1, 2) for part in qkv.split(c, dim=2))
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=self.share if self.training else 0.0)
        x = x + self.drop(self.linear(mixed.transpose(1, 2).reshape(b, t, c), f"h_{n}_attn_c_proj"))
        hidden = gelu(self.linear(self.norm(x, f"h_{n}_ln_2"), f"h_{n}_mlp_c_fc"), approximate="tanh")
        return x + self.drop(self.linear(hidden, f"h_{n}_mlp_c_proj"))

    def forward(self, ids, targets):
        x = self.drop(embedding(ids, self.p["wte_weight"]) + self.p["wpe_weight"][: ids.shape[1]])
        for n in range(self.layers):
            x = self.block(x, n)
        logits = linear(self.norm(x, "ln_f"), self.p["wte_weight"])
        return cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def adamw(model: nn.Module, train: dict, fused: bool) -> torch.optim.AdamW:
    groups = [{"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": train["weight_decay"]},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=train["learning_rate"], betas=(train["beta1"], train["beta2"]), eps=train["epsilon"],
                             fused=fused)


def open_peer(kind: str):
    def open_work(request: dict):
        tensors, train, device = load_file(request["file"]), request["train"], request["peer_device"]
        batches = list(zip(tensors.pop("batches.ids").long(), tensors.pop("batches.targets").long()))
        model = Gpt(request["model"], tensors).to(device)
        optimizer = adamw(model, train, fused=kind != "eager")
        forward = torch.compile(model) if kind == "compiled" else model
        done = 0

        def work(times: int) -> list[torch.Tensor]:
            nonlocal done
            results = []
            for _ in range(times):
                ids, targets = (numbers.to(device) for numbers in batches[done % len(batches)])
                done += 1
                optimizer.zero_grad(set_to_none=True)
                loss = forward(ids, targets)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), train["clip"])
                optimizer.step()
                results.append(loss.detach().reshape(1))
            return results

        return work

    return open_work


def compare(name: str, ours: dict[str, str], args: argparse.Namespace) -> dict:
    work = WORKLOADS[name]()
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/{name}.safetensors"
        draw(work, file)
        request = {"work": "training", "file": file, "model": work["model"], "train": TRAIN | {"batch": work["batch"]}}
        starts = pairing.of_ours(ours, args.device)
        starts += [(f"PyTorch {kind}", [sys.executable, __file__, "serve", kind]) for kind in args.peers.split(",") if kind]
        starts += pairing.of_candle(args.candle)
        plan = pairing.Plan(times=work["times"], rounds=args.rounds, check=args.check, tolerance=1e-4)
        compared = pairing.compare(starts, request, plan, args)
    return {"name": name, "shape": shape(work, args), "tokens": work["batch"] * work["model"]["context"]} | compared


def shape(work: dict, args: argparse.Namespace) -> str:
    letters = [("V", "vocab_size"), ("C", "channels"), ("L", "layers"), ("H", "heads"), ("T", "context")]
    sizes = ", ".join(f"{letter} {work['model'][key]:,}" for letter, key in letters)
    products = f"{operations(work) / 1e9:.3g} GFLOP of matmul"
    return f"{sizes}, B {work['batch']}: {products}; {work['times']} per turn, {args.rounds} rounds, {args.check} compared"


def main() -> None:
    parser = pairing.arguments(__doc__, list(WORKLOADS), ["toy", "head"])
    parser.add_argument("--peers", default=",".join(PEERS), help="eager, fused, compiled: comma-separated")
    parser.add_argument("--check", type=int, default=BATCHES, help="number of updates whose losses are compared")
    args = parser.parse_args()
    pairing.measure("training", f"An update of a model, compared with PyTorch{' and candle' if args.candle else ''}", args, compare)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        pairing.serve(open_peer(sys.argv[2]))
    else:
        main()
