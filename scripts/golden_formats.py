#!/usr/bin/env python3
"""Writes vector files with other tools, and checks that those tools read ours.

    pip install gensim numpy safetensors torch transformers
    python scripts/golden_formats.py                             # writes tests/golden/formats
    python scripts/golden_formats.py --check target/release/wordspace

Without arguments, writes small files with gensim, NumPy, safetensors and transformers, and their words and values, which
tests/formats.rs compares bit for bit. With --check, converts a table to every format and GPT-2 folders of every kind to .npy with
the given program, reads the results with those tools and the Embedding Projector's rules, and compares bit for bit.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "formats"
WORDS = ["cat", "dog", "1984", "Zürich", "語", "don't", "e-mail@example.org"]


def numbers(rows: int, dimension: int, seed: int) -> np.ndarray:
    """Finite floats of every magnitude: hard cases first, then random bits."""
    hard = [1 / 3, -0.0, 1e-45, 3.4028235e38, 1.1754942e-38, 0.1, 16777216.0, -1e-7, 123456.79, 9.999999e-5, 2.5, 0.3]
    bits = np.random.default_rng(seed).integers(0, 2**32, size=3 * rows * dimension, dtype=np.uint32)
    random = bits.view(np.float32)
    random = random[np.isfinite(random)]
    return np.concatenate([np.array(hard, np.float32), random])[: rows * dimension].reshape(rows, dimension)


def keyed_vectors(words: list, table: np.ndarray):
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(table.shape[1])
    vectors.add_vectors(words, table)
    return vectors


def write_word2vec_c(path: Path, words: list, table: np.ndarray):
    """As word2vec.c does, with a line break after each row."""
    with open(path, "wb") as out:
        out.write(b"%d %d\n" % table.shape)
        for word, row in zip(words, table):
            out.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")


def write_fasttext(path: Path, words: list, table: np.ndarray):
    """As fastText writes .vec, with a space at the end of each line (here with enough digits for any float)."""
    lines = [f"{len(words)} {table.shape[1]}"]
    lines += [word + " " + "".join(f"{x:.9g} " for x in row) for word, row in zip(words, table)]
    path.write_text("\n".join(lines) + "\n")


def tiny_gpt2(vocab_size: int, seed: int):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    return GPT2LMHeadModel(GPT2Config(vocab_size=vocab_size, n_positions=6, n_embd=4, n_layer=2, n_head=1))


def save_gpt2(folder: Path, model, words: list, **how):
    model.save_pretrained(folder, **how)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n")


def bits(table: np.ndarray) -> list:
    return table.astype("<f4").reshape(-1).view(np.uint32).tolist()


def write_golden():
    import safetensors.numpy
    import torch

    GOLDEN.mkdir(parents=True, exist_ok=True)
    table = numbers(len(WORDS), 5, seed=1)
    vectors = keyed_vectors(WORDS, table)
    vectors.save_word2vec_format(str(GOLDEN / "gensim.bin"), binary=True)
    vectors.save_word2vec_format(str(GOLDEN / "gensim.txt"), binary=False)
    vectors.save_word2vec_format(str(GOLDEN / "glove.txt"), binary=False, write_header=False)
    write_word2vec_c(GOLDEN / "word2vec-c.bin", WORDS, table)
    write_fasttext(GOLDEN / "fasttext.vec", WORDS, table)
    expected = {name: bits(table) for name in ["gensim.bin", "gensim.txt", "glove.txt", "word2vec-c.bin", "fasttext.vec"]}

    narrow = numbers(len(WORDS), 5, seed=2)
    narrow = np.where(abs(narrow) < 6e4, narrow, 1).astype(np.float16)
    wide = table.astype(np.float64)
    for name, array, version in [("f4", table, (1, 0)), ("f8", wide, (2, 0)), ("f2", narrow, (3, 0))]:
        with open(GOLDEN / f"{name}.npy", "wb") as out:
            np.lib.format.write_array(out, array, version=version)
        expected[f"{name}.npy"] = bits(array.astype(np.float32))
    (GOLDEN / "words.txt").write_text("\n".join(WORDS) + "\n")
    safetensors.numpy.save_file({"embedding": table}, GOLDEN / "table.safetensors", {"words": json.dumps(WORDS)})
    expected["table.safetensors"] = bits(table)

    np.savetxt(GOLDEN / "vectors.tsv", table, fmt="%.9g", delimiter="\t")
    (GOLDEN / "metadata.tsv").write_text("count\tword\n" + "".join(f"{i}\t{word}\n" for i, word in enumerate(WORDS)))
    expected["vectors.tsv"] = bits(table)
    with open(GOLDEN / "table.csv", "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["word"] + [f"x{i}" for i in range(5)])
        writer.writerows([word, *(f"{x:.9g}" for x in row)] for word, row in zip(WORDS, table))
    expected["table.csv"] = bits(table)

    spellings = ["a", "Ġcat", "Ġdog", "Ã¼", "Ã", "Ċ", "<|endoftext|>"]
    model = tiny_gpt2(len(spellings), seed=3)
    save_gpt2(GOLDEN / "gpt2", model, spellings)
    save_gpt2(GOLDEN / "gpt2-parts", model, spellings, max_shard_size="1KB")
    expected["gpt2"] = expected["gpt2-parts"] = bits(model.transformer.wte.weight.detach().numpy())
    half = tiny_gpt2(len(spellings), seed=3).to(torch.bfloat16)
    save_gpt2(GOLDEN / "gpt2-bf16", half, spellings)
    expected["gpt2-bf16"] = bits(half.transformer.wte.weight.detach().float().numpy())
    positions = bits(model.transformer.wpe.weight.detach().numpy())

    made_by = "scripts/golden_formats.py, " + ", ".join(versions())
    golden = {"made_by": made_by, "words": WORDS, "spellings": spellings, "positions": positions, "bits": expected}
    (GOLDEN / "expected.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    print(f"{GOLDEN}: {sum(f.stat().st_size for f in GOLDEN.rglob('*') if f.is_file())} bytes")


def versions() -> list:
    import gensim
    import safetensors
    import torch
    import transformers

    modules = [gensim, np, safetensors, torch, transformers]
    return [f"{module.__name__} {module.__version__}" for module in modules]


def projector(vectors: Path, metadata: Path):
    """The Embedding Projector's parseTensors and parseMetadata (data-provider.ts)."""
    rows = [line.strip().split("\t") for line in vectors.read_text().split("\n") if line.strip()]
    lines = [line for line in metadata.read_text().split("\n") if line.strip()]
    columns, label = ["label"], 0
    if "\t" in lines[0]:
        columns, lines = lines[0].split("\t"), lines[1:]
        label = columns.index("label") if "label" in columns else 0
    return [line.split("\t")[label] for line in lines], np.array([[np.float32(x) for x in row] for row in rows])


