"""Progress of long work: a tqdm bar where tqdm is installed and somebody watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

#: A bar appears only for work that takes longer, in seconds.
DELAY = 1.0


class Bar:
    """Shows progress events as a bar, which appears after a second; nothing without tqdm, or without a terminal or notebook."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.bar: Any = None

    def __enter__(self) -> Callable[[str], None] | None:
        return self.on_event if bar_class() else None

    def __exit__(self, *_: object) -> None:
        self.close()

    def on_event(self, event: str) -> None:
        """Shows `event`, as JSON."""
        self.show(json.loads(event))

    def show(self, event: dict[str, Any]) -> None:
        """Moves the bar, if `event` is one of progress."""
        if event.get("event") != "progress" or not event["total"]:
            return
        if self.bar is not None and self.bar.total != event["total"]:
            self.close()
        if self.bar is None:
            tqdm = bar_class()
            if tqdm is None:
                return
            label = event.get("phase", self.label)
            self.bar = tqdm(total=event["total"], desc=label, delay=DELAY, leave=False, unit_scale=True)
        self.bar.update(event["done"] - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def bar_class() -> Any:
    """tqdm's class for a notebook or a terminal; None elsewhere, or without tqdm."""
    if "ipykernel" not in sys.modules and not (sys.stderr and sys.stderr.isatty()):
        return None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return None
    return tqdm
