#!/usr/bin/env python3
"""Computes a tiny GPT-2 with PyTorch and transformers: the reference for our model and optimizer.

Writes tests/golden/tiny_gpt2.json (parameters, logits, loss, every gradient, twenty AdamW losses with weight decay
groups, warm-up, cosine and global-norm clipping) and tests/golden/gpt2-folder (a folder by `save_pretrained`, with its logits).
Parameters are 32-bit floats; everything is computed from them in 64 bits.

    pip install torch transformers && python scripts/golden_tiny_gpt2.py
"""

import json
import math
from pathlib import Path

import torch
import transformers
from transformers import GPT2Config, GPT2LMHeadModel

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
VOCAB, CONTEXT, CHANNELS, HEADS, LAYERS, ROWS = 13, 6, 8, 2, 2, 3
STEPS, WARMUP, TOP, FLOOR, BETAS, EPSILON, DECAY, CLIP = 20, 5, 0.01, 0.001, (0.9, 0.95), 1e-8, 0.1, 0.25


def tiny_model(seed: int) -> GPT2LMHeadModel:
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCAB, n_positions=CONTEXT, n_embd=CHANNELS, n_layer=LAYERS, n_head=HEADS,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None,
    )
    model = GPT2LMHeadModel(config)
    for parameter in model.parameters():
        # A standard deviation for which attention is far from uniform; norms and biases differ from 1 and 0 too.
        torch.nn.init.normal_(parameter, mean=1.0 if parameter.mean() == 1.0 else 0.0, std=0.2)
    return model.eval().double()


def named(model: GPT2LMHeadModel):
    """Every parameter once, by its name without `transformer.`; the tied head is the token table."""
    return [(name.removeprefix("transformer."), p) for name, p in model.named_parameters()]


def tensor(t: torch.Tensor) -> dict:
    # Nine digits are exact for a 32-bit float, and for a 64-bit one far below any tolerance.
    return {"shape": list(t.shape), "values": [float(f"{x:.9g}") for x in t.detach().flatten().tolist()]}


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.randint(0, VOCAB, (ROWS, CONTEXT + 1))
    return tokens[:, :-1], tokens[:, 1:]


def loss_of(model, ids, targets) -> torch.Tensor:
    logits = model(input_ids=ids).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCAB), targets.reshape(-1))


def learning_rate(step: int) -> float:
    if step <= WARMUP:
        return TOP * step / WARMUP
    done = (step - WARMUP) / (STEPS - WARMUP)
    return FLOOR + 0.5 * (1 + math.cos(math.pi * done)) * (TOP - FLOOR)


def train(model) -> dict:
    groups = [
        {"params": [p for _, p in named(model) if p.dim() >= 2], "weight_decay": DECAY},
        {"params": [p for _, p in named(model) if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=TOP, betas=BETAS, eps=EPSILON)
    batches, losses, norms = [], [], []
    for step in range(1, STEPS + 1):
        ids, targets = batch()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        loss = loss_of(model, ids, targets)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP).item())
        optimizer.step()
        batches.append({"ids": ids.flatten().tolist(), "targets": targets.flatten().tolist()})
        losses.append(loss.item())
    return {
        "steps": STEPS, "warmup": WARMUP, "learning_rate": TOP, "min_learning_rate": FLOOR, "beta1": BETAS[0],
        "beta2": BETAS[1], "epsilon": EPSILON, "weight_decay": DECAY, "clip": CLIP,
        "batches": batches, "losses": losses, "gradient_norms": norms,
    }


def main() -> None:
    model = tiny_model(seed=1)
    ids, targets = batch()
    golden = {
        "made_by": f"scripts/golden_tiny_gpt2.py, torch {torch.__version__}, transformers {transformers.__version__}",
        "config": {"vocab_size": VOCAB, "context": CONTEXT, "channels": CHANNELS, "heads": HEADS, "layers": LAYERS},
        "rows": ROWS,
        "parameters": {name: tensor(p) for name, p in named(model)},
        "ids": ids.flatten().tolist(),
        "targets": targets.flatten().tolist(),
        "logits": tensor(model(input_ids=ids).logits),
    }
    loss = loss_of(model, ids, targets)
    loss.backward()
    golden["loss"] = loss.item()
    golden["gradients"] = {name: tensor(p.grad) for name, p in named(model)}
    golden["training"] = train(model)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    (GOLDEN / "tiny_gpt2.json").write_text(json.dumps(golden) + "\n")

    folder_model = tiny_model(seed=2)
    folder_model.float().save_pretrained(GOLDEN / "gpt2-folder")
    folder_model.double()
    logits = {"ids": ids.flatten().tolist(), "rows": ROWS, "logits": tensor(folder_model(input_ids=ids).logits)}
    (GOLDEN / "gpt2-folder" / "logits.json").write_text(json.dumps(logits) + "\n")


if __name__ == "__main__":
    main()
