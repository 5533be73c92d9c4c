#!/usr/bin/env python3
"""Updates rows of a table with PyTorch's SparseAdam: the reference for `train.lazy`.

Writes tests/golden/sparse_adam.json: a table, the rows that each of eight steps reads, with their gradients, and the table and moments
after the last step. Most rows are read in some steps only, one is never read. Parameters are 32-bit floats; everything is
computed from them in 64 bits.

    pip install torch numpy && python scripts/golden_sparse_adam.py
"""

import json
from pathlib import Path

import torch

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "sparse_adam.json"
ROWS, COLUMNS, STEPS = 7, 5, 8
LEARNING_RATE, BETAS, EPSILON = 0.05, (0.9, 0.95), 1e-8


def numbers(tensor: torch.Tensor) -> list[float]:
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]


def main() -> None:
    torch.manual_seed(1)
    table = torch.nn.Parameter(torch.randn(ROWS, COLUMNS).double())
    optimizer = torch.optim.SparseAdam([table], lr=LEARNING_RATE, betas=BETAS, eps=EPSILON)
    golden = {
        "made_by": f"scripts/golden_sparse_adam.py, torch {torch.__version__}",
        "columns": COLUMNS, "learning_rate": LEARNING_RATE, "beta1": BETAS[0], "beta2": BETAS[1], "epsilon": EPSILON,
        "before": numbers(table),
        "steps": [],
    }
    for step in range(STEPS):
        read = [row for row in range(ROWS - 1) if step % (row + 1) == 0]
        gradient = torch.randn(len(read), COLUMNS)
        table.grad = torch.sparse_coo_tensor(torch.tensor([read]), gradient.double(), table.shape)
        optimizer.step()
        golden["steps"].append({"rows": read, "gradient": numbers(gradient)})
    state = optimizer.state[table]
    golden |= {"after": numbers(table), "first": numbers(state["exp_avg"]), "second": numbers(state["exp_avg_sq"])}
    GOLDEN.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
