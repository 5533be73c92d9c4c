#!/usr/bin/env python3
"""Generates text with transformers, greedily: the reference for our generation.

Writes tests/golden/generate-folder, a tiny random GPT-2 that `save_pretrained` splits like a large one (in parts, with an index),
with GPT-2's older tokenizer files (vocab.json and merges.txt), and tests/golden/generate.json with

- `greedy`: what `model.generate(do_sample=False)` appends to each prompt, up to the model's context;
- `ended`: the same where the model generates the end-of-text token;
- `sliding`: 40 tokens beyond the context, each predicted from the last `context` tokens only;
- `embed`: the cosines between the vectors of a text, with its own positions and with other ones.

    pip install torch transformers && python scripts/golden_generate.py
"""

import json
import shutil
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Config, GPT2LMHeadModel

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
FOLDER = GOLDEN / "generate-folder"
CONTEXT, CHANNELS, HEADS, LAYERS = 24, 16, 2, 2
MERGES = [
    "t h", "th e", "c a", "ca t", "d o", "do g", "Ġ the", "Ġ cat", "Ġ dog", "s a", "sa t", "Ġ sat", "o n", "Ġ on", "b a",
    "n k", "ba nk", "Ġ bank", "Ġ a", "Ġa t",
]
END = "<|endoftext|>"
# Not the last id, as in GPT-2: a random model generates this one now and then.
END_ID = 39
PROMPTS = ["the cat sat", "a dog at the bank", "cat", " the dog", "bank is near the river bank", "zxq.", "on on on on"]


def write_tokenizer() -> ByteLevelBPETokenizer:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [".", ",", "Ġ"]
    tokens = letters + [merge.replace(" ", "") for merge in MERGES]
    tokens.insert(END_ID, END)
    vocabulary = {token: row for row, token in enumerate(tokens)}
    (FOLDER / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (FOLDER / "merges.txt").write_text("#version: 0.2\n" + "".join(m + "\n" for m in MERGES), encoding="utf-8")
    return ByteLevelBPETokenizer(str(FOLDER / "vocab.json"), str(FOLDER / "merges.txt"))


def tiny_model(vocab_size: int) -> GPT2LMHeadModel:
    torch.manual_seed(7)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=vocab_size, n_positions=CONTEXT, n_embd=CHANNELS, n_layer=LAYERS, n_head=HEADS,
        bos_token_id=None, eos_token_id=None,
    ))
    for parameter in model.parameters():
        # A large standard deviation, so that attention is far from uniform and the text does not just repeat.
        torch.nn.init.normal_(parameter, mean=1.0 if parameter.mean() == 1.0 else 0.0, std=0.5)
    return model.eval()


def margin(model, ids: list[int]) -> float:
    """The gap between the two largest logits; rounding must not decide."""
    with torch.no_grad():
        best = model(torch.tensor([ids[-CONTEXT:]])).logits[0, -1].topk(2).values
    return (best[0] - best[1]).item()


def greedy(model, ids: list[int], tokens: int, end: int | None) -> list[int]:
    with torch.no_grad():
        found = model.generate(
            torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
            max_new_tokens=tokens, eos_token_id=end, pad_token_id=0,
        )
    return found[0, len(ids):].tolist()


def sliding(model, ids: list[int], tokens: int) -> list[int]:
    all_ids = list(ids)
    for _ in range(tokens):
        assert margin(model, all_ids) > 1e-4, all_ids
        with torch.no_grad():
            all_ids.append(model(torch.tensor([all_ids[-CONTEXT:]])).logits[0, -1].argmax().item())
    return all_ids[len(ids):]


def embed(model, ids: list[int], positions: list[int]) -> dict:
    with torch.no_grad():
        tokens = model.transformer.wte(torch.tensor(ids)).double()
        sums = (model.transformer.wte(torch.tensor(ids)) + model.transformer.wpe(torch.tensor(positions))).double()
    cosine = lambda x: torch.nn.functional.cosine_similarity(x[:, None], x[None, :], dim=-1).tolist()
    return {"positions": positions, "token_cosine": cosine(tokens), "sum_cosine": cosine(sums)}


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tokenizer = write_tokenizer()
    end = tokenizer.token_to_id(END)
    model = tiny_model(tokenizer.get_vocab_size())
    model.save_pretrained(FOLDER, max_shard_size="12KB")
    golden = {
        "made_by": f"scripts/golden_generate.py, torch {torch.__version__}, transformers {transformers.__version__}, "
                   f"tokenizers {tokenizers.__version__}",
        "context": CONTEXT, "end": end, "greedy": [], "ended": [], "sliding": [],
    }
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt).ids
        room = CONTEXT - len(ids)
        whole = greedy(model, ids, room, None)
        assert all(margin(model, ids + whole[:n]) > 1e-4 for n in range(room)), prompt
        ended = greedy(model, ids, room, end)
        if end in whole:
            assert ended[-1] == end
            golden["ended"].append({"prompt": prompt, "ids": ids, "tokens": ended[:-1]})
        else:
            assert ended == whole
            golden["greedy"].append({"prompt": prompt, "ids": ids, "tokens": whole})
        beyond = sliding(model, ids, room + 40)
        if end not in beyond:
            golden["sliding"].append({"prompt": prompt, "ids": ids, "tokens": beyond})
    ids = tokenizer.encode("bank at the bank").ids
    own = list(range(len(ids)))
    golden["embed"] = {
        "text": "bank at the bank", "ids": ids, "own": embed(model, ids, own), "asked": embed(model, ids, own[:-1] + [1]),
    }
    assert golden["greedy"] and golden["ended"] and golden["sliding"], golden
    (GOLDEN / "generate.json").write_text(json.dumps(golden) + "\n")
    print({key: len(golden[key]) for key in ["greedy", "ended", "sliding"]})


if __name__ == "__main__":
    main()
