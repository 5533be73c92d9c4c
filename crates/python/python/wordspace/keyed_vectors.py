"""Words with their vectors, with the names of gensim 4's ``KeyedVectors``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import evaluation, word2vec_format
from .comparisons import Comparisons
from .opening import open_native
from .progress import Bar
from .rows import KEYS, Key, in_memory


class KeyedVectors(Comparisons):
    """V words with vectors of C values each: ``v["cat"]``, ``"cat" in v``, ``len(v)``.

    Methods and results are those of gensim 4, so that a script that uses ``gensim.models.KeyedVectors`` changes its import
    alone. Vectors stay where :func:`wordspace.open` found them: in a mapped file, or in memory. Queries are exact, use all
    cores and release the interpreter's lock. Keys are words; a row's number is one too.

    Changing vectors (``add_vectors``, ``v["cat"] = …``) copies them all into memory, as in gensim.
    """

    def __init__(self, vector_size: int, count: int = 0, dtype: Any = np.float32) -> None:
        if np.dtype(dtype) != np.float32:
            raise ValueError(f"dtype is {np.dtype(dtype)}; vectors are float32 here")
        if vector_size < 1:
            raise ValueError(f"vector_size is {vector_size}; expected at least 1")
        self._set(in_memory([], np.empty((0, vector_size), np.float32)), None)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: str | os.PathLike[str],
        fvocab: str | os.PathLike[str] | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: Any = np.float32,
        no_header: bool = False,
    ) -> KeyedVectors:
        """Opens a word2vec or GloVe file. Its format is recognised, so `binary` and `no_header` need not be right.

        :param fvocab: a file with a word and its count a line, as ``word2vec -save-vocab`` writes it.
        :param unicode_errors: ``"strict"`` refuses words that are not UTF-8, ``"replace"`` shows their bytes as U+FFFD.
        """
        return word2vec_format.load(cls, fname, fvocab, encoding, unicode_errors, limit, datatype)

    @classmethod
    def load(cls, fname: str | os.PathLike[str], mmap: str | None = None) -> KeyedVectors:
        """As :func:`wordspace.open`. gensim's own pickles are refused: save them by ``save_word2vec_format`` first."""
        return cls._of(open_native(fname), (os.fsdecode(fname), "token", None, False))

    def save_word2vec_format(
        self,
        fname: str | os.PathLike[str],
        fvocab: str | os.PathLike[str] | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Writes word2vec's format, words of the largest `sort_attr` first. A file of that name is replaced once the new one is
        complete."""
        word2vec_format.save(self, fname, fvocab, binary, total_vec, write_header, prefix, append, sort_attr)

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        """The vector of each text, `[N, C]`: the mean of the vectors of its tokens, as sentence-transformers' StaticEmbedding
        computes it. Tokens are those of a run's or model's tokenizer; of vectors alone, words between white space."""
        return np.array(self._native.encode(list(texts)))

    def export(self, path: str | os.PathLike[str], format: str) -> None:
        """Writes all words and vectors to the new file `path` in the format ``bin``, ``txt``, ``glove``, ``npy``,
        ``safetensors``, ``tsv`` or ``csv``, or to a new folder as ``static-embedding``, which ``SentenceTransformer(path)``
        and model2vec open. Nothing is overwritten."""
        with Bar("writing vectors") as listener:
            self._native.write(os.fsdecode(path), format, listener)

    def evaluate_word_pairs(
        self,
        pairs: str | os.PathLike[str],
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Pearson's and Spearman's correlation of cosines with people's judgements, each with its p-value, and the percentage
        of pairs with an unknown word. `pairs` is a file of two words and a number a line."""
        return evaluation.word_pairs(self, pairs, delimiter, encoding, restrict_vocab, case_insensitive, dummy4unknown)

    def evaluate_word_analogies(
        self,
        analogies: str | os.PathLike[str],
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """The share of analogies that are completed with exactly the expected word, and the lists of correct and incorrect
        ones by section. `analogies` is a file of four words a line, with sections that begin with ``: NAME``."""
        return evaluation.word_analogies(
            self, analogies, restrict_vocab, case_insensitive, dummy4unknown, similarity_function
        )

    def add_vectors(
        self,
        keys: Key | Sequence[Key],
        weights: np.ndarray | Sequence[np.ndarray],
        extras: Mapping[str, np.ndarray] | None = None,
        replace: bool = False,
    ) -> None:
        """Appends words with their vectors, `[N, C]`. Words that have one keep it, unless `replace`."""
        keys = [keys] if isinstance(keys, KEYS) else list(keys)
        weights = np.asarray(weights, np.float32).reshape(len(keys), -1)
        if len(keys) and weights.shape[1] != self.vector_size:
            raise ValueError(f"expected vectors of {self.vector_size} values, found {weights.shape[1]}")
        words = list(self.index_to_key)
        rows = [self.get_index(key, -1) for key in keys]
        added: dict[str, int] = {}
        for nth, (key, row) in enumerate(zip(keys, rows)):
            if row < 0:
                added.setdefault(str(key), nth)
        table = np.array(self._native.table() or self._native.copy())
        if replace:
            for nth, row in enumerate(rows):
                if row >= 0:
                    table[row] = weights[nth]
        new = weights[list(added.values())] if added else weights[:0]
        attributes = {name: grown(values, len(added)) for name, values in self.expandos.items()}
        for name, values in (extras or {}).items():
            values = np.asarray(values)
            whole = attributes.get(name, np.zeros(len(words) + len(added), values.dtype))
            whole[len(words) :] = values[list(added.values())]
            attributes[name] = whole
        self._set(in_memory(words + list(added), np.vstack([table, new])), None)
        self.expandos = attributes

    def add_vector(self, key: str, vector: np.ndarray) -> int:
        """Appends one word, and returns its row."""
        self.add_vectors([key], [vector])
        return self.get_index(key)

    def __setitem__(self, keys: Key | list[Key], weights: np.ndarray | Sequence[np.ndarray]) -> None:
        self.add_vectors(keys, weights, replace=True)

    def vectors_for_all(
        self, keys: Iterable[str], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> KeyedVectors:
        """A copy with those of `keys` that have a vector."""
        has = self.__contains__ if allow_inference else self.has_index_for
        known = [key for key in dict.fromkeys(keys) if has(key)]
        chosen = type(self)(self.vector_size)
        if known:
            chosen.add_vectors(known, self[known])
        if copy_vecattrs:
            for name in [*self.expandos] or ["count"]:
                for key in known:
                    if self.has_index_for(key):
                        chosen.set_vecattr(key, name, self.get_vecattr(key, name))
        return chosen

    def get_vecattr(self, key: Key, attr: str) -> Any:
        """The attribute `attr` of a word. Without counts, ``count`` falls from V at the first row to 1 at the last."""
        row = self.get_index(key)
        if attr == "count" and attr not in self.expandos:
            return len(self) - row
        return self.expandos[attr][row]

    def set_vecattr(self, key: Key, attr: str, val: Any) -> None:
        """Sets the attribute `attr` of a word; words that have none have 0."""
        if attr not in self.expandos:
            kind = np.int64 if isinstance(val, (int, np.integer)) else np.asarray(val).dtype
            self.expandos[attr] = np.zeros(len(self), object if isinstance(val, str) else kind)
        self.expandos[attr][self.get_index(key)] = val

    def __reduce__(self) -> Any:
        """Pickled by the path of its source; vectors in memory by their values."""
        if self._reopen is not None:
            return reopened, (type(self), self._reopen)
        table = np.array(self._native.table() or self._native.copy())
        return rebuilt, (type(self), self.index_to_key, table, self.expandos)

    def __repr__(self) -> str:
        name = self._native.name or "in memory"
        return f"<KeyedVectors {name}: {len(self):,} words × {self.vector_size}>"


def grown(values: np.ndarray, more: int) -> np.ndarray:
    """`values` with zeros at the end."""
    return np.concatenate([values, np.zeros(more, values.dtype)])


def reopened(cls: type[KeyedVectors], source: tuple[Any, ...]) -> KeyedVectors:
    return cls._of(open_native(*source), source)


def rebuilt(
    cls: type[KeyedVectors], words: list[str], table: np.ndarray, expandos: dict[str, np.ndarray]
) -> KeyedVectors:
    vectors = cls._of(in_memory(words, table), None)
    vectors.expandos = expandos
    return vectors
