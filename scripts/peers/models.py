"""The models of the comparisons: sizes, initial weights and batches. Needs no PyTorch."""

import numpy as np
from safetensors.numpy import save_file

BATCHES = 20
TRAIN = {"learning_rate": 1e-3, "min_learning_rate": 1e-3, "warmup": 0, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8,
         "weight_decay": 0.1, "clip": 1.0}


def workload(v: int, c: int, l: int, h: int, t: int, b: int, times: int) -> dict:
    model = {"vocab_size": v, "context": t, "channels": c, "heads": h, "layers": l, "dropout": 0.0, "tied": True,
             "positions": "learned", "init_std": 0.02}
    return {"model": model, "batch": b, "times": times}


def operations(work: dict) -> int:
    """FLOPs of an update's matmuls: 6 per weight and token, and 12 L C T per token for attention."""
    model = work["model"]
    v, c, l, t = (model[key] for key in ["vocab_size", "channels", "layers", "context"])
    return work["batch"] * t * (6 * (12 * l * c * c + v * c) + 12 * l * c * t)


def draw(work: dict, file: str) -> None:
    """Writes weights and batches into one file. Ids are written as floats, which represent them exactly."""
    random = np.random.default_rng(1)
    model, rows = work["model"], work["batch"]
    v, c, t = model["vocab_size"], model["channels"], model["context"]
    normal = lambda *shape: random.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
    zeros, ones = lambda *shape: np.zeros(shape, np.float32), lambda *shape: np.ones(shape, np.float32)
    tensors = {"wte.weight": normal(v, c), "wpe.weight": normal(t, c)}
    for n in range(model["layers"]):
        for name, shape in [("attn.c_attn", (c, 3 * c)), ("attn.c_proj", (c, c)), ("mlp.c_fc", (c, 4 * c)), ("mlp.c_proj", (4 * c, c))]:
            tensors |= {f"h.{n}.{name}.weight": normal(*shape), f"h.{n}.{name}.bias": zeros(shape[1])}
    for name in [f"h.{n}.ln_{i}" for n in range(model["layers"]) for i in (1, 2)] + ["ln_f"]:
        tensors |= {f"{name}.weight": ones(c), f"{name}.bias": zeros(c)}
    # Zipf: the frequency of the word of rank r is proportional to 1 / r.
    chances = 1.0 / np.arange(1, v + 1)
    tokens = random.choice(v, (BATCHES, rows, t + 1), p=chances / chances.sum()).astype(np.float32)
    parts = {"batches.ids": tokens[..., :-1], "batches.targets": tokens[..., 1:]}
    save_file(tensors | {name: np.ascontiguousarray(part) for name, part in parts.items()}, file)
