"""Opens sources of vectors: runs, models and files."""

from __future__ import annotations

import os
from typing import Any

from . import _wordspace
from .errors import DataError, NotFoundError
from .progress import Bar


def open_native(
    source: str | os.PathLike[str], table: str = "token", limit: int | None = None, strict: bool = False
) -> _wordspace.Vectors:
    """The words and vectors of `source`, see :func:`wordspace.open`."""
    if table not in ("token", "position"):
        raise ValueError(f'table is {table!r}; expected "token" or "position"')
    name = os.fsdecode(source)
    try:
        with Bar("reading vectors") as listener:
            return _wordspace.Vectors.open(name, table == "position", limit, strict, listener)
    except DataError as error:
        if os.path.exists(name.rsplit("@", 1)[0]):
            raise
        raise NotFoundError(str(error)) from None


def absolute(source: str | os.PathLike[str]) -> str:
    """`source` with an absolute path, so that another process finds it; ``"gpt2"`` stays as it is."""
    name = os.fsdecode(source)
    path, at, step = name.rpartition("@")
    if at and not os.path.exists(name):
        return os.path.abspath(path) + "@" + step
    return os.path.abspath(name) if os.path.exists(name) else name


def open(  # noqa: A001: it is called as wordspace.open
    source: str | os.PathLike[str], *, table: str = "token", limit: int | None = None, strict: bool = False
) -> Any:
    """Words with their vectors, as :class:`KeyedVectors`: of a run, a model, or a vector file.

    :param source: a run's folder (``runs/toy``, ``runs/toy@500`` for its vectors after update 500), a GPT-2 folder or
        ``"gpt2"``, or a file: word2vec binary or text, GloVe, fastText, ``.npy``, safetensors, TensorBoard projector, CSV. A
        file's format is recognised by its content.
    :param table: ``"token"``, or ``"position"`` for the position table of a model, whose words are ``"0"``, ``"1"``, ….
    :param limit: read only this many rows.
    :param strict: refuse a file that has rows that cannot be used, instead of leaving them out.
    :raises NotFoundError: if it does not exist.
    :raises DataError: if it is not a source of vectors, or is damaged.

    Large files of ``.npy``, safetensors and word2vec binary are mapped, not copied: only the rows that a query reads are
    loaded. While a mapped file is in use no other program may truncate it: reading the missing part would end the process
    (SIGBUS), as with every memory map. Replacing it by a new file of the same name is safe.
    """
    from .keyed_vectors import KeyedVectors

    native = open_native(source, table, limit, strict)
    reopen = (absolute(source), table, limit, strict)
    return KeyedVectors._of(native, reopen)
