"""How similar words are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from .nearest import Nearest
from .rows import KEYS, Key, unit


class Comparisons(Nearest):
    """Cosines, distances and ranks of words."""

    def similarity(self, w1: Key, w2: Key) -> np.float32:
        """The cosine of two words."""
        return np.float32(self._mean([w1], None, True, False) @ self._mean([w2], None, True, False))

    def distance(self, w1: Key, w2: Key) -> np.float32:
        """1 less the cosine of two words."""
        return np.float32(1 - self.similarity(w1, w2))

    def n_similarity(self, ws1: Sequence[Key], ws2: Sequence[Key]) -> np.float32:
        """The cosine of the means of two lists of words."""
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("expected two lists with at least one word each, found an empty one")
        a, b = (unit(self._mean(words, None, False, True)) for words in (ws1, ws2))
        return np.float32(a @ b)

    def distances(self, word_or_vector: Key | np.ndarray, other_words: Sequence[Key] = ()) -> np.ndarray:
        """1 less the cosine with each of `other_words`, `[N]`, or with all words, `[V]`."""
        if isinstance(word_or_vector, KEYS):
            word_or_vector = self.get_vector(word_or_vector)
        vector = unit(self._checked(np.asarray(word_or_vector)))
        if len(other_words):
            others = self[list(other_words)]
            return 1 - self.cosine_similarities(vector, others)
        if not vector.any() or not np.isfinite(vector).all():
            raise ValueError("the vector has no direction: it is zero, or not finite")
        return 1 - np.array(self._native.cosines(vector.tobytes(), 0, len(self)))

    @staticmethod
    def cosine_similarities(vector_1: np.ndarray, vectors_all: np.ndarray) -> np.ndarray:
        """The cosines of a vector, `[C]`, with several, `[N, C]`."""
        norms = np.linalg.norm(vectors_all, axis=1) * np.linalg.norm(vector_1)
        return np.asarray(vectors_all @ vector_1 / norms, np.float32)

    def closer_than(self, key1: Key, key2: Key) -> list[str]:
        """The words that are closer to `key1` than `key2` is."""
        rows = self._closer_rows(key1, key2)
        return self._native.words_at(rows)

    def rank(self, key1: Key, key2: Key) -> int:
        """The rank of `key2` among the words nearest to `key1`, from 1."""
        return len(self._closer_rows(key1, key2)) + 1

    def _closer_rows(self, key1: Key, key2: Key) -> list[int]:
        distances = self.distances(key1)
        own, bound = self.get_index(key1, -1), distances[self.get_index(key2)]
        return [row for row in np.flatnonzero(distances < bound).tolist() if row != own]

    def most_similar_to_given(self, key1: Key, keys_list: Sequence[Key]) -> Key:
        """The key of `keys_list` that is most similar to `key1`."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def relative_cosine_similarity(self, wa: Key, wb: Key, topn: int = 10) -> float:
        """The cosine of two words, divided by the sum of those of the `topn` nearest to `wa` (Leeuwenberg et al. 2016)."""
        nearest = self.similar_by_word(wa, topn)
        if not nearest:
            raise ValueError("there are no similar words to compare with")
        return float(self.similarity(wa, wb)) / float(sum(cosine for _, cosine in nearest))

    def rank_by_centrality(self, words: Sequence[Key], use_norm: bool = True) -> list[tuple[float, Key]]:
        """The known words with their cosines with the mean of all, highest first."""
        known = [word for word in words if word in self]
        if len(known) < len(words):
            missing = sorted({str(word) for word in words} - {str(word) for word in known})
            warnings.warn(f"without a vector, and left out: {', '.join(missing)}", stacklevel=3)
        if not known:
            raise ValueError("none of these words has a vector")
        vectors = np.vstack([self.get_vector(word, norm=use_norm) for word in known]).astype(np.float64)
        return sorted(zip((vectors @ unit(vectors.mean(axis=0))).tolist(), known), reverse=True)

    def doesnt_match(self, words: Sequence[Key]) -> Key:
        """The word that does not belong with the others: the one of the lowest cosine with their mean."""
        return self.rank_by_centrality(words)[-1][1]
