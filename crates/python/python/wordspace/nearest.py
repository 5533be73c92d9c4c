"""The words nearest to words, vectors, sums and differences."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Union

import numpy as np

from .rows import KEYS, Key, Rows, unit

#: A word, a vector, or one of them with a weight.
Term = Union[Key, np.ndarray, tuple[Union[Key, np.ndarray], float]]


class Nearest(Rows):
    """Exact search among all rows."""

    def most_similar(
        self,
        positive: Term | Sequence[Term] | None = None,
        negative: Term | Sequence[Term] | None = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
    ) -> Any:
        """The `topn` words nearest to the sum of `positive` less `negative`, with their cosines.

        Terms are words, vectors, or pairs of one with a weight; words are scaled to length 1 first, and are no answer
        themselves. `restrict_vocab` looks among the first rows only, `clip_start` and `clip_end` among a range of them. With
        ``topn=None`` the cosines of all rows, `[V]`.
        """
        if isinstance(topn, Integral) and topn < 1:
            return []
        direction, excluded = self._query(positive, negative)
        if indexer is not None and isinstance(topn, int):
            return indexer.most_similar(direction.astype(np.float32), topn)
        first, end = (0, restrict_vocab) if restrict_vocab else (clip_start, clip_end or len(self))
        if topn is None:
            return np.array(self._native.cosines(direction.tobytes(), first, end))
        return self._native.nearest(direction.tobytes(), [excluded], int(topn), first, end)[0]

    def most_similar_many(
        self, queries: Sequence[Term], topn: int = 10, restrict_vocab: int | None = None
    ) -> list[list[tuple[str, float]]]:
        """:meth:`most_similar` of each of `queries`, words or vectors. Up to 64 queries share a pass over the vectors, which takes
        far less time than 64 calls."""
        if len(queries) == 0 or topn < 1:
            return [[] for _ in queries]
        pairs = [self._query(query, None) for query in queries]
        directions = np.stack([direction for direction, _ in pairs])
        excluded = [rows for _, rows in pairs]
        return self._native.nearest(directions.tobytes(), excluded, int(topn), 0, restrict_vocab or len(self))

    def _query(self, positive: Any, negative: Any) -> tuple[np.ndarray, list[int]]:
        """The direction to search in, `[C]`, and the rows that are no answer."""
        terms = [(term, 1.0) for term in as_list(positive)] + [(term, -1.0) for term in as_list(negative)]
        keys, weights = [], []
        for term, weight in terms:
            if not isinstance(term, (*KEYS, np.ndarray)):
                try:
                    term, weight = term
                except (TypeError, ValueError):
                    raise TypeError(f"expected a word, a vector, or one of them with a weight; found {term!r}") from None
            keys.append(term)
            weights.append(float(weight))
        direction = unit(self._mean(keys, weights, pre_normalize=True, ignore_missing=False))
        if not np.isfinite(direction).all() or not direction.any():
            raise ValueError("the sum of these vectors has no direction: it is zero, or not finite")
        rows = [self.get_index(key, -1) for key in keys if isinstance(key, KEYS)]
        return direction, [row for row in rows if row >= 0]

    def similar_by_word(self, word: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """:meth:`most_similar` of one word."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_key(self, key: Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """:meth:`most_similar` of one key."""
        return self.most_similar(positive=[key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_vector(
        self, vector: np.ndarray, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Any:
        """:meth:`most_similar` of one vector, `[C]`. Every word may be an answer."""
        return self.most_similar(positive=[np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def most_similar_cosmul(
        self,
        positive: Term | Sequence[Term] | None = None,
        negative: Term | Sequence[Term] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """The nearest words by 3CosMul (Levy and Goldberg 2014): products of cosines instead of sums."""
        if isinstance(topn, Integral) and topn < 1:
            return []
        positive, negative = as_list(positive), as_list(negative)
        if not positive:
            raise ValueError("expected at least one positive word or vector")

        def product(terms: list[Any]) -> Any:
            cosines = (self.most_similar([term], topn=None, restrict_vocab=restrict_vocab) for term in terms)
            return np.prod([(1 + cosine) / 2 for cosine in cosines], axis=0)

        scores = product(positive) / (product(negative) + 0.000001)
        if topn is None:
            return scores
        keys = [key for key in positive + negative if isinstance(key, KEYS)]
        excluded = {self.get_index(key, -1) for key in keys}
        best = np.argsort(-scores, kind="stable")[: topn + len(excluded)]
        words = self._native.words_at([int(row) for row in best])
        found = [(word, float(scores[row])) for word, row in zip(words, best) if row not in excluded]
        return found[:topn]


def as_list(terms: Any) -> list[Any]:
    """A list of terms: of one, several or none, by gensim's rules."""
    if terms is None:
        return []
    if isinstance(terms, KEYS) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        return [terms]
    if isinstance(terms, tuple) and len(terms) == 2 and isinstance(terms[1], (float, int)) and not isinstance(terms[0], int):
        return [terms]
    return list(terms)
