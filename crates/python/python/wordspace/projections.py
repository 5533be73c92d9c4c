"""Words as points in the plane or in space."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from . import _wordspace
from .keyed_vectors import KeyedVectors
from .opening import open as open_source
from .progress import Bar

if TYPE_CHECKING:
    from .rows import Key
    from .runs import Run


class Projection:
    """Words as points; in a notebook it shows itself as a picture."""

    def __init__(self, native: _wordspace.Projection) -> None:
        self._native = native
        #: The words, `[N]`.
        self.words: list[str] = native.words
        #: Their points, `[N, dims]`.
        self.points: np.ndarray = np.array(native.points)
        #: The class of each word, or None.
        self.classes: list[str | None] = native.classes
        #: For principal components, the share of the variance along each axis.
        self.explained_variance: list[float] | None = native.explained_variance
        #: The share of neighbours that are neighbours among the vectors too; None for fewer than eleven words.
        self.trustworthiness: float | None = native.trustworthiness

    def svg(self, theme: str = "light") -> str:
        """The picture as SVG: ``light``, ``dark``, or ``auto`` for the theme of whoever looks."""
        return self._native.svg(theme)

    def save(self, path: str | os.PathLike[str], theme: str = "light") -> None:
        """Writes the picture as SVG to the new file `path`."""
        with open(path, "x", encoding="utf8") as file:
            file.write(self.svg(theme))

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Projection of {len(self.words):,} words to {self.points.shape[1]} dimensions>"


def project(
    source: KeyedVectors | Run | str | os.PathLike[str],
    words: Sequence[Key] | None = None,
    *,
    method: str = "pca",
    dims: int = 2,
    seed: int = 42,
    top: int = 100,
) -> Projection:
    """Projects words to the plane or to space.

    :param source: vectors, a run, or what :func:`wordspace.open` opens.
    :param words: the words; without them the `top` most frequent.
    :param method: ``"pca"``, ``"tsne"`` or ``"umap"``. The same seed gives the same points.
    :param dims: 2 or 3.
    """
    from .runs import Run

    if isinstance(source, Run):
        source = source.vectors()
    vectors = source if isinstance(source, KeyedVectors) else open_source(source)
    rows = None if words is None else list(dict.fromkeys(vectors.get_index(word) for word in words))
    with Bar("projecting") as listener:
        return Projection(_wordspace.Projection.of(vectors._native, rows, top, method, dims, seed, listener))
