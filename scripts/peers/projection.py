#!/usr/bin/env python3
"""Compares t-SNE and UMAP in wordspace, scikit-learn and umap-learn on the same vectors, paired.

    pip install numpy scikit-learn umap-learn
    cargo build --release
    python scripts/peers/projection.py target/release/wordspace FILE --words 2000 5000

FILE is any source that wordspace reads. The first words that consist of letters are projected, and scikit-learn's `trustworthiness`
(5 neighbours, Euclidean) scores all layouts. For wordspace the whole process is timed, including reading a text file and
computing its own trustworthiness; for the others only `fit_transform`, for umap-learn after an untimed first call.
A round uses one seed for all; wordspace's t-SNE uses no random numbers. umap-learn is repeatable only with a seed, and then runs
on one thread; it is also timed without a seed.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import sklearn
import umap
from sklearn.manifold import TSNE, trustworthiness

READ = 200_000


def vectors(program: str, file: str, words: int, folder: Path) -> tuple[np.ndarray, Path]:
    """The vectors of the first words that consist of letters, and a text file with them."""
    command = [program, "convert", file, folder / "all.npy", "--limit", str(READ), "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    table, names = np.load(folder / "all.npy"), (folder / "all.words.txt").read_text().split("\n")
    rows = [row for row, name in enumerate(names) if len(name) > 1 and name.isalpha()][:words]
    assert len(rows) == words, f"{file} has {len(rows)} words of letters in its first {READ} rows; expected {words}"
    chosen = folder / f"{words}.txt"
    lines = [" ".join([names[row], *(repr(float(x)) for x in table[row])]) for row in rows]
    chosen.write_text(f"{words} {table.shape[1]}\n" + "\n".join(lines) + "\n")
    (folder / "all.npy").unlink()
    (folder / "all.words.txt").unlink()
    return table[rows].astype(np.float64), chosen


def ours(program: str, chosen: Path, method: str, dims: int, seed: int) -> np.ndarray:
    to = chosen.with_suffix(".json")
    to.unlink(missing_ok=True)
    options = ["--method", method, "--dims", dims, "--top", 10**6, "--seed", seed, "--to", to, "--quiet"]
    subprocess.run([str(word) for word in [program, "project", chosen, *options]], check=True, stdout=subprocess.DEVNULL)
    return np.array(json.loads(to.read_text())["points"])


def peers(method: str, dims: int):
    if method == "tsne":
        fit = lambda seed: TSNE(n_components=dims, init="pca", random_state=seed, n_jobs=-1).fit_transform
        return {"scikit-learn": fit}
    seeded = lambda seed: umap.UMAP(n_components=dims, random_state=seed, n_jobs=1).fit_transform
    return {"umap-learn": seeded, "umap-learn without a seed": lambda _: umap.UMAP(n_components=dims).fit_transform}


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("program")
    ask.add_argument("file")
    ask.add_argument("--words", type=int, nargs="+", default=[2000, 5000])
    ask.add_argument("--methods", nargs="+", choices=["tsne", "umap"], default=["tsne", "umap"])
    ask.add_argument("--dims", type=int, nargs="+", default=[2, 3])
    ask.add_argument("--rounds", type=int, default=3)
    asked = ask.parse_args()
    print(f"scikit-learn {sklearn.__version__}, umap-learn {umap.__version__}, numpy {np.__version__}, {os.cpu_count()} cores")
    for words in asked.words:
        with tempfile.TemporaryDirectory() as folder:
            points, chosen = vectors(asked.program, asked.file, words, Path(folder))
            for method in asked.methods:
                for dims in asked.dims:
                    compare(asked.program, points, chosen, method, dims, asked.rounds)


def compare(program: str, points: np.ndarray, chosen: Path, method: str, dims: int, rounds: int) -> None:
    work = {"wordspace": lambda seed: lambda _: ours(program, chosen, method, dims, seed)} | peers(method, dims)
    for name, fit in work.items():
        if name.startswith("umap-learn"):
            fit(0)(points)  # compiles itself, with other code for many points
    seconds, trust = {name: [] for name in work}, {name: [] for name in work}
    for seed in range(rounds):
        for name, fit in work.items():
            began = time.perf_counter()
            layout = fit(seed)(points)
            seconds[name].append(time.perf_counter() - began)
            trust[name].append(trustworthiness(points, layout, n_neighbors=5))
    for name in work:
        times, trusts = seconds[name], trust[name]
        print(
            f"{len(points):6} words  {method:4} {dims}-D  {name:<26}trustworthiness {statistics.median(trusts):.4f} "
            f"({min(trusts):.4f} to {max(trusts):.4f})   {statistics.median(times):7.2f} s ({min(times):.2f} to {max(times):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