def check(program: str):
    import safetensors.numpy
    from gensim.models import KeyedVectors

    def same(what: str, words, table, expected_words, expected):
        assert list(words) == list(expected_words), what
        assert np.array_equal(table.astype("<f4").view(np.uint32), expected.view(np.uint32)), what
        print(f"{what:<44} {table.shape[0]} x {table.shape[1]}, equal bit for bit")

    def convert(source, to, *more):
        command = [program, "convert", str(source), str(to), "--json", "--quiet", *more]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        words = WORDS + [f"word{i}" for i in range(993)]
        table = numbers(len(words), 60, seed=4)
        np.save(folder / "table.npy", table)
        (folder / "table.words.txt").write_text("\n".join(words) + "\n")
        source = folder / "table.npy"

        convert(source, folder / "a.bin")
        ours = KeyedVectors.load_word2vec_format(str(folder / "a.bin"), binary=True)
        same("word2vec binary, by gensim", ours.index_to_key, ours.vectors, words, table)
        convert(source, folder / "a.txt")
        ours = KeyedVectors.load_word2vec_format(str(folder / "a.txt"), binary=False)
        same("word2vec text, by gensim", ours.index_to_key, ours.vectors, words, table)
        convert(source, folder / "glove.txt", "--to", "glove")
        ours = KeyedVectors.load_word2vec_format(str(folder / "glove.txt"), binary=False, no_header=True)
        same("GloVe text, by gensim", ours.index_to_key, ours.vectors, words, table)
        convert(folder / "a.bin", folder / "b.npy")
        same(".npy, by NumPy", (folder / "b.words.txt").read_text().split("\n")[:-1], np.load(folder / "b.npy"), words, table)
        convert(source, folder / "a.safetensors")
        with safetensors.safe_open(folder / "a.safetensors", "np") as ours:
            same("safetensors, by safetensors", json.loads(ours.metadata()["words"]), ours.get_tensor("vectors"), words, table)
        convert(source, folder / "vectors.tsv")
        same("Projector TSV, by its rules", *projector(folder / "vectors.tsv", folder / "metadata.tsv"), words, table)
        convert(source, folder / "a.csv")
        with open(folder / "a.csv", newline="") as ours:
            rows = list(csv.reader(ours))[1:]
        same("CSV, by Python's csv", [r[0] for r in rows], np.array([[np.float32(x) for x in r[1:]] for r in rows]), words, table)

        spellings = [f"Ġw{i}" for i in range(300)]
        model = tiny_gpt2(300, seed=5)
        wte, wpe = (t.weight.detach().numpy() for t in (model.transformer.wte, model.transformer.wpe))
        for name, how in [("whole", {}), ("in parts", {"max_shard_size": "2KB"})]:
            save_gpt2(folder / name, model, spellings, **how)
            convert(folder / name, folder / f"{name}.safetensors")
            with safetensors.safe_open(folder / f"{name}.safetensors", "np") as ours:
                same(f"GPT-2 by transformers, {name}", json.loads(ours.metadata()["words"]), ours.get_tensor("vectors"), spellings, wte)
            convert(folder / name, folder / f"{name}-positions.npy", "--table", "position")
            same(f"GPT-2 by transformers, {name}, positions", range(6), np.load(folder / f"{name}-positions.npy"), range(6), wpe)
    print("with", ", ".join(versions()))


if __name__ == "__main__":
    if "--check" in sys.argv:
        check(str(Path(sys.argv[sys.argv.index("--check") + 1]).resolve()))
    else:
        write_golden()
