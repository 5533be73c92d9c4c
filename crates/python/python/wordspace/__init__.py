"""wordspace trains token and position embeddings from scratch, and shows what vectors know.

Vectors, with gensim's names, many times as fast::

    >>> import wordspace
    >>> v = wordspace.open("GoogleNews-vectors-negative300.bin")    # or GloVe, fastText, .npy, safetensors, gpt2, a run
    >>> v.most_similar("cat", topn=3)
    >>> v.most_similar(positive=["king", "woman"], negative=["man"])
    >>> v.most_similar_many(["cat", "dog", "car"])                  # shared passes over the vectors
    >>> from wordspace import KeyedVectors                          # in place of gensim.models.KeyedVectors

Training, watched::

    >>> run = wordspace.train(name="toy")                           # a built-in text, ten seconds
    >>> run.log                                                     # columns: step, loss, …
    >>> run.pairs                                                   # how "cat" and "dog" found each other
    >>> run.vectors(step=0).similarity("cat", "dog"), run.vectors().similarity("cat", "dog")
    >>> run.generate("the cat")
    >>> run                                                         # in a notebook: the page that turns

And:

- :func:`train`, :class:`Run`, :func:`generate`: training, and what is made of a run;
- :func:`open`, :class:`KeyedVectors`: words with their vectors;
- :func:`project`, :class:`Projection`: words as points, by PCA, t-SNE or UMAP;
- :func:`tokenizer`, :class:`Tokenizer`: text to ids and back;
- :func:`set_threads`: how many cores to use;
- :mod:`wordspace.errors`: what can go wrong.

The program ``wordspace`` is in the same wheel: ``wordspace --help``, or ``python -m wordspace``.

After a fork, queries answer on the calling thread; training raises. Vectors and runs are pickled by path.
"""

import atexit

from . import _wordspace
from .errors import (
    DataError,
    DeviceError,
    DiskError,
    Error,
    ExistsError,
    MissingError,
    QuestionError,
    UnknownWordError,
)
from .keyed_vectors import KeyedVectors
from .opening import open  # noqa: A004
from .projections import Projection, project
from .runs import Run, generate, train
from .tokenizers import Tokenizer, tokenizer

__version__: str = _wordspace.__version__

__all__ = [
    "DataError",
    "DeviceError",
    "DiskError",
    "Error",
    "ExistsError",
    "KeyedVectors",
    "MissingError",
    "Projection",
    "QuestionError",
    "Run",
    "Tokenizer",
    "UnknownWordError",
    "generate",
    "open",
    "project",
    "set_threads",
    "tokenizer",
    "train",
]


def set_threads(threads: int) -> None:
    """Uses so many cores; 0 means all. Before the first query or run of the process: what computes is made once.

    :raises QuestionError: if it is too late, or they are more than four for each core.
    """
    used = _wordspace.set_threads(threads)
    if threads not in (0, used):
        raise QuestionError(f"{used} threads compute already; call set_threads before the first query, or set RAYON_NUM_THREADS")


# Threads that train when the interpreter ends finish their update and save a checkpoint.
atexit.register(_wordspace.stop_all)
