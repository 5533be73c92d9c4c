"""Words and their vectors, row by row."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, Union

import numpy as np

from . import _wordspace
from .errors import UnknownWordError

Key = Union[str, int, np.integer]
KEYS = (str, int, np.integer)
Self = TypeVar("Self", bound="Rows")


class Rows:
    """V rows: a word and a vector of C values each."""

    @classmethod
    def _of(cls: type[Self], native: _wordspace.Vectors, reopen: tuple[Any, ...] | None) -> Self:
        vectors = cls.__new__(cls)
        vectors._set(native, reopen)
        for sentence in native.warnings:
            warnings.warn(f"{native.name}: {sentence}", stacklevel=3)
        return vectors

    def _set(self, native: _wordspace.Vectors, reopen: tuple[Any, ...] | None) -> None:
        self._native = native
        self._reopen = reopen
        self._index_to_key: list[str] | None = None
        self._vectors: np.ndarray | None = None
        #: Attributes of words by name, `[V]` each, as in gensim; runs have ``count``.
        self.expandos: dict[str, np.ndarray] = {}
        if native.counts is not None:
            self.expandos["count"] = np.array(native.counts, np.int64)

    def __len__(self) -> int:
        return len(self._native)

    @property
    def vector_size(self) -> int:
        """C."""
        return self._native.dimension

    @property
    def index_to_key(self) -> list[str]:
        """The word of each row. All words are copied on first use."""
        if self._index_to_key is None:
            self._index_to_key = self._native.words_in_range(0, len(self))
        return self._index_to_key

    @property
    def key_to_index(self) -> Mapping[str, int]:
        """The row of each word: a mapping that looks words up on demand."""
        return KeyToIndex(self)

    def get_index(self, key: Key, default: int | None = None) -> int:
        """The row of `key`. Without a `default`, an unknown word raises :class:`UnknownWordError`, a ``KeyError``."""
        if isinstance(key, str):
            row = self._native.find(key)
            if row is not None:
                return row
        elif isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return int(key)
        if default is not None:
            return default
        raise UnknownWordError(self._native.unknown(key) if isinstance(key, str) else f"there is no row {key!r}")

    def has_index_for(self, key: Key) -> bool:
        """Whether `key` has a row."""
        return self.get_index(key, -1) >= 0

    def __contains__(self, key: Key) -> bool:
        return self.has_index_for(key) or (isinstance(key, str) and self._native.subword_vector(key) is not None)

    @property
    def vectors(self) -> np.ndarray:
        """All vectors, `[V, C]`, read-only.

        Without a copy where they are contiguous: ``.npy`` and safetensors files, runs, text files. In a large word2vec file
        each vector follows its word: they are copied on first use, with a warning. No query needs this array.
        """
        if self._vectors is None:
            self._vectors = asarray(self._native.table())
        if self._vectors is None:
            megabytes = len(self) * self.vector_size * 4 / 1e6
            warnings.warn(
                f"{self._native.name}: each vector follows its word, so v.vectors copies them ({megabytes:.0f} MB); "
                "queries, v[word] and v[[words]] do not",
                stacklevel=2,
            )
            self._vectors = asarray(self._native.copy())
        vectors: np.ndarray = self._vectors
        return vectors

    def get_vector(self, key: Key, norm: bool = False) -> np.ndarray:
        """The vector of `key`, `[C]`, read-only; scaled to length 1 if `norm`. fastText files have one for unknown words too."""
        row = self.get_index(key, -1)
        vector: np.ndarray = asarray(self._native.row(row)) if row >= 0 else self._subwords(key)
        if norm:
            vector = (vector / np.linalg.norm(vector)).astype(np.float32)
            vector.setflags(write=False)
        return vector

    def _subwords(self, key: Key) -> np.ndarray:
        vector: np.ndarray | None = asarray(self._native.subword_vector(key)) if isinstance(key, str) else None
        if vector is None:
            self.get_index(key)  # raises
            raise AssertionError
        return vector

    def __getitem__(self, key_or_keys: Key | Iterable[Key]) -> np.ndarray:
        """The vector of a key, `[C]`, or those of several, `[N, C]`."""
        if isinstance(key_or_keys, KEYS):
            return self.get_vector(key_or_keys)
        keys = list(key_or_keys)
        rows = [self.get_index(key, -1) for key in keys]
        if min(rows, default=0) >= 0:
            return np.array(self._native.rows(rows))
        return np.vstack([self.get_vector(key) for key in keys])

    def get_mean_vector(
        self,
        keys: Sequence[Key | np.ndarray],
        weights: Sequence[float] | np.ndarray | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> np.ndarray:
        """The weighted mean of the vectors of `keys`, `[C]`, divided by the sum of the weights' absolute values."""
        mean = self._mean(keys, weights, pre_normalize, ignore_missing)
        if post_normalize:
            mean = unit(mean)
        return mean.astype(np.float32)

    def _mean(
        self,
        keys: Sequence[Key | np.ndarray],
        weights: Sequence[float] | np.ndarray | None,
        pre_normalize: bool,
        ignore_missing: bool,
    ) -> np.ndarray:
        if len(keys) == 0:
            raise ValueError("there is nothing to take the mean of; expected at least one word or vector")
        weights = np.ones(len(keys)) if weights is None else np.asarray(weights, np.float64)
        if len(weights) != len(keys):
            raise ValueError(f"expected a weight for each of the {len(keys)} keys, found {len(weights)}")
        total, mean = 0.0, np.zeros(self.vector_size)
        for key, weight in zip(keys, weights):
            if isinstance(key, np.ndarray):
                vector = self._checked(key)
            elif ignore_missing and key not in self:
                continue
            else:
                vector = self.get_vector(key).astype(np.float64)
                if pre_normalize:
                    vector = unit(vector)
            mean += weight * vector
            total += abs(weight)
        return mean / total if total > 0 else mean

    def _checked(self, vector: np.ndarray) -> np.ndarray:
        """`vector` as 64-bit floats, `[C]`."""
        vector = np.asarray(vector, np.float64)
        if vector.shape != (self.vector_size,):
            raise ValueError(f"expected a vector of shape ({self.vector_size},), found {vector.shape}")
        return vector


class KeyToIndex(Mapping[str, int]):
    """The row of each word, looked up on demand: nothing is built for it."""

    def __init__(self, vectors: Rows) -> None:
        self._vectors = vectors

    def __getitem__(self, word: str) -> int:
        return self._vectors.get_index(word) if isinstance(word, str) else self._vectors.get_index(str(word))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self._vectors.has_index_for(word)

    def __iter__(self) -> Iterator[str]:
        return iter(self._vectors.index_to_key)

    def __len__(self) -> int:
        return len(self._vectors)


def asarray(native: _wordspace.Array | None) -> Any:
    """`native` as a NumPy array, read-only and without a copy."""
    return None if native is None else np.asarray(native)


def in_memory(words: list[str], values: np.ndarray) -> _wordspace.Vectors:
    """`words` with the rows of `values`, `[V, C]`."""
    return _wordspace.Vectors.from_rows(words, values.shape[1], np.ascontiguousarray(values, np.float32).tobytes())


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` scaled to length 1; zeros stay zeros."""
    vector = np.asarray(vector, np.float64)
    norm = np.linalg.norm(vector)
    return vector / norm if norm > 0 else vector
