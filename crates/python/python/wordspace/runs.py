"""Runs: training, logs, vectors, generated text, exports and reports."""

from __future__ import annotations

import html
import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _wordspace
from .errors import DataError, NotFoundError
from .keyed_vectors import KeyedVectors
from .opening import open as open_source
from .progress import Bar

#: Called with each event, in the form of the log, such as ``{"event": "step", "step": 7, "loss": 4.2, …}``.
Listener = Callable[[dict[str, Any]], object]


def train(
    config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    text: str | os.PathLike[str] | None = None,
    on_event: Listener | None = None,
    name: str | None = None,
    out: str | os.PathLike[str] = "runs",
    steps: int | None = None,
    seed: int | None = None,
    tokenizer: str | None = None,
    device: str | None = None,
    overwrite: bool = False,
) -> Run:
    """Trains a run and returns it; without arguments the toy run, ten seconds on a laptop.

    :param config: a TOML file, or its sections as a dictionary: ``{"model": {"channels": 64}, "train": {"steps": 100}}``.
        Missing keys have their defaults.
    :param text: the path of the training text, in UTF-8.
    :param on_event: called with each event: ``progress``, ``started``, ``warning``, ``step``, ``evaluation``, ``watch``,
        ``vectors``, ``checkpoint``. What it raises ends the run after the update under way, with a checkpoint.
    :param name: the name of the run; its folder is ``out/name``.
    :param steps: the number of updates; the warm-up is scaled with it.
    :param overwrite: move an earlier run of that name aside, to a name with the date.
    :raises ExistsError: if there is such a run.

    The interpreter's lock is free while it trains. Ctrl-C finishes the update under way, saves a checkpoint and raises
    ``KeyboardInterrupt``; :meth:`Run.resume` goes on with the same bits.
    """
    file, settings = None, None
    if isinstance(config, Mapping):
        settings = json.dumps(config)
    elif config is not None:
        file = os.fsdecode(config)
    given = {
        "data.text": None if text is None else os.fsdecode(text),
        "data.tokenizer": tokenizer,
        "device.name": device,
        "run.seed": seed,
        "run.name": name,
    }
    changes = [(key, str(value)) for key, value in given.items() if value is not None]
    with EventListener(on_event) as listener:
        path, outcome = _wordspace.train(file, settings, changes, steps, os.fsdecode(out), overwrite, listener)
    return Run._of(path, json.loads(outcome))


class EventListener:
    """Gives the events of a run to the caller's function and to the progress bar."""

    def __init__(self, on_event: Listener | None) -> None:
        self.on_event = on_event
        self.bar = Bar("training")

    def __enter__(self) -> Callable[[str], None]:
        self.steps = 0
        return self.on_native_event

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def on_native_event(self, text: str) -> None:
        event = json.loads(text)
        kind = event["event"]
        if kind == "started":
            self.steps = event["steps"]
        elif kind == "warning":
            warnings.warn(event["message"], stacklevel=3)
        elif kind == "step":
            self.bar.show({"event": "progress", "phase": "training", "done": event["step"], "total": self.steps})
        else:
            self.bar.show(event)
        if self.on_event is not None:
            self.on_event(event)


