"""Whatever Python passes in, the answer is an exception with a sentence."""

import warnings

import numpy as np
import pytest

import wordspace
from wordspace import _wordspace


@pytest.fixture
def vectors(npy):
    return wordspace.open(npy)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.bin"):
        wordspace.open(tmp_path / "nowhere.bin")
    with pytest.raises(wordspace.NotFoundError, match="there is no such run"):
        wordspace.Run(tmp_path / "nowhere")


def test_files_that_are_no_vectors_are_refused(tmp_path):
    for name, content in {"text": b"hello world, no vectors\n", "empty": b"", "noise": bytes(range(256)) * 40}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(wordspace.DataError, match=name):
            wordspace.open(path)
    with pytest.raises(wordspace.DataError):
        wordspace.open(tmp_path)


def test_files_that_are_cut_short_are_refused_or_read_in_part(word2vec, tmp_path):
    whole = word2vec.read_bytes()
    for length in range(0, len(whole), 997):
        path = tmp_path / f"{length}.bin"
        path.write_bytes(whole[:length])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert len(wordspace.open(path)) <= 200
        except wordspace.DataError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    "ask, error",
    [
        (lambda v: v[None], TypeError),
        (lambda v: v[3.5], TypeError),
        (lambda v: v[-1], KeyError),
        (lambda v: v[10**30], KeyError),
        (lambda v: v["nobody"], KeyError),
        (lambda v: v[["cat", "nobody"]], KeyError),
        (lambda v: v.most_similar(), ValueError),
        (lambda v: v.most_similar([]), ValueError),
        (lambda v: v.most_similar(3.5), TypeError),
        (lambda v: v.most_similar([object()]), TypeError),
        (lambda v: v.most_similar("cat", topn="many"), (TypeError, ValueError)),
        (lambda v: v.most_similar(positive="cat", negative="cat"), ValueError),
        (lambda v: v.most_similar(np.full(16, np.nan)), ValueError),
        (lambda v: v.most_similar(np.zeros(16)), ValueError),
        (lambda v: v.most_similar(np.ones(15)), ValueError),
        (lambda v: v.most_similar(np.ones((2, 2, 2))), ValueError),
        (lambda v: v.similar_by_vector(["a"] * 16), (TypeError, ValueError)),
        (lambda v: v.distances(np.ones(3)), ValueError),
        (lambda v: v.n_similarity([], ["cat"]), ZeroDivisionError),
        (lambda v: v.doesnt_match(["nobody"]), ValueError),
        (lambda v: v.add_vectors(["a"], np.ones((1, 3))), ValueError),
        (lambda v: v.add_vectors(["a", "b"], np.ones((1, 16))), ValueError),
        (lambda v: v.evaluate_word_pairs("/nowhere"), FileNotFoundError),
        (lambda v: v.save_word2vec_format("/nowhere/at/all"), OSError),
        (lambda v: wordspace.project(v, ["cat"]), ValueError),
        (lambda v: wordspace.project(v, method="magic"), ValueError),
        (lambda v: wordspace.project(v, dims=4), ValueError),
        (lambda v: wordspace.tokenizer("nonsense"), ValueError),
        (lambda v: wordspace.tokenizer("word"), ValueError),
        (lambda v: wordspace.KeyedVectors(0), ValueError),
        (lambda v: wordspace.open(b"\x00"), (OSError, ValueError)),
        (lambda v: wordspace.open(5), TypeError),
        (lambda v: wordspace.train({"model": {"chanels": 5}}), ValueError),
        (lambda v: wordspace.train({"model": {"channels": None}}), ValueError),
        (lambda v: wordspace.train({"model": {"channels": -3}}), ValueError),
        (lambda v: wordspace.train({"train": {"steps": float("nan")}}), (ValueError, TypeError)),
        (lambda v: wordspace.train({"model": object()}), TypeError),
        (lambda v: wordspace.train(text="/nowhere.txt"), OSError),
        (lambda v: wordspace.train("/nowhere.toml"), OSError),
        (lambda v: wordspace.train(device="abacus"), ValueError),
        (lambda v: wordspace.train(name="../../escaped"), ValueError),
        (lambda v: wordspace.generate("/nowhere", "the"), OSError),
    ],
)
def test_questions_that_make_no_sense_are_exceptions(vectors, ask, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error) as raised:
        ask(vectors)
    assert str(raised.value)
    assert vectors.most_similar("cat")


def test_arrays_of_any_layout_are_read(vectors, table):
    expected = vectors.similar_by_vector(table[5])
    wide = np.zeros((16, 2))
    wide[:, 0] = table[5]
    for array in (table[5].astype(np.float64), wide[:, 0], table[5][::-1][::-1], table[5].astype(">f4"), list(map(float, table[5]))):
        assert [word for word, _ in vectors.similar_by_vector(array)] == [word for word, _ in expected]
    copied = wordspace.KeyedVectors(16)
    copied.add_vectors([f"w{n}" for n in range(200)], np.asfortranarray(table))
    np.testing.assert_array_equal(copied.vectors, table)


def test_rows_that_are_not_finite_are_no_answer(table):
    table = table.copy()
    table[3] = np.nan
    table[4] = np.inf
    table[5] = 0
    vectors = wordspace.KeyedVectors(16)
    vectors.add_vectors([f"w{n}" for n in range(200)], table)
    found = dict(vectors.most_similar("w0", topn=1000))
    assert len(found) == 197 and "w3" not in found and "w4" not in found and found["w5"] == 0
    with pytest.raises(ValueError, match="no direction"):
        vectors.most_similar("w3")


def test_what_python_calls_checks_its_sizes(vectors):
    native = vectors._native
    for call in (
        lambda: native.row(200),
        lambda: native.rows([0, 200]),
        lambda: native.words_at([2**32 - 1]),
        lambda: native.row(-1),
        lambda: native.cosines(b"", 0, 200),
        lambda: native.cosines(b"123", 0, 200),
        lambda: native.nearest(np.ones(16).tobytes(), [[], []], 5, 0, 200),
        lambda: native.nearest(np.ones(16).tobytes(), [[2**40]], 5, 0, 200),
        lambda: native.write("/nowhere/x", "magic", None),
        lambda: _wordspace.Vectors.from_rows(["a"], 0, b""),
        lambda: _wordspace.Vectors.from_rows(["a"], 2**62, b"1234"),
        lambda: _wordspace.Vectors.from_rows(["a"], 2, b"1234"),
    ):
        with pytest.raises((IndexError, ValueError, OverflowError)):
            call()
    assert native.nearest(np.ones(16).tobytes(), [[199, 2**32 - 1]], 2**60, 190, 2**60)
    assert native.words_in_range(2**60, 5) == []
