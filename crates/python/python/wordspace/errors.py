"""Exceptions, with the messages of the command line.

    Error
    ├── ArgumentError    an argument or a setting that makes no sense; also a ValueError
    ├── DataError        a file, a run or a text that cannot be used; also an OSError
    │   └── NotFoundError    a source that does not exist; also a FileNotFoundError
    ├── UnknownWordError a word without a vector; also a KeyError
    ├── DeviceError      a device that is not there, or fails; also a RuntimeError
    ├── DiskError        a file that cannot be written; also an OSError
    └── ExistsError      a file or run that would be overwritten; also a FileExistsError
"""


class Error(Exception):
    """The base class of wordspace's exceptions."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArgumentError(Error, ValueError):
    """An argument or a setting that makes no sense."""


class DataError(Error, OSError):
    """A file, a run or a text that cannot be used."""


class NotFoundError(DataError, FileNotFoundError):
    """A source that does not exist."""


class UnknownWordError(Error, KeyError):
    """A word without a vector. The message names words of similar spelling."""


class DeviceError(Error, RuntimeError):
    """A device that is not there, too small, or fails."""


class DiskError(Error, OSError):
    """A file that cannot be written."""


class ExistsError(Error, FileExistsError):
    """A file or a run that would be overwritten."""
