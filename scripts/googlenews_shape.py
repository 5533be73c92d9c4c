#!/usr/bin/env python3
"""Writes a random word2vec binary file of GoogleNews' shape, 3,000,000 words of 300 elements (3.6 GB), to a folder.

    pip install numpy && python scripts/googlenews_shape.py FOLDER

The values are normal, drawn in blocks of rows, each from its own generator, so that memory stays small and any block can be drawn
again alone. The first words are English, for queries; the others are row numbers spelled in syllables, about as long as words. As
in GoogleNews' own file, rows do not end with a line break. `--rows V`, `--dimension C` and `--seed N` change the shape and the
values; the file is named V x C, as in `3000000x300.bin`.
"""

import argparse
from pathlib import Path

import numpy as np

BLOCK = 10_000
FIRST = """the in for that is on said with you The king queen man woman cat dog piano car bank river money Paris France Rome
Italy London England Berlin Germany uncle aunt brother sister good better bad worse big bigger small smaller""".split()
SYLLABLES = [c + v + e for c in "b c d f g k l m n p r s t v w z".split() for v in "aeiou" for e in ("", "n", "rs")]


def word(row: int) -> str:
    """The word of a row: its number in at least two syllables, every third word capitalized."""
    if row < len(FIRST):
        return FIRST[row]
    number, text = row, ""
    while number or len(text) < 4:
        number, syllable = divmod(number, len(SYLLABLES))
        text += SYLLABLES[syllable]
    return text.capitalize() if row % 3 == 0 else text


def write(path: Path, rows: int, dimension: int, seed: int) -> None:
    with open(path, "xb", buffering=1 << 22) as file:
        file.write(f"{rows} {dimension}\n".encode())
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            numbers = np.random.default_rng([seed, first]).standard_normal((count, dimension), dtype=np.float32)
            # One word in ten is close to another one, so that there are near neighbours.
            near = np.arange(9, count, 10)
            numbers[near] = numbers[near - 5] + 0.5 * numbers[near]
            for row in range(count):
                file.write(word(first + row).encode() + b" " + numbers[row].tobytes())
            print(f"\r{first + count:,} of {rows:,} rows", end="", flush=True)
    print(f"\n{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--dimension", type=int, default=300)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    write(args.folder / f"{args.rows}x{args.dimension}.bin", args.rows, args.dimension, args.seed)
