#!/usr/bin/env python3
"""Trains tiny fastText models and writes them with fastText's own answers to tests/golden/fasttext.

    pip install fasttext-numpy2-wheel numpy
    python scripts/golden_fasttext.py                                  # writes tests/golden/fasttext
    python scripts/golden_fasttext.py --check MODEL.bin wordspace      # compares the vectors of a model of any size

tests/fasttext.rs compares the vectors of known and unknown words bit for bit, and the nearest neighbours. With --check, converts a
model to .npy with the given program and compares every word with get_word_vector.
"""

import json
import random
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import fasttext
import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "fasttext"
# Characters of one to four bytes, and words of one character.
KINDS = [
    "cat dog cats dogs kitten puppy a",
    "Straße Füße Größe König Königin ü",
    "γάτα σκύλος γάτες ημέρα ψ",
    "猫 犬 子猫 大きい犬",
    "😀 😀😺 🐶🐶🐶",
]
UNKNOWN = ["catdog", "kittens", "Königinnen", "ημέρες", "猫犬", "🐶😀", "x", "New York", "", "e\u0301"]
# fastText initializes a table in tenths, by ten threads at most, and leaves the remainder as it finds it: so C is 10, and ten
# threads train, whose updates race: another run writes other models.
MODELS = {
    "model.bin": dict(model="skipgram", minn=2, maxn=4, bucket=200, dim=10),
    "single.bin": dict(model="cbow", minn=1, maxn=1, bucket=40, dim=10),
    "words-only.bin": dict(model="skipgram", minn=0, maxn=0, dim=10),
}


def sentences() -> list:
    generator = random.Random(7)
    kinds = [kind.split() for kind in KINDS]
    return [" ".join(generator.choices(generator.choice(kinds), k=8)) for _ in range(300)]


def bits(vector: np.ndarray) -> list:
    return vector.astype("<f4").view(np.uint32).tolist()


def answers(model) -> dict:
    known = model.get_words()
    neighbours = {word: model.get_nearest_neighbors(word, k=5) for word in [known[1], "kittens", "Königinnen"]}
    return {
        "words": known,
        "labels": model.get_labels() if model.f.getArgs().model.name == "supervised" else [],
        "bits": [bits(model.get_word_vector(word)) for word in known],
        "unknown": {word: bits(model.get_word_vector(word)) for word in UNKNOWN},
        "neighbours": {word: [[near, cosine] for cosine, near in found] for word, found in neighbours.items()},
    }


def write_golden():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        text, labelled = Path(folder) / "text.txt", Path(folder) / "labelled.txt"
        text.write_text("\n".join(sentences()) + "\n")
        labels = ["__label__pet", "__label__other"]
        labelled.write_text("".join(f"{labels[nth % 2]} {line}\n" for nth, line in enumerate(sentences())))
        # t=1 keeps frequent words: of so few words the default would drop all.
        same = dict(epoch=3, minCount=1, thread=10, verbose=0)
        models = {name: fasttext.train_unsupervised(str(text), t=1, **how, **same) for name, how in MODELS.items()}
        how = dict(minn=2, maxn=3, bucket=300, dim=10, wordNgrams=2, **same)
        models["labels.bin"] = fasttext.train_supervised(str(labelled), **how)
        found = {}
        for name, model in models.items():
            model.save_model(str(GOLDEN / name))
            found[name] = answers(model)
        models["labels.bin"].quantize()
        models["labels.bin"].save_model(str(GOLDEN / "quantized.ftz"))
    made_by = f"scripts/golden_fasttext.py, fasttext-numpy2-wheel {version('fasttext-numpy2-wheel')}"
    golden = json.dumps({"made_by": made_by, "models": found}, ensure_ascii=False, separators=(",", ":"))
    (GOLDEN / "answers.json").write_text(golden + "\n")
    print(f"{GOLDEN}: {sum(file.stat().st_size for file in GOLDEN.iterdir())} bytes")


def check(path: str, program: str):
    model = fasttext.load_model(path)
    with tempfile.TemporaryDirectory() as folder:
        vectors = Path(folder) / "vectors.npy"
        subprocess.run([program, "convert", path, str(vectors), "--quiet"], check=True, stdout=subprocess.DEVNULL)
        words = (Path(folder) / "vectors.words.txt").read_text().split("\n")[:-1]
        ours = np.load(vectors)
    theirs = np.array([model.get_word_vector(word) for word in words])
    assert words == model.get_words()
    equal = (ours.view(np.uint32) == theirs.view(np.uint32)).all(axis=1).sum()
    print(f"{len(words)} words of {ours.shape[1]} values: {equal} equal bit for bit, largest difference {abs(ours - theirs).max()}")


if __name__ == "__main__":
    if "--check" in sys.argv:
        check(*sys.argv[sys.argv.index("--check") + 1 :][:2])
    else:
        write_golden()
