"""word2vec's file format, read and written as gensim 4 does it."""

from __future__ import annotations

import os
import warnings
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from .errors import DataError
from .opening import absolute, open_native
from .progress import Bar

if TYPE_CHECKING:
    from .keyed_vectors import KeyedVectors

#: Rows that are written at once.
BLOCK = 4096


def load(
    cls: type[KeyedVectors],
    fname: str | os.PathLike[str],
    fvocab: str | os.PathLike[str] | None,
    encoding: str,
    unicode_errors: str,
    limit: int | None,
    datatype: Any,
) -> KeyedVectors:
    """See :meth:`wordspace.KeyedVectors.load_word2vec_format`."""
    if np.dtype(datatype) != np.float32:
        raise ValueError(f"datatype is {np.dtype(datatype)}; vectors are float32 here")
    if encoding.lower().replace("-", "") != "utf8":
        raise ValueError(f"encoding is {encoding!r}; words are read as UTF-8 here: convert the file with gensim first")
    if unicode_errors not in ("strict", "replace"):
        raise ValueError(f'unicode_errors is {unicode_errors!r}; expected "strict" or "replace"')
    native = open_native(fname, "token", limit)
    if native.words_not_utf8 and unicode_errors == "strict":
        problem = f"{os.fsdecode(fname)}: {native.words_not_utf8} words are not UTF-8; to read them: unicode_errors=\"replace\""
        raise UnicodeDecodeError("utf-8", b"", 0, 1, problem)
    with warnings.catch_warnings():
        # The caller has asked for U+FFFD, so no warning says it again.
        if native.words_not_utf8:
            warnings.simplefilter("ignore")
        vectors = cls._of(native, (absolute(fname), "token", limit, False))
    if fvocab is not None:
        read_counts(vectors, fvocab, unicode_errors)
    return vectors


def read_counts(vectors: KeyedVectors, path: str | os.PathLike[str], unicode_errors: str) -> None:
    """Gives the words the counts in the file at `path`, a word and a number a line."""
    with open(path, encoding="utf8", errors=unicode_errors) as lines:
        for number, line in enumerate(lines, 1):
            word, _, count = line.rstrip().rpartition(" ")
            if not count.isdigit():
                raise DataError(f"{os.fspath(path)}, line {number}: expected a word and its count, found {line.strip()!r}")
            if vectors.has_index_for(word):
                vectors.set_vecattr(word, "count", int(count))


def save(
    vectors: KeyedVectors,
    fname: str | os.PathLike[str],
    fvocab: str | os.PathLike[str] | None,
    binary: bool,
    total_vec: int | None,
    write_header: bool,
    prefix: str,
    append: bool,
    sort_attr: str,
) -> None:
    """See :meth:`wordspace.KeyedVectors.save_word2vec_format`."""
    rows = np.arange(len(vectors))
    if sort_attr in vectors.expandos:
        rows = np.argsort(-vectors.expandos[sort_attr], kind="stable")
    elif fvocab is not None:
        raise ValueError(f"fvocab needs the attribute {sort_attr!r} of each word, which these vectors do not have")
    if fvocab is not None:
        counts = vectors.expandos[sort_attr]
        lines = (f"{prefix}{vectors.index_to_key[row]} {counts[row]}\n".encode() for row in rows)
        replace_file(fvocab, lambda out: out.writelines(lines), append)
    plain = write_header and not prefix and not append and total_vec is None and (np.diff(rows) == 1).all()
    if plain and len(vectors):
        path = os.fsdecode(fname)
        partial = partial_name(path)
        try:
            with Bar("writing vectors") as listener:
                vectors._native.write(partial, "bin" if binary else "txt", listener)
            os.replace(partial, path)
        finally:
            if os.path.exists(partial):
                os.remove(partial)
        return

    def write(out: IO[bytes]) -> None:
        if write_header:
            out.write(f"{len(vectors) if total_vec is None else total_vec} {vectors.vector_size}\n".encode())
        for first in range(0, len(rows), BLOCK):
            block = rows[first : first + BLOCK].tolist()
            for word, vector in zip(vectors._native.words_at(block), np.array(vectors._native.rows(block))):
                values = vector.tobytes() if binary else (" ".join(map(str, vector)) + "\n").encode()
                out.write(f"{prefix}{word} ".encode() + values)

    replace_file(fname, write, append)


def replace_file(path: str | os.PathLike[str], write: Any, append: bool = False) -> None:
    """Writes the file at `path` whole or not at all; with `append`, adds to it."""
    if append:
        with open(path, "ab") as out:
            write(out)
        return
    partial = partial_name(os.fsdecode(path))
    try:
        with open(partial, "xb") as out:
            write(out)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def partial_name(path: str) -> str:
    """The name of the file at `path` until it is complete."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}.partial")
