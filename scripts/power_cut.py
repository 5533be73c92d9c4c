"""What a disk may hold after a power cut, computed from a record of file operations that faults.c made.

POSIX promises little: the bytes of a file are on the disk once it is synced, and a name is there once its folder is synced. Before
that, each change of a name (create, rename, delete) may have reached the disk or not, whatever came after it, and unsynced bytes may be
there, missing, half there, or zeros. A file system that keeps more order leaves fewer states, all of them among these.
"""

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path


class File:
    def __init__(self, content: bytes = b""):
        self.now = self.synced = content

    def write(self, at: int, data: bytes):
        self.now = self.now[:at].ljust(at, b"\0") + data + self.now[at + len(data):]

    def truncate(self, length: int):
        self.now = self.now[:length].ljust(length, b"\0")

    def after_cut(self, unsynced: str) -> bytes:
        """The content after a power cut that treats unsynced bytes in this way."""
        if unsynced == "kept" or self.now == self.synced:
            return self.now
        same = len(os.path.commonprefix([self.now, self.synced]))
        half = same + (len(self.now) - same) // 2
        return {"lost": self.synced, "half": self.now[:half], "zeros": self.now[:same].ljust(len(self.now), b"\0")}[unsynced]


class Folder:
    def __init__(self):
        self.now: dict[str, "File | Folder"] = {}
        self.synced: dict[str, "File | Folder"] = {}


@dataclass
class Change:
    """Names that change together: those of a rename or a single one; `None` is no file."""
    names: list[tuple[Folder, str, "File | Folder | None"]] = field(default_factory=list)

    def apply(self, entries) -> None:
        for folder, name, node in self.names:
            if node is None:
                entries(folder).pop(name, None)
            else:
                entries(folder)[name] = node


class Disk:
    """The files below `root` while the operations of a record are applied one by one."""

    def __init__(self, root: Path):
        self.root, self.top = root, Folder()
        self.unsynced: list[Change] = []
        self._read(root, self.top)

    def _read(self, path: Path, folder: Folder):
        for entry in path.iterdir():
            node = Folder() if entry.is_dir() else File(entry.read_bytes())
            folder.now[entry.name] = folder.synced[entry.name] = node
            if entry.is_dir():
                self._read(entry, node)

    def _find(self, path: str) -> tuple[Folder, str, "File | Folder | None"]:
        """The folder of `path`, its name there, and what has this name."""
        folder, (*parents, name) = self.top, Path(path).relative_to(self.root).parts or ("",)
        for parent in parents:
            folder = folder.now[parent]
        return folder, name, folder.now.get(name) if name else self.top

    def _change(self, *names):
        change = Change(list(names))
        change.apply(lambda folder: folder.now)
        self.unsynced.append(change)

    def apply(self, operation: str, path: str, second: str, at: int, data: bytes):
        folder, name, node = self._find(path)
        match operation:
            case "open" if second == "create":
                self._change((folder, name, File()))
            case "open" if second == "empty":
                node.truncate(0)
            case "write":
                node.write(at, data)
            case "truncate":
                node.truncate(at)
            case "mkdir":
                self._change((folder, name, Folder()))
            case "unlink" | "rmdir":
                self._change((folder, name, None))
            case "rename":
                to, new_name, _ = self._find(second)
                self._change((folder, name, None), (to, new_name, node))
            case "fsync" if isinstance(node, File):
                node.synced = node.now
            case "fsync":
                touching = [change for change in self.unsynced if any(folder is node for folder, _, _ in change.names)]
                for change in touching:
                    change.apply(lambda folder: folder.synced)
                    self.unsynced.remove(change)

    def states(self):
        """Every tree that a power cut may leave now, as a dictionary of contents; `None` is a folder. Of the changes of names that are
        not synced, all, none, all but one and only one have reached the disk."""
        every = range(len(self.unsynced))
        kept = {frozenset(every), frozenset()} | {frozenset({n}) for n in every} | {frozenset(every) - {n} for n in every}
        for chosen, unsynced in itertools.product(kept, ["kept", "lost", "half", "zeros"]):
            entries: dict[int, dict] = {}
            names = lambda folder: entries.setdefault(id(folder), dict(folder.synced))
            for n in sorted(chosen):
                self.unsynced[n].apply(names)
            tree: dict[str, bytes | None] = {}
            self._walk(self.top, "", names, unsynced, tree)
            yield tree

    def _walk(self, folder: Folder, path: str, names, unsynced: str, tree: dict):
        for name, node in names(folder).items():
            below = f"{path}{name}"
            if isinstance(node, Folder):
                tree[below] = None
                self._walk(node, below + "/", names, unsynced, tree)
            else:
                tree[below] = node.after_cut(unsynced)


def read_record(path: Path):
    """The operations of a record: name, path, second path or effect, offset or length, data of a write."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        end = data.index(b"\n", at)
        operation, name, second, number, length = data[at:end].decode().split("\t")
        at = end + 1 + int(length)
        yield operation, name, second, int(number), data[end + 1:at]
