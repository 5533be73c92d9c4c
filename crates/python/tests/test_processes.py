"""Threads, forks, pickles, and the end of the interpreter."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import wordspace


def test_many_threads_ask_at_once(word2vec, words):
    vectors = wordspace.open(word2vec)
    expected = {word: vectors.most_similar(word) for word in words}
    with ThreadPoolExecutor(16) as pool:
        for word, found in zip(words * 5, pool.map(vectors.most_similar, words * 5)):
            assert found == expected[word]


def test_a_forked_process_answers_on_its_own(word2vec):
    vectors = wordspace.open(word2vec)
    expected = vectors.most_similar("cat")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        found = pickle.dumps((vectors.most_similar("cat"), wordspace.open(word2vec).most_similar("cat")))
        os.write(writing, found)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pickle.load(pipe) == (expected, expected)
    assert os.waitpid(child, 0)[1] == 0


def answer(vectors):
    return vectors.most_similar("cat")


def test_a_pool_of_forked_processes_answers(word2vec):
    vectors = wordspace.open(word2vec)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(answer, [vectors] * 6) == [vectors.most_similar("cat")] * 6


def train(arguments):
    settings, out = arguments
    try:
        wordspace.train(settings, name="forked", out=out)
    except wordspace.ArgumentError as error:
        return str(error)


def test_a_forked_process_does_not_train(run, small, tmp_path):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert "spawn" in pool.map(train, [(small, str(tmp_path))])[0]
    assert not os.listdir(tmp_path)


def test_vectors_are_pickled_by_path_and_by_value(word2vec, words, table, monkeypatch):
    monkeypatch.chdir(os.path.dirname(word2vec))
    text = pickle.dumps(wordspace.open(os.path.basename(word2vec)))
    assert len(text) < 1000
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(pickle.loads(text)[words], table)
    changed = wordspace.KeyedVectors(16)
    changed.add_vectors(words, table)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(changed)).vectors, table)


def test_runs_and_tokenizers_are_pickled(run):
    assert pickle.loads(pickle.dumps(run)).outcome == run.outcome
    gpt2 = wordspace.tokenizer("gpt2")
    assert pickle.loads(pickle.dumps(gpt2)).encode("cat sat").tolist() == gpt2.encode("cat sat").tolist()


def script(text, *arguments):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


def test_an_interpreter_that_ends_while_a_thread_trains_saves_a_checkpoint(small, tmp_path):
    ended = script(
        """
        import json, sys, threading, wordspace
        begun = threading.Event()
        settings = json.loads(sys.argv[1])
        def train():
            wordspace.train(settings, steps=100000, name="left", out=sys.argv[2],
                            on_event=lambda event: event["event"] == "step" and begun.set())
        threading.Thread(target=train, daemon=True).start()
        begun.wait()
        """,
        __import__("json").dumps(small),
        tmp_path,
    )
    assert ended.returncode == 0, ended.stderr
    assert wordspace.Run(tmp_path / "left").checkpoints


def test_an_interpreter_that_ends_while_a_thread_asks_ends_in_peace(word2vec):
    ended = script(
        """
        import sys, threading, wordspace
        vectors = wordspace.open(sys.argv[1])
        asked = threading.Event()
        def ask():
            while True:
                vectors.most_similar_many(vectors.index_to_key)
                asked.set()
        for _ in range(4):
            threading.Thread(target=ask, daemon=True).start()
        asked.wait()
        """,
        word2vec,
    )
    assert ended.returncode == 0 and not ended.stderr, ended.stderr


def test_threads_are_set_before_they_compute():
    assert script("import wordspace; wordspace.set_threads(1)").returncode == 0
    late = script("import wordspace; wordspace.set_threads(1); wordspace.set_threads(3)")
    assert "before the first query" in late.stderr
    many = script("import wordspace; wordspace.set_threads(100000)")
    assert "expected at most" in many.stderr
