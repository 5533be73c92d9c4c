#!/usr/bin/env python3
"""Times wordspace's Python module and gensim's KeyedVectors on one large word2vec file, turn about, at equal answers.

    pip install wordspace-….whl gensim
    python scripts/googlenews_shape.py FOLDER
    python scripts/peers/keyed_vectors.py FOLDER/3000000x300.bin [--rounds N]

Each library works in a process of its own, one after the other, with all cores: it opens the file, asks for the neighbours of five
words one after another and of 64, and evaluates 1,000 analogies among the first 300,000 words. wordspace is opened twice, without
and with its index, in a cache folder of its own. Memory is what the process holds beyond the mapped file, with NumPy loaded, less
what it held before opening. gensim needs memory for twice the file.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = ["king", "cat", "Paris", "bank", "uncle"]
TOP, MANY, QUESTIONS = 10, 64, 1000


def anonymous() -> int:
    """Bytes of memory of this process that belong to no file."""
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(library: str, path: str, analogies: str) -> dict:
    """What one process finds."""
    import numpy  # noqa: F401: both need it

    if library == "gensim":
        from gensim.models import KeyedVectors

        def opening():
            return KeyedVectors.load_word2vec_format(path, binary=True)

        def many(vectors, words):
            return [vectors.most_similar(word, topn=TOP) for word in words]
    else:
        import wordspace

        def opening():
            return wordspace.open(path)

        def many(vectors, words):
            return vectors.most_similar_many(words, topn=TOP)

    before = anonymous()
    seconds, vectors = timed(opening)
    found = {"open": seconds}
    memory = anonymous() - before
    queries = [timed(lambda word=word: vectors.most_similar(word, topn=TOP)) for word in WORDS]
    found |= {"first query": queries[0][0], "second query": queries[1][0]}
    found["memory"] = max(memory, anonymous() - before) / len(vectors)
    words = [vectors._native.words_at([row])[0] if library != "gensim" else vectors.index_to_key[row] for row in range(100, 100 + MANY)]
    found["64 queries"], answers = timed(lambda: many(vectors, words))
    found["analogies"], (score, sections) = timed(lambda: vectors.evaluate_word_analogies(analogies))
    found["answers"] = [answer for _, answer in queries] + answers
    found["judged"] = [score, *([len(section[kind]) for section in sections] for kind in ("correct", "incorrect"))]
    return found


def process(library: str, path: str, analogies: str, cache: str) -> dict:
    command = [sys.executable, __file__, path, "--library", library, "--analogies", analogies]
    done = subprocess.run(command, env=os.environ | {"WORDSPACE_CACHE": cache}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def write_analogies(path: str, to: Path) -> None:
    """Questions of the file's own words: rows r, r + 5, s, s + 5, of which each second is close to the first."""
    import wordspace

    words = wordspace.open(path, limit=300_000).index_to_key
    draw = random.Random(1)
    tens = [first * 10 + 4 for first in range(10, 30_000 - 1)]
    lines = [": near rows"]
    for _ in range(QUESTIONS):
        a, b = draw.sample(tens, 2)
        lines.append(" ".join(words[row] for row in (a, a + 5, b, b + 5)))
    to.write_text("\n".join(lines) + "\n", encoding="utf8")


def check(ours: dict, theirs: dict) -> float:
    """The largest difference of cosines."""
    difference = 0.0
    for mine, yours in zip(ours["answers"], theirs["answers"], strict=True):
        assert [word for word, _ in mine] == [word for word, _ in yours], (mine, yours)
        difference = max([difference, *(abs(a - b) for (_, a), (_, b) in zip(mine, yours))])
    assert difference < 1e-5, difference
    assert ours["judged"] == theirs["judged"], (ours["judged"], theirs["judged"])
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--library", help=argparse.SUPPRESS)
    parser.add_argument("--analogies", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.library:
        print(json.dumps(measure(args.library, args.file, args.analogies)))
        return
    rounds: dict[str, list[dict]] = {"gensim": [], "first": [], "wordspace": []}
    with tempfile.TemporaryDirectory() as folder:
        analogies = Path(folder) / "analogies.txt"
        write_analogies(args.file, analogies)
        with open(args.file, "rb") as file:
            while file.read(1 << 24):
                pass
        for _ in range(args.rounds):
            cache = tempfile.mkdtemp(dir=folder)
            for name, library in [("first", "wordspace"), ("wordspace", "wordspace"), ("gensim", "gensim")]:
                rounds[name].append(process(library, args.file, str(analogies), cache))
        difference = max(check(ours, theirs) for ours, theirs in zip(rounds["wordspace"], rounds["gensim"]))
    import gensim
    import numpy
    import wordspace

    print(f"wordspace {wordspace.__version__}, gensim {gensim.__version__}, NumPy {numpy.__version__}, Python {platform.python_version()}")
    print(f"{args.file}, {args.rounds} rounds, {os.cpu_count()} cores; medians; cosines differ by {difference:.1e} at most\n")
    print(f"{'':28}{'gensim':>12}{'wordspace':>12}{'ratio':>10}   of each round")
    rows = [("open, the first time", "open", "first"), ("open, with its index", "open", "wordspace")]
    rows += [(name, name, "wordspace") for name in ("first query", "second query", "64 queries", "analogies")]
    for label, name, ours in rows:
        pairs = [(theirs[name], mine[name]) for theirs, mine in zip(rounds["gensim"], rounds[ours])]
        ratios = [theirs / mine for theirs, mine in pairs]
        theirs, mine = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        print(f"{label:28}{theirs:10.3f} s{mine:10.4f} s{statistics.median(ratios):9.1f}×   {min(ratios):.1f} to {max(ratios):.1f}")
    for name in ("gensim", "first", "wordspace"):
        each = statistics.median(found["memory"] for found in rounds[name])
        print(f"memory beyond the file, {name:10} {each:10.1f} bytes a word")


if __name__ == "__main__":
    main()
