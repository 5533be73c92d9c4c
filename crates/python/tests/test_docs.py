"""The code in docs/python.md runs as it is written."""

import re

import numpy as np

import wordspace

WORDS = "king queen man woman cat dog piano car".split()


def test_the_code_in_the_documentation_runs_in_order(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    vectors = wordspace.KeyedVectors(16)
    vectors.add_vectors(WORDS, np.random.default_rng(1).standard_normal((len(WORDS), 16)))
    for name in ("GoogleNews-vectors-negative300.bin", "vectors.bin"):
        vectors.save_word2vec_format(name, binary=True)
    (tmp_path / "my-text.txt").write_text("the cat saw a dog . a dog ran to the cat .\n" * 400)
    text = (request.config.rootpath / "docs" / "python.md").read_text(encoding="utf8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert names["run"].name == "toy" and (tmp_path / "toy.html").exists()


def test_help_is_a_tour():
    told = wordspace.__doc__
    for name in wordspace.__all__:
        assert getattr(wordspace, name).__doc__, name
    for name in ("open", "train", "Run", "project", "tokenizer", "set_threads"):
        assert name in told, name
