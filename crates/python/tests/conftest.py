"""What the tests share: small vectors in files, and a run."""

import numpy as np
import pytest

import wordspace

WORDS = ["cat", "dog", "fox", "piano", "Köln", "cat's", "the", "of"]


@pytest.fixture(scope="session")
def table():
    return np.random.default_rng(7).standard_normal((200, 16)).astype(np.float32)


@pytest.fixture(scope="session")
def words():
    return WORDS + [f"word{n}" for n in range(200 - len(WORDS))]


@pytest.fixture(scope="session")
def word2vec(tmp_path_factory, words, table):
    """The path of a word2vec binary file."""
    path = tmp_path_factory.mktemp("vectors") / "vectors.bin"
    with open(path, "wb") as file:
        file.write(f"{len(words)} {table.shape[1]}\n".encode())
        for word, vector in zip(words, table):
            file.write(word.encode() + b" " + vector.tobytes() + b"\n")
    return path


@pytest.fixture(scope="session")
def npy(tmp_path_factory, words, table):
    """The path of an .npy file with its words beside it."""
    path = tmp_path_factory.mktemp("vectors") / "vectors.npy"
    np.save(path, table)
    path.with_name("vectors.words.txt").write_text("".join(word + "\n" for word in words), encoding="utf8")
    return path


SMALL = {"model": {"context": 8, "channels": 16, "heads": 2, "layers": 1}, "train": {"batch": 4, "steps": 40, "warmup": 5}}


@pytest.fixture(scope="session")
def small():
    return SMALL


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A trained run."""
    return wordspace.train(SMALL, name="small", out=tmp_path_factory.mktemp("runs"), device="flex")
