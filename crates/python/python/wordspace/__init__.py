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
    >>> run                                                         # in a notebook: the interactive page

And:

- :func:`train`, :class:`Run`, :func:`generate`: training, logs, generated text, exports and reports;
- :func:`open`, :class:`KeyedVectors`: words with their vectors;
- :func:`project`, :class:`Projection`: words as points, by PCA, t-SNE or UMAP;
- :func:`tokenizer`, :class:`Tokenizer`: text to ids and back;
- :func:`set_threads`: how many cores to use;
- :mod:`wordspace.errors`: the exceptions.

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
    NotFoundError,
    ArgumentError,
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
    "NotFoundError",
    "Projection",
    "ArgumentError",
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
    """Sets the number of threads; 0 means one a core. Call it before the first query or run: the thread pool is created once.

    :raises ArgumentError: if the pool exists already with another number, or for more than four threads a core.
    """
    used = _wordspace.set_threads(threads)
    if threads not in (0, used):
        raise ArgumentError(f"the thread pool exists already, with {used} threads; call set_threads before the first query, or set RAYON_NUM_THREADS")


# A thread that trains when the interpreter ends finishes its update and saves a checkpoint.
atexit.register(_wordspace.stop_all)
