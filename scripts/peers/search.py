#!/usr/bin/env python3
"""Times nearest neighbours in wordspace, gensim and faiss on one large word2vec file, paired, at equal answers.

    pip install numpy gensim faiss-cpu
    python scripts/googlenews_shape.py FOLDER
    cargo bench --no-run --bench three_million          # prints the path of the program
    python scripts/peers/search.py PROGRAM FOLDER/3000000x300.bin

gensim loads the file with `load_word2vec_format` and answers with `most_similar`; its second opening uses its own format with
`mmap="r"`, the fastest it has. faiss searches an `IndexFlatIP` of normalized vectors; it cannot read word2vec files, so its first
opening includes loading by gensim, and its second one maps its own file. All three use all cores. Their answers must be the same
words, with cosines within 1e-5. Needs memory for four times the file and space in FOLDER for twice the file.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faiss
import gensim
import numpy as np
from gensim.models import KeyedVectors

WORDS = ["king", "cat", "Paris", "bank", "uncle"]
ROUNDS, TOP, MANY = 3, 10, 64


def timed(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def ours(program: str, file: Path, cache: str) -> dict:
    done = subprocess.run([program, file, *WORDS], env=os.environ | {"WORDSPACE_CACHE": cache}, capture_output=True, check=True)
    return json.loads(done.stdout)


def spread(seconds: list[float]) -> str:
    middle = statistics.median(seconds)
    return f"{middle:8.3f} s   ({min(seconds):.3f} to {max(seconds):.3f}, {len(seconds)} times)"


def rows_of_faiss(vectors: KeyedVectors) -> faiss.IndexFlatIP:
    index = faiss.IndexFlatIP(vectors.vector_size)
    for first in range(0, len(vectors), 100_000):
        some = vectors.vectors[first : first + 100_000].copy()
        faiss.normalize_L2(some)
        index.add(some)
    return index


def unit(vectors: KeyedVectors, rows) -> np.ndarray:
    some = vectors.vectors[rows].copy()
    faiss.normalize_L2(some)
    return some


def answers_of_faiss(vectors: KeyedVectors, index, rows: list[int]) -> list[list]:
    cosines, found = index.search(unit(vectors, rows), TOP + 1)
    return [[(vectors.index_to_key[at], float(x)) for x, at in zip(xs, ats) if at != row][:TOP]
            for row, xs, ats in zip(rows, cosines, found)]


def must_agree(ours: list, theirs: list, who: str) -> None:
    assert [word for word, _ in ours] == [word for word, _ in theirs], (who, ours, theirs)
    worst = max(abs(a - b) for (_, a), (_, b) in zip(ours, theirs))
    assert worst < 1e-5, (who, worst)


def main(program: str, file: Path) -> None:
    print(f"gensim {gensim.__version__}, faiss {faiss.__version__}, numpy {np.__version__}, {os.cpu_count()} cores")
    times: dict[str, list[float]] = {}
    put = lambda name, seconds: times.setdefault(name, []).append(seconds)
    cat = lambda: subprocess.run(f"cat '{file}' > /dev/null", shell=True, check=True)
    cat()
    for _ in range(ROUNDS):
        put("cat FILE > /dev/null", timed(cat)[0])
        with tempfile.TemporaryDirectory() as cache:
            first, second = ours(program, file, cache), ours(program, file, cache)
        put("first opening to first answer: wordspace", first["open_to_first_answer"])
        put("first opening alone: wordspace", first["open"])
        put("second opening alone: wordspace", second["open"])
        put("second opening to first answer: wordspace", second["open_to_first_answer"])
        for result in (first, second):
            for name, label in [("read", "read through a buffer"), ("memory_pass", "sum of the mapped file, all threads"),
                                ("one", "one query, top 10: wordspace"), ("many", "64 queries, top 10: wordspace")]:
                times.setdefault(label, []).extend(result[name])
    memory = second["memory"]

    load, vectors = timed(lambda: KeyedVectors.load_word2vec_format(file, binary=True))
    query, _ = timed(lambda: vectors.most_similar(WORDS[0], topn=TOP))
    put("first opening to first answer: gensim", load + query)
    put("first query, norms included: gensim", query)
    build, index = timed(lambda: rows_of_faiss(vectors))
    rows = [vectors.key_to_index[word] for word in WORDS]
    query, theirs = timed(lambda: answers_of_faiss(vectors, index, rows[:1]))
    put("first opening to first answer: faiss (loaded by gensim)", load + build + query)
    for word, found in zip(WORDS, answers_of_faiss(vectors, index, rows)):
        must_agree(second["answers"][word], found, "faiss")
        must_agree(second["answers"][word], vectors.most_similar(word, topn=TOP), "gensim")
    print(f"equal answers for {', '.join(WORDS)}")
    many = [nth * (len(vectors) // MANY) for nth in range(MANY)]
    keys, units, one = [vectors.index_to_key[row] for row in many], unit(vectors, many), unit(vectors, rows[:1])
    with tempfile.TemporaryDirectory() as cache:
        ours(program, file, cache)
        for nth in range(ROUNDS):
            put("one query, top 10: gensim", timed(lambda: vectors.most_similar(WORDS[0], topn=TOP))[0])
            put("one query, top 10: faiss", timed(lambda: index.search(one, TOP + 1))[0])
            if nth < 2:  # slow: gensim cannot share a pass
                put("64 queries, top 10: gensim", timed(lambda: [vectors.most_similar(key, topn=TOP) for key in keys])[0])
            put("64 queries, top 10: faiss", timed(lambda: index.search(units, TOP + 1))[0])
            result = ours(program, file, cache)
            times["one query, top 10: wordspace"].extend(result["one"])
            times["64 queries, top 10: wordspace"].extend(result["many"])
    second_openings(file.parent, vectors, index, one, put)
    for name, seconds in sorted(times.items()):
        print(f"{name:<58}{spread(seconds)}")
    print(f"wordspace's memory: {memory['RssAnon']} kB of its own, {memory['RssFile']} kB of the mapped file")


def second_openings(folder: Path, vectors: KeyedVectors, index, one: np.ndarray, put) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as native:
        vectors.save(f"{native}/gensim.kv")
        for _ in range(ROUNDS):
            load, again = timed(lambda: KeyedVectors.load(f"{native}/gensim.kv", mmap="r"))
            put("second opening alone: gensim, its own format, mapped", load)
            query, _ = timed(lambda: again.most_similar(WORDS[0], topn=TOP))
            put("second opening to first answer: gensim, its own format, mapped", load + query)
            del again
    with tempfile.TemporaryDirectory(dir=folder) as native:
        faiss.write_index(index, f"{native}/faiss.index")
        # Newer versions have a flag of their own for mapping flat indexes.
        mapped = getattr(faiss, "IO_FLAG_MMAP_IFC", faiss.IO_FLAG_MMAP)
        for _ in range(ROUNDS):
            load, again = timed(lambda: faiss.read_index(f"{native}/faiss.index", mapped))
            put("second opening alone: faiss, its own format, mapped, no words", load)
            query, _ = timed(lambda: again.search(one, TOP + 1))
            put("second opening to first answer: faiss, its own format, mapped, no words", load + query)
            del again


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