class Run:
    """A run: the folder that ``wordspace train`` or :func:`wordspace.train` writes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(os.fsdecode(path))
        #: The result of training, as ``train --json`` prints it, if :func:`train` or :meth:`resume` returned this object:
        #: ``ending``, ``steps``, ``val_loss``, ``tokens_per_second``, ….
        self.outcome: dict[str, Any] = {}
        if not os.path.isfile(os.path.join(self.path, "config.toml")):
            found = "it has no config.toml, so it is not a run" if os.path.exists(self.path) else "there is no such run"
            kind = DataError if os.path.exists(self.path) else NotFoundError
            raise kind(f"{os.fsdecode(path)}: {found}; wordspace.train() makes one")

    @classmethod
    def _of(cls, path: str | os.PathLike[str], outcome: dict[str, Any]) -> Run:
        run = cls(path)
        run.outcome = outcome
        return run

    @property
    def name(self) -> str:
        """The name of its folder."""
        return os.path.basename(self.path)

    @property
    def steps(self) -> list[int]:
        """The steps after which vectors were saved."""
        return self._steps("vectors")

    @property
    def checkpoints(self) -> list[int]:
        """The steps of its checkpoints."""
        return self._steps("checkpoints")

    def _steps(self, folder: str) -> list[int]:
        try:
            names = os.listdir(os.path.join(self.path, folder))
        except FileNotFoundError:
            return []
        found = (re.fullmatch(r"step-(\d+)(\.safetensors)?", name) for name in names)
        return sorted(int(match.group(1)) for match in found if match)

    def vectors(self, step: int | None = None, table: str = "token") -> KeyedVectors:
        """The vectors after update `step`, or the newest."""
        vectors: KeyedVectors = open_source(self._at(step), table=table)
        return vectors

    def _at(self, step: int | None) -> str:
        return self.path if step is None else f"{self.path}@{step}"

    @property
    def log(self) -> Any:
        """The updates as columns: ``step``, ``loss``, ``smoothed_loss``, ``gradient_norm``, ``learning_rate``, ``tokens``,
        ``seconds``, and ``validation_loss`` where the model was evaluated after the update.

        A data frame of pandas, or of polars, if one of them is installed; else a dictionary of arrays.
        """
        steps = {event["step"]: event for event in self.events("step")}
        losses = {event["step"]: event["loss"] for event in self.events("evaluation")}
        names = ["step", "loss", "smoothed_loss", "gradient_norm", "learning_rate", "tokens", "seconds"]
        rows = [steps.get(step, {"step": step}) for step in sorted(steps.keys() | losses.keys())]
        columns = {name: column([row.get(name) for row in rows]) for name in names}
        columns["validation_loss"] = column([losses.get(row["step"]) for row in rows])
        return frame(columns)

    @property
    def pairs(self) -> Any:
        """The watched pairs as columns, a row for each pair and measurement: ``step``, ``a``, ``b``, ``cosine``, ``centred``,
        ``rank_of_b``, ``rank_of_a``, ``percentile``, ``agreement``. Data frames as of :attr:`log`."""
        rows = []
        for event in self.events("watch"):
            for pair in event["pairs"]:
                ranks = pair.pop("ranks")
                rows.append({"step": event["step"], **pair, "rank_of_b": ranks[0], "rank_of_a": ranks[1]})
        numbers = ["cosine", "centred", "rank_of_b", "rank_of_a", "percentile", "agreement"]
        columns = {"step": column([row["step"] for row in rows])}
        columns |= {name: np.array([row[name] for row in rows], object) for name in ("a", "b")}
        return frame(columns | {name: column([row.get(name) for row in rows]) for name in numbers})

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The events of the log, of one kind or all: ``step``, ``evaluation``, ``watch``, ``vectors``."""
        path = os.path.join(self.path, "log.jsonl")
        found = []
        try:
            with open(path, encoding="utf8") as lines:
                for line in lines:
                    # A run in progress may have written half of its last line.
                    if line.endswith("\n") and (event := json.loads(line))["event"] == (kind or event["event"]):
                        found.append(event)
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: expected an event as JSON on each line: {error}") from None
        return found

    def resume(
        self, steps: int | None = None, *, changes: Mapping[str, Any] | None = None, on_event: Listener | None = None
    ) -> Run:
        """Trains on from the newest checkpoint, to `steps` updates in all or as many as were planned.

        :param changes: keys of the configuration to change: ``{"train.learning_rate": 1e-4}``.
        """
        changed = [(key, str(value)) for key, value in (changes or {}).items()]
        with EventListener(on_event) as listener:
            path, outcome = _wordspace.resume(self.path, changed, steps, listener)
        return Run._of(path, json.loads(outcome))

    def generate(
        self,
        prompt: str,
        tokens: int = 50,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 42,
        step: int | None = None,
        device: str = "auto",
        on_text: Callable[[str], object] | None = None,
    ) -> str:
        """The text that the model adds to `prompt`; see :func:`wordspace.generate`."""
        return generate(
            self.path, prompt, tokens, temperature=temperature, top_k=top_k, seed=seed, step=step, device=device, on_text=on_text
        )

    def export(self, to: str | os.PathLike[str], step: int | None = None) -> list[str]:
        """Writes the model to the new folder `to`, as ``transformers`` reads it; returns the names of its files."""
        return _wordspace.export(self.path, step, os.fsdecode(to))

    def report(self, to: str | os.PathLike[str] | None = None) -> str:
        """The run as one interactive HTML page that needs no network; written to the new file `to` if it is given."""
        return _wordspace.report(self.path, None if to is None else os.fsdecode(to))

    def _repr_html_(self) -> str:
        """The page, inside a notebook."""
        page = html.escape(self.report(), quote=True)
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 640px; border: 0" title="{html.escape(self.name)}"></iframe>'

    def __repr__(self) -> str:
        steps = self.checkpoints
        return f"<Run {self.path}: " + (f"step {steps[-1]}>" if steps else "no checkpoint yet>")

    def __reduce__(self) -> Any:
        return Run._of, (self.path, self.outcome)


def generate(
    source: str | os.PathLike[str],
    prompt: str,
    tokens: int = 50,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    seed: int = 42,
    step: int | None = None,
    device: str = "auto",
    on_text: Callable[[str], object] | None = None,
) -> str:
    """The text that a model adds to `prompt`: at most `tokens` tokens, fewer if it ends the text.

    :param source: a run's folder, a GPT-2 folder, or ``"gpt2"``.
    :param temperature: 0 always takes the most likely token, 1 samples from the model's own distribution.
    :param top_k: sample only among so many of the most likely tokens.
    :param seed: the same seed gives the same text.
    :param step: of a run, an earlier checkpoint; 0 is the untrained model.
    :param on_text: called with each part of the text as it is complete.
    """

    def on_event(text: str) -> None:
        event = json.loads(text)
        if on_text is not None and event["event"] == "text":
            on_text(event["text"])

    return _wordspace.generate(os.fsdecode(source), step, prompt, tokens, temperature, top_k, seed, device, on_event)


def column(values: list[Any]) -> np.ndarray:
    """`values` as an array: of whole numbers if all are, else of floats, with NaN where there is none."""
    if all(isinstance(value, int) for value in values):
        return np.array(values, np.int64)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def frame(columns: dict[str, np.ndarray]) -> Any:
    """`columns` as a data frame of pandas or polars, if one of them is installed."""
    for library in ("pandas", "polars"):
        try:
            return __import__(library).DataFrame(columns)
        except ImportError:
            continue
    return columns
