#!/usr/bin/env python3
"""Opens the static embeddings that the program writes with sentence-transformers and model2vec, without a network, and writes
the vectors of texts to tests/golden/static_embedding.json.

    pip install sentence-transformers model2vec
    python scripts/golden_static_embedding.py target/release/wordspace

The runs are untrained, so that their vectors depend only on the seed. Both libraries must agree on every text, except that
model2vec leaves unknown tokens out of the mean: its vector is compared with the mean of the others.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import model2vec
import numpy as np
import sentence_transformers
from model2vec import StaticModel
from sentence_transformers import SentenceTransformer

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "static_embedding.json"
RUN = ["--device", "flex", "--steps", "0"]
SETTINGS = ["model.init_std=0.2", "model.channels=8", "model.layers=1", "model.context=16"]
TEXTS = [
    "the cat sleeps",
    "The dog sees a zebra , and the cat .",
    "  the   cat\tsleeps\n",
    "don't New_York ü日本 <unk>",
    "zebra",
    "",
]
WORDS = ["the", "cat", "dog", "sleeps", "don't", "New_York", "ü日本", ".", '"\\', "The"]


def sources(run) -> dict[str, str]:
    """A source of each kind of tokenizer, by its name in the results."""
    for name in ["word", "char", "bpe:300"]:
        settings = [part for setting in [*SETTINGS, f"data.tokenizer={name}"] for part in ("--set", setting)]
        run("train", "--name", name.split(":")[0], *RUN, *settings)
    values = np.random.default_rng(1).standard_normal((len(WORDS), 4)).astype(np.float32)
    rows = [f"{word} {' '.join(str(x) for x in row)}\n" for word, row in zip(WORDS, values)]
    Path("words.txt").write_text(f"{len(WORDS)} 4\n{''.join(rows)}", encoding="utf-8")
    return {"word": "runs/word", "char": "runs/char", "bpe": "runs/bpe", "words": "words.txt"}


def vectors(folder: str) -> tuple[dict, float]:
    """The ids and vectors of all texts, and by how much the two libraries differ."""
    model = SentenceTransformer(folder, device="cpu")
    other = StaticModel.from_pretrained(folder)
    tokenizer, table = model[0].tokenizer, model[0].embedding.weight.detach().numpy()
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    found = model.encode(TEXTS, convert_to_numpy=True)
    differences = []
    for text, tokens, vector in zip(TEXTS, ids, found):
        known = [token for token in tokens if token != other.unk_token_id]
        without_unknown = table[known].mean(axis=0) if known else np.zeros(table.shape[1])
        expected = without_unknown if len(known) < len(tokens) else vector
        differences.append(np.abs(other.encode(text) - expected).max())
    long = "cat " * 2000  # model2vec would cut it after 512 tokens
    differences.append(np.abs(other.encode(long) - model.encode(long)).max())
    shown = [[float(f"{x:.9g}") for x in vector.tolist()] for vector in found]
    return {"rows": len(table), "ids": ids, "vectors": shown}, float(np.max(differences))


def main() -> None:
    program = Path(sys.argv[1]).resolve()
    versions = f"sentence-transformers {sentence_transformers.__version__}, model2vec {model2vec.__version__}"
    result: dict = {"made_by": f"scripts/golden_static_embedding.py, {versions}", "texts": TEXTS}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run = lambda *arguments: subprocess.run([program, *arguments, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        for name, source in sources(run).items():
            run("convert", source, f"{name}-static", "--to", "static-embedding")
            result[name], difference = vectors(f"{name}-static")
            print(f"{name}: {result[name]['rows']} rows, the libraries differ by at most {difference:.1e}")
            assert difference < 1e-6
        result["file"] = Path("words.txt").read_text(encoding="utf-8")
    GOLDEN.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
