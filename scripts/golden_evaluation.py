#!/usr/bin/env python3
"""Evaluates vectors with gensim, scipy and scikit-learn and writes the results to tests/golden/evaluation.json.

    pip install gensim scipy scikit-learn && python scripts/golden_evaluation.py

The vectors come from an integer generator, so that tests/evaluation.rs makes the same ones, bit for bit. To print the results for
other vectors and files: `python scripts/golden_evaluation.py VECTORS.txt SIMILARITY ANALOGIES CATEGORIES`.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path

import gensim
import numpy as np
import scipy
import sklearn
from gensim.models import KeyedVectors
from scipy.stats import spearmanr
from sklearn.cluster import AgglomerativeClustering

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "evaluation.json"
KINDS, EACH, C = 12, 20, 16


def uniform(seed: int):
    """Knuth's linear congruential generator, 53 bits of it as a value from 0 to 1."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 11) / 2**53


def vectors() -> KeyedVectors:
    """Words k<kind>w<nth>: vectors of their kind, of their index within the kind, of noise, and of a common drift, summed."""
    random = uniform(11)
    kinds = [[next(random) - 0.5 for _ in range(C)] for _ in range(KINDS)]
    shared = [[next(random) - 0.5 for _ in range(C)] for _ in range(EACH)]
    drift = [next(random) for _ in range(C)]
    words, rows = [], []
    for kind in range(KINDS):
        for nth in range(EACH):
            # Every seventh word occurs twice, the second time in capitals.
            for copy in range(2 if (kind * EACH + nth) % 7 == 0 else 1):
                word = f"k{kind}w{nth}"
                words.append(word.upper() if copy else word)
                noise = [(next(random) - 0.5) / 2 for _ in range(C)]
                rows.append([((kinds[kind][j] + shared[nth][j]) + noise[j]) + drift[j] for j in range(C)])
    found = KeyedVectors(C)
    found.add_vectors(words, np.array(rows).astype(np.float32))
    return found


def files() -> dict:
    """Benchmark files with these words in mixed case, including words without a vector."""
    random = uniform(13)
    pick = lambda n: int(next(random) * n)
    word = lambda: f"{'K' if pick(4) == 0 else 'k'}{pick(KINDS + 1)}w{pick(EACH)}"
    similarity = ""
    for _ in range(250):
        a, b = word(), word()
        alike = 3 * (a[1:].split("w")[0] == b[1:].split("w")[0]) + 3 * (a.split("w")[1] == b.split("w")[1])
        similarity += f"{a}\t{b}\t{alike + pick(5) / 2}\n"
    analogies = ""
    for section in ["shared", "kinds, too"]:
        analogies += f": {section}\n"
        for _ in range(120):
            a, b, x, y = pick(KINDS + 1), pick(KINDS), pick(EACH), pick(EACH)
            analogies += f"k{a}w{x} k{a}w{y} K{b}w{x} k{b}w{y}\n"
    rows = [(f"kind {kind}", f"k{kind}w{nth}") for kind in range(KINDS) for nth in range(0, EACH, 2 + kind % 3)]
    rows += [("mixed", word()) for _ in range(15)] + [("kind 3", "nowhere"), ("nothing", "nobody")]
    categories = ",category,word\n" + "".join(f"{i},{kind},{word}\n" for i, (kind, word) in enumerate(rows))
    return {"similarity": similarity, "analogies": analogies, "categories": categories}


def purity(vectors: KeyedVectors, path: Path) -> dict:
    """Neighbour purity and clustering purity among the covered words."""
    lookup = {}
    for row, word in enumerate(vectors.index_to_key):
        lookup.setdefault(word.upper(), row)
    classes, words = {}, set()
    for line in csv.DictReader(path.open()):
        words.add(line["word"].upper())
        if line["word"].upper() in lookup:
            classes.setdefault(line["category"], set()).add(lookup[line["word"].upper()])
    rows = sorted({row for rows in classes.values() for row in rows})
    unit = vectors.vectors[rows].astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    of = [{name for name, members in classes.items() if row in members} for row in rows]
    index = {row: i for i, row in enumerate(rows)}
    shares = []
    for members in classes.values():
        if len(members) > 1:
            n = min(10, len(members) - 1)
            for row in members:
                nearest = np.argsort(-cosines[index[row]], kind="stable")[:n]
                shares.append(np.mean([bool(of[index[row]] & of[other]) for other in nearest]))
    clustering = AgglomerativeClustering(n_clusters=len(classes), metric="cosine", linkage="average").fit_predict(unit)
    commonest = 0
    for cluster in range(len(classes)):
        inside = [of[i] for i in np.flatnonzero(clustering == cluster)]
        commonest += max(sum(name in names for names in inside) for name in classes)
    return {
        "purity": float(np.mean(shares)),
        "clustering_purity": commonest / len(rows),
        "words": len(words),
        "covered": len(rows),
        "categories": len(classes),
    }


def evaluate(vectors: KeyedVectors, similarity: str, analogies: str, categories: str) -> dict:
    spearman = vectors.evaluate_word_pairs(similarity, dummy4unknown=False)[1]
    _, sections = vectors.evaluate_word_analogies(analogies)
    counts = [{key: len(section[key]) for key in ["correct", "incorrect"]} for section in sections]
    return {
        "similarity": {"spearman": float(spearman[0])},
        "analogies": [{"section": s["section"], **c} for s, c in zip(sections, counts)],
        "categories": purity(vectors, Path(categories)),
    }


def centred(vectors: KeyedVectors) -> KeyedVectors:
    found = KeyedVectors(vectors.vector_size)
    rows = vectors.vectors.astype(np.float64)
    found.add_vectors(list(vectors.index_to_key), (rows - rows.mean(0)).astype(np.float32))
    return found


def random_correlation(n: int) -> float:
    """The 95th percentile of |Spearman's correlation| of n values with random permutations of them."""
    random, ranks = np.random.default_rng(42), np.arange(n)
    found = [1 - 6 * ((ranks - random.permutation(n)) ** 2).sum() / (n * (n * n - 1)) for _ in range(100_000)]
    return float(np.quantile(np.abs(found), 0.95))


def main() -> None:
    if len(sys.argv) > 1:
        given = KeyedVectors.load_word2vec_format(sys.argv[1])
        for view in [given, centred(given)]:
            print(json.dumps(evaluate(view, *sys.argv[2:5]), indent=1))
        return
    texts, made = files(), vectors()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in texts.items():
            paths.append(f"{folder}/{name}.csv")
            Path(paths[-1]).write_text(text)
        golden = {
            "made_by": f"scripts/golden_evaluation.py, gensim {gensim.__version__}, scipy {scipy.__version__}, "
            f"scikit-learn {sklearn.__version__}",
            "sum": float(made.vectors.astype(np.float64).sum()),
            "files": texts,
            "raw": evaluate(made, *paths),
            "centred": evaluate(centred(made), *paths),
        }
    a, b = [1, 2, 2, 3, 3, 3, 9, 0.5], [2, 2, 1, 7, 7, 3, 7, 0]
    golden["spearman"] = {"a": a, "b": b, "expected": float(spearmanr(a, b)[0])}
    golden["random_correlation"] = {str(n): random_correlation(n) for n in (8, 30, 353)}
    GOLDEN.write_text(json.dumps(golden) + "\n")
    print(json.dumps({key: golden[key] for key in ["made_by", "sum", "raw", "centred"]}, indent=1))


if __name__ == "__main__":
    main()
