"""Vectors compared with people's judgements, as gensim 4 does it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .correlation import Correlation, pearson, spearman

if TYPE_CHECKING:
    from .keyed_vectors import KeyedVectors

#: Of so many nearest words, the first that is not in the question is the answer.
ANSWERS = 5


def word_pairs(
    vectors: KeyedVectors,
    path: str | os.PathLike[str],
    delimiter: str,
    encoding: str,
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
) -> tuple[Correlation, Correlation, float]:
    """See :meth:`wordspace.KeyedVectors.evaluate_word_pairs`."""
    rows = known_rows(vectors, restrict_vocab, case_insensitive)
    judged: list[float] = []
    pairs: list[tuple[int, int] | None] = []
    unknown = 0
    with open(path, encoding=encoding) as lines:
        for line in lines:
            columns = line.split(delimiter)
            if line.startswith("#") or len(columns) != 3:
                continue
            try:
                judgement = float(columns[2])
            except ValueError:
                continue
            a, b = (rows.get(spelled(word, case_insensitive)) for word in columns[:2])
            if a is None or b is None:
                unknown += 1
                if dummy4unknown:
                    judged.append(judgement)
                    pairs.append(None)
                continue
            judged.append(judgement)
            pairs.append((a, b))
    if not judged:
        raise ValueError(
            f"{os.fspath(path)}: no line has two known words and a number, separated by {delimiter!r}"
        )
    found = np.zeros(len(pairs))
    there = [nth for nth, pair in enumerate(pairs) if pair]
    if there:
        left, right = np.array([pairs[nth] for nth in there]).T.tolist()
        found[there] = (unit_rows(vectors, left) * unit_rows(vectors, right)).sum(axis=1)
    total = len(judged) if dummy4unknown else len(judged) + unknown
    gold = np.array(judged)
    return pearson(gold, found), spearman(gold, found), 100.0 * unknown / total


def word_analogies(
    vectors: KeyedVectors,
    path: str | os.PathLike[str],
    restrict_vocab: int | None,
    case_insensitive: bool,
    dummy4unknown: bool,
    similarity_function: str,
) -> tuple[float, list[dict[str, Any]]]:
    """See :meth:`wordspace.KeyedVectors.evaluate_word_analogies`."""
    if similarity_function != "most_similar":
        raise ValueError(f'similarity_function is {similarity_function!r}; expected "most_similar"')
    rows = known_rows(vectors, restrict_vocab, case_insensitive)
    sections = read_analogies(path, case_insensitive)
    questions = [(section, words) for section in sections for words in section.pop("questions")]
    asked = [words for _, words in questions if all(word in rows for word in words)]
    predicted = dict(zip(asked, answers(vectors, asked, rows, restrict_vocab, case_insensitive)))
    for section, words in questions:
        if words in predicted:
            section["correct" if predicted[words] == words[3] else "incorrect"].append(words)
        elif dummy4unknown:
            section["incorrect"].append(words)
    total = {"section": "Total accuracy"} | {
        kind: [words for section in sections for words in section[kind]] for kind in ("correct", "incorrect")
    }
    count = len(total["correct"]) + len(total["incorrect"])
    return (len(total["correct"]) / count if count else 0.0), [*sections, total]


def answers(
    vectors: KeyedVectors,
    questions: list[tuple[str, ...]],
    rows: dict[str, int],
    restrict_vocab: int | None,
    case_insensitive: bool,
) -> list[str | None]:
    """The answer to each question: the word nearest to b − a + c (3CosAdd; Mikolov, Yih and Zweig 2013)."""
    if not questions:
        return []
    terms = np.array([[rows[word] for word in words[:3]] for words in questions])
    a, b, c = (unit_rows(vectors, terms[:, nth].tolist()) for nth in range(3))
    sums = b - a + c
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    # Where they cancel out, any direction is as good.
    sums[norms[:, 0] == 0] = a[norms[:, 0] == 0]
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    end = restrict_vocab or len(vectors)
    found: list[str | None] = []
    for words, nearest in zip(questions, vectors._native.nearest(sums.tobytes(), terms.tolist(), ANSWERS, 0, end)):
        predicted = None
        for word, _ in nearest:
            predicted = spelled(word, case_insensitive)
            if predicted in rows and predicted not in words[:3]:
                break
        found.append(predicted)
    return found


def read_analogies(path: str | os.PathLike[str], case_insensitive: bool) -> list[dict[str, Any]]:
    """The sections of a file of analogies, in word2vec's format. Lines that have not four words are skipped, as in gensim."""
    sections: list[dict[str, Any]] = []
    with open(path, encoding="utf8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith(": "):
                name = line.lstrip(": ").strip()
                sections.append({"section": name, "correct": [], "incorrect": [], "questions": []})
                continue
            if not sections:
                raise ValueError(f"{os.fspath(path)}, line {number}: expected a section, as in `: family`, before it")
            words = tuple(spelled(word, case_insensitive) for word in line.split())
            if len(words) == 4:
                sections[-1]["questions"].append(words)
    return sections


def known_rows(vectors: KeyedVectors, restrict_vocab: int | None, case_insensitive: bool) -> dict[str, int]:
    """The rows of the first words by their spelling; of two that are spelled alike the first."""
    words = vectors._native.words_in_range(0, restrict_vocab or len(vectors))
    rows: dict[str, int] = {}
    for row, word in enumerate(words):
        rows.setdefault(spelled(word, case_insensitive), row)
    return rows


def spelled(word: str, case_insensitive: bool) -> str:
    return word.upper() if case_insensitive else word


def unit_rows(vectors: KeyedVectors, rows: list[int]) -> np.ndarray:
    """The vectors of `rows` scaled to length 1, `[N, C]`."""
    values = np.array(vectors._native.rows(rows), np.float64)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    np.divide(values, norms, out=values, where=norms > 0)
    return values
