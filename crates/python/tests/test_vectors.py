"""Vectors: the same results as NumPy and gensim, and copies only where they are documented."""

import gensim.models
import numpy as np
import pytest

import wordspace


@pytest.fixture(params=["word2vec", "npy"])
def vectors(request):
    return wordspace.open(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def theirs(word2vec):
    return gensim.models.KeyedVectors.load_word2vec_format(word2vec, binary=True)


def same(ours, theirs):
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([x for _, x in ours], [x for _, x in theirs], atol=1e-5)


def test_words_and_vectors_are_those_of_the_file(vectors, words, table):
    assert len(vectors) == len(words) and vectors.vector_size == table.shape[1]
    assert vectors.index_to_key == words
    assert [vectors.key_to_index[word] for word in words] == list(range(len(words)))
    np.testing.assert_array_equal(vectors["Köln"], table[4])
    np.testing.assert_array_equal(vectors[["dog", "cat"]], table[[1, 0]])
    np.testing.assert_array_equal(vectors[3], table[3])
    assert "cat" in vectors and "cart" not in vectors and 7 in vectors
    assert dict(vectors.key_to_index.items())["fox"] == 2 and "cart" not in vectors.key_to_index


def test_an_aligned_table_is_shared_and_a_mapped_word2vec_file_is_copied_and_says_so(npy, table, tmp_path):
    shared = wordspace.open(npy)
    assert shared.vectors is shared.vectors and not shared.vectors.flags.owndata
    inside = shared.vectors.ctypes.data
    assert shared["dog"].ctypes.data == inside + table.shape[1] * 4
    large = np.random.default_rng(8).standard_normal((17_000, 256)).astype(np.float32)
    with open(tmp_path / "large.bin", "wb") as file:
        file.write(b"17000 256\n")
        file.writelines(f"w{row} ".encode() + vector.tobytes() for row, vector in enumerate(large))
    mapped = wordspace.open(tmp_path / "large.bin")
    assert mapped.most_similar("w5", topn=1) and mapped._native.table() is None
    with pytest.warns(UserWarning, match="copies them"):
        np.testing.assert_array_equal(mapped.vectors, large)


def test_arrays_are_read_only(vectors):
    for array in (vectors["cat"], vectors.get_vector("cat", norm=True)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_an_array_outlives_its_vectors(npy, table):
    row = wordspace.open(npy)["dog"]
    np.testing.assert_array_equal(row, table[1])


@pytest.mark.parametrize(
    "query",
    [
        {"positive": "cat"},
        {"positive": ["cat", "dog"], "negative": "fox", "topn": 20},
        {"positive": [("cat", 0.3), ("dog", 2.0)], "negative": [("fox", -0.5)]},
        {"positive": "cat", "topn": 5, "restrict_vocab": 50},
        {"positive": "cat", "topn": 5, "clip_start": 20, "clip_end": 90},
        {"positive": [3, "dog"], "topn": 1000},
    ],
)
def test_the_nearest_words_are_those_of_gensim(vectors, theirs, query):
    same(vectors.most_similar(**query), theirs.most_similar(**query))


def test_vectors_are_terms_too(vectors, theirs, table):
    same(vectors.similar_by_vector(table[9]), theirs.similar_by_vector(table[9]))
    query = {"positive": [table[9], "cat"], "negative": [(table[5], -0.5)]}
    same(vectors.most_similar(**query), theirs.most_similar(**query))
    same(vectors.most_similar_cosmul(["cat", "dog"], ["fox"]), theirs.most_similar_cosmul(["cat", "dog"], ["fox"]))


def test_all_cosines_are_those_of_gensim(vectors, theirs):
    np.testing.assert_allclose(vectors.most_similar("cat", topn=None), theirs.most_similar("cat", topn=None), atol=1e-6)
    np.testing.assert_allclose(vectors.distances("cat"), theirs.distances("cat"), atol=1e-6)
    others = ["dog", "fox", "piano"]
    np.testing.assert_allclose(vectors.distances("cat", others), theirs.distances("cat", others), atol=1e-6)


def test_many_queries_answer_as_one_each(vectors, words):
    many = vectors.most_similar_many(words, topn=7)
    assert many == [vectors.most_similar(word, topn=7) for word in words]
    assert vectors.most_similar_many([]) == []


def test_comparisons_are_those_of_gensim(vectors, theirs):
    assert vectors.similarity("cat", "dog") == pytest.approx(theirs.similarity("cat", "dog"), abs=1e-6)
    assert vectors.distance("cat", "cat") == 0
    assert vectors.n_similarity(["cat", "dog"], ["fox", "the"]) == pytest.approx(
        theirs.n_similarity(["cat", "dog"], ["fox", "the"]), abs=1e-6
    )
    four = ["cat", "dog", "fox", "piano"]
    assert vectors.doesnt_match(four) == theirs.doesnt_match(four)
    assert vectors.rank("cat", "piano") == theirs.rank("cat", "piano")
    assert vectors.closer_than("cat", "piano") == theirs.closer_than("cat", "piano")
    assert vectors.most_similar_to_given("cat", four[1:]) == theirs.most_similar_to_given("cat", four[1:])


def test_an_unknown_word_is_a_key_error_that_names_similar_ones(vectors):
    with pytest.raises(KeyError, match='did you mean "piano"') as raised:
        vectors["pianoo"]
    assert isinstance(raised.value, wordspace.UnknownWordError)


def test_vectors_that_are_changed_are_copied(word2vec, theirs):
    vectors = wordspace.open(word2vec)
    new = np.ones((2, 16), np.float32)
    vectors.add_vectors(["new", "cat"], new, replace=True)
    assert len(vectors) == 201 and vectors.similarity("new", "cat") == pytest.approx(1)
    assert len(wordspace.open(word2vec)) == 200


def test_what_is_saved_is_read_by_gensim(vectors, words, table, tmp_path):
    for binary in (False, True):
        path = tmp_path / "saved"
        vectors.save_word2vec_format(path, binary=binary)
        found = gensim.models.KeyedVectors.load_word2vec_format(path, binary=binary)
        assert found.index_to_key == words
        np.testing.assert_array_equal(found.vectors, table)
        np.testing.assert_array_equal(wordspace.KeyedVectors.load_word2vec_format(path)[words], table)
    vectors.save_word2vec_format(tmp_path / "plain", prefix="*", write_header=False)
    assert (tmp_path / "plain").read_text(encoding="utf8").startswith("*cat ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "saved"]


def test_every_format_is_written_and_read_again(vectors, words, table, tmp_path):
    for format in ("bin", "txt", "npy", "safetensors", "tsv", "csv", "static-embedding"):
        vectors.export(tmp_path / format, format)
        found = wordspace.open(tmp_path / format)
        np.testing.assert_allclose(found[words], table, rtol=1e-6)
        with pytest.raises(FileExistsError):
            vectors.export(tmp_path / format, format)


def test_a_text_has_the_mean_of_its_words(vectors, table):
    found = vectors.encode(["cat dog", "Köln", "cat nobody", ""])
    expected = [(table[0] + table[1]) / 2, table[4], table[0] / 2, 0 * table[0]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_subwords_give_unknown_words_vectors(request):
    golden = request.config.rootpath / "tests" / "golden" / "fasttext"
    vectors = wordspace.open(golden / "model.bin")
    assert "zzkattzz" in vectors and not vectors.has_index_for("zzkattzz")
    assert vectors["zzkattzz"].shape == (vectors.vector_size,)
    assert vectors.most_similar("zzkattzz", topn=3)


def test_judgements_score_as_in_gensim(vectors, theirs, words, tmp_path):
    random = np.random.default_rng(3)
    pick = lambda: words[random.integers(len(words))]  # noqa: E731
    pairs, analogies = tmp_path / "pairs", tmp_path / "analogies"
    lines = [f"{pick()}\t{pick()}\t{random.random():.2f}" for _ in range(80)]
    pairs.write_text("# a\tb\t1\n" + "\n".join([*lines, "nobody\tcat\t3", "bad line"]), encoding="utf8")
    sections = [": one", *(" ".join(pick() for _ in range(4)) for _ in range(40))]
    sections += [": two", *(f"{pick()} {pick()} {pick()} nobody" for _ in range(3)), "too short", "cat dog fox piano"]
    analogies.write_text("\n".join(sections), encoding="utf8")
    for options in ({}, {"dummy4unknown": True}, {"case_insensitive": False}, {"restrict_vocab": 60}):
        ours, gensims = (kv.evaluate_word_pairs(pairs, **options) for kv in (vectors, theirs))
        np.testing.assert_allclose([*ours[0], *ours[1], ours[2]], [*gensims[0], *gensims[1], gensims[2]], atol=1e-6)
        assert vectors.evaluate_word_analogies(analogies, **options) == theirs.evaluate_word_analogies(
            str(analogies), **options
        )


def test_p_values_are_those_of_scipy():
    from scipy.stats import pearsonr, spearmanr

    from wordspace.correlation import pearson, spearman

    random = np.random.default_rng(5)
    for n in (3, 4, 10, 353, 3000):
        for slope in (0, 0.05, 0.5, 3):
            a = np.round(random.standard_normal(n), 1)
            b = slope * a + random.standard_normal(n)
            np.testing.assert_allclose(pearson(a, b), pearsonr(a, b), rtol=1e-9, atol=1e-300)
            np.testing.assert_allclose(spearman(a, b), spearmanr(a, b), rtol=1e-9, atol=1e-300)
