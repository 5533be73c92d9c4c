"""Text to ids and back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import _wordspace
from .progress import Bar


class Tokenizer:
    """A tokenizer, see :func:`tokenizer`: ``len(t)`` is V, the number of its tokens."""

    def __init__(self, native: _wordspace.Tokenizer) -> None:
        self._native = native

    def __len__(self) -> int:
        return len(self._native)

    def encode(self, text: str) -> np.ndarray:
        """The ids of `text`, `[N]`."""
        return np.array(self._native.encode(text))

    def encode_many(self, texts: Iterable[str]) -> list[np.ndarray]:
        """The ids of each text, encoded on all cores."""
        return [np.array(ids) for ids in self._native.encode_all(list(texts))]

    def tokens(self, text: str) -> list[tuple[int, str, str]]:
        """The tokens of `text`: id, spelling in the vocabulary (GPT-2 spells `` cat`` as ``Ġcat``), and the part of the text."""
        return self._native.tokens(text)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of `ids`."""
        return self._native.decode([int(id) for id in ids])

    def id(self, spelling: str) -> int | None:
        """The id of the token that is spelled `spelling`."""
        return self._native.id(spelling)

    def spelling(self, id: int) -> str | None:
        """The spelling of a token."""
        return self._native.spelling(id)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes its ``tokenizer.json``, as Hugging Face's tokenizers reads it, to the new file `path`."""
        with open(path, "x", encoding="utf8") as file:
            file.write(self._native.to_json())

    def __reduce__(self) -> Any:
        return unpickled, (self._native.to_json(),)

    def __repr__(self) -> str:
        return f"<Tokenizer of {len(self):,} tokens>"


def tokenizer(
    name: str | os.PathLike[str],
    *,
    text: str | None = None,
    file: str | os.PathLike[str] | None = None,
    min_count: int = 1,
) -> Tokenizer:
    """A tokenizer, by name.

    :param name: ``"gpt2"``, the path of a ``tokenizer.json``, or a folder that has one, such as a run's; or one that is learned:
        ``"word"``, ``"char"``, ``"bpe:8000"``.
    :param text: the text that it is learned from, or:
    :param file: the file of that text.
    :param min_count: words that occur more rarely become ``<unk>``.
    """
    path = None if file is None else os.fsdecode(file)
    with Bar("learning the tokenizer") as listener:
        return Tokenizer(_wordspace.Tokenizer.open(os.fsdecode(name), text, path, min_count, listener))


def unpickled(text: str) -> Tokenizer:
    return Tokenizer(_wordspace.Tokenizer.from_json(text.encode()))
