#!/usr/bin/env python3
"""Makes a small random word2vec binary file, queries it with gensim, and writes file and answers to tests/golden.

    pip install gensim && python scripts/golden_gensim.py

Writes tests/golden/vectors.bin (300 words of 25 elements, including equal vectors, nearly equal ones, and words that are not UTF-8)
and tests/golden/gensim.json. Words of equal cosine are sorted alphabetically, an order that gensim leaves open; the script asserts
that no other cosines are so close that rounding could exchange them.
"""

import json
from pathlib import Path

import gensim
import numpy as np
from gensim.models import KeyedVectors

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
WORDS, DIMENSION, TOP = 300, 25, 10
NAMED = ["king", "queen", "man", "woman", "cat", "dog", "Bank", "bank", "New_York", "München", "naïve", "pi.3", "日本"]


def file() -> bytes:
    draw = np.random.default_rng(7)
    rows = draw.standard_normal((WORDS, DIMENSION)).astype(np.float32)
    rows += np.float32(0.5)  # a common drift
    names = [name.encode() for name in NAMED] + [b"caf\xe9"]
    names += [f"word{row}".encode() for row in range(len(names), WORDS)]
    rows[1], rows[3] = rows[0] + rows[299], rows[2] + rows[299]  # man is to king as woman is to queen
    rows[5] = rows[4] + 0.4 * rows[5]
    for row in range(40, 240, 10):
        # Three equal vectors, not in alphabetical order, one with the same direction, and a nearly equal one.
        rows[row + 1] = rows[row + 2] = rows[row]
        rows[row + 3] = rows[row] * 2
        rows[row + 4] = rows[row] + np.float32(2e-2) * rows[row + 4]
    lines = [name + b" " + row.tobytes() + b"\n" for name, row in zip(names, rows)]
    return f"{WORDS} {DIMENSION}\n".encode() + b"".join(lines)


def unit_vectors(vectors: KeyedVectors) -> np.ndarray:
    unit = vectors.vectors.astype(np.float64)
    return unit / np.linalg.norm(unit, axis=1, keepdims=True)


def ranked(vectors: KeyedVectors, direction: np.ndarray, found: list[tuple[str, float]]) -> list[dict]:
    """gensim's answers, those of equal cosine in alphabetical order."""
    exact = unit_vectors(vectors) @ (direction / np.linalg.norm(direction))
    exact_of = {word: round(exact[vectors.key_to_index[word]], 12) for word, _ in found}
    gaps = [a - b for a, b in zip(sorted(exact_of.values()), sorted(exact_of.values())[1:])]
    assert all(gap == 0 or abs(gap) > 1e-6 for gap in gaps), gaps
    assert all(abs(exact_of[word] - cosine) < 1e-6 for word, cosine in found)
    found.sort(key=lambda one: (-exact_of[one[0]], one[0]))
    return [{"word": word, "cosine": round(float(cosine), 8)} for word, cosine in found[:TOP]]


def answer(vectors: KeyedVectors, positive: list[str], negative: list[str]) -> dict:
    found = vectors.most_similar(positive=positive, negative=negative, topn=TOP + 8)
    unit, index = unit_vectors(vectors), vectors.key_to_index
    direction = sum(unit[index[w]] for w in positive) - sum((unit[index[w]] for w in negative), np.zeros(DIMENSION))
    return {"positive": positive, "negative": negative, "answers": ranked(vectors, direction, found)}


def near_vector(vectors: KeyedVectors, vector: list[float]) -> dict:
    found = vectors.similar_by_vector(np.array(vector, np.float32), topn=TOP + 8)
    return {"vector": vector, "answers": ranked(vectors, np.array(vector), found)}


def main() -> None:
    (GOLDEN / "vectors.bin").write_bytes(file())
    vectors = KeyedVectors.load_word2vec_format(GOLDEN / "vectors.bin", binary=True, unicode_errors="replace")
    single = NAMED + ["caf\ufffd", "word40", "word42", "word44", "word53", "word101", "word299"]
    several = [["king", "queen"], ["cat", "dog", "bank"], ["word40", "word50"], ["king", "word60", "word60"], ["bank", "Bank"]]
    analogies = [("man", "king", "woman"), ("cat", "dog", "bank"), ("word40", "word50", "word60"), ("king", "queen", "word44"),
                 ("word99", "日本", "München"), ("bank", "Bank", "word70"), ("word113", "word114", "word15")]
    pairs = [("king", "queen"), ("cat", "dog"), ("word40", "word41"), ("word40", "word43"), ("bank", "caf\ufffd"), ("man", "naïve")]
    lists = [["cat", "dog", "word299"], ["king", "queen", "man", "woman", "日本"], ["word40", "word41", "word42", "bank"]]
    draw = np.random.default_rng(8)
    points = [[round(float(x), 3) for x in draw.standard_normal(DIMENSION)] for _ in range(2)]
    golden = {
        "made_by": f"scripts/golden_gensim.py, gensim {gensim.__version__}, numpy {np.__version__}",
        "most_similar": [answer(vectors, [word], []) for word in single]
        + [answer(vectors, words, []) for words in several]
        + [answer(vectors, [b, c], [a]) for a, b, c in analogies],
        "similarity": [{"a": a, "b": b, "cosine": round(float(vectors.similarity(a, b)), 8)} for a, b in pairs],
        "doesnt_match": [{"words": words, "odd": vectors.doesnt_match(words)} for words in lists],
        "similar_by_vector": [near_vector(vectors, point) for point in points],
    }
    (GOLDEN / "gensim.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
