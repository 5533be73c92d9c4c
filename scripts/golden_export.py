#!/usr/bin/env python3
"""Loads an exported run with transformers, as a user would, and writes its output to tests/golden/export.json.

    cargo run --release -- train --name export --device flex --steps 0 --set model.init_std=0.2
    cargo run --release -- export runs/export /tmp/export
    pip install torch transformers && python scripts/golden_export.py /tmp/export

The run is untrained, so that its weights depend only on the seed. To print the output for any other folder:
`python scripts/golden_export.py FOLDER --print "some text"`.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "export.json"
TEXT = "The cat slept on the sofa in the morning . Nobody can tame the zebra ."


def read(folder: str, text: str) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert isinstance(model, GPT2LMHeadModel), type(model)
    ids = tokenizer(text)["input_ids"]
    with torch.no_grad():
        logits = model.eval().double()(input_ids=torch.tensor([ids])).logits[0]
    return {
        "made_by": f"scripts/golden_export.py, torch {torch.__version__}, transformers {transformers.__version__}",
        "text": text,
        "ids": ids,
        "decoded": tokenizer.decode(ids),
        "last_logits": [float(f"{x:.9g}") for x in logits[-1].tolist()],
        "logits_sum_of_squares": float(f"{logits.square().sum().item():.9g}"),
    }


if __name__ == "__main__":
    if "--print" in sys.argv:
        result = read(sys.argv[1], sys.argv[3])
        print(json.dumps({key: value for key, value in result.items() if key != "last_logits"}, indent=1))
    else:
        GOLDEN.write_text(json.dumps(read(sys.argv[1], TEXT)) + "\n")
