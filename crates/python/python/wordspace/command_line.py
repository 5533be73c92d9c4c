"""The program ``wordspace``, from the same library as the module."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """The console script ``wordspace``; also ``python -m wordspace``."""
    # Python's handler would only set a flag, which the interpreter cannot check while native code runs.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ._wordspace import command_line

    sys.stdout.flush()
    sys.exit(command_line(["wordspace", *sys.argv[1:]]))
