#!/usr/bin/env python3
"""Reads damaged .npy files with NumPy and with wordspace, and compares what both find.

    pip install numpy
    python scripts/numpy_agrees.py target/release/wordspace --copies 5000 --seed 1

The copies are damaged like those of tests/hostile_files.rs, mostly in the header. What NumPy reads as a table of finite 16, 32 or
64-bit little-endian floats in C order, with one word for each row, wordspace must read too, with the same values, bit for bit
after rounding to 32 bits. What wordspace reads beyond that is the first rows of a file that was cut short. The exit code is 1 if
any copy differs.
"""

import argparse
import collections
import random
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

WORDS = ["cat", "dog", "1984", "don't"]


def originals() -> list[bytes]:
    """Small tables of every type and version."""
    table = np.array([[1.5, -2.0], [1 / 3, 1e-40], [65504.0, 0.1], [-0.0, 3.0]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.npy"
        files = []
        for dtype in ("<f2", "<f4", "<f8", ">f4", "<i4"):
            np.save(path, table.astype(dtype))
            files.append(path.read_bytes())
        np.save(path, np.asfortranarray(table.astype("<f4")))
        files.append(path.read_bytes())
        for version in ((2, 0), (3, 0)):
            with path.open("wb") as file:
                np.lib.format.write_array(file, table.astype("<f4"), version=version)
            files.append(path.read_bytes())
    return files


def damaged(whole: bytes, draw: random.Random) -> bytes:
    """A copy with one to three changes, mostly in the header."""
    copy = bytearray(whole)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(min(len(copy), 90)) if draw.random() < 0.8 else draw.randrange(len(copy))
        match draw.randrange(8):
            case 0:
                copy[at] ^= 1 << draw.randrange(8)
            case 1:
                copy[at] = draw.choice(b" ,()'{}:0123456789LTFalse<>f|")
            case 2:
                copy.insert(at, draw.choice(b" ,()'{}:0123456789L\n\t"))
            case 3:
                del copy[at]
            case 4:
                del copy[at:]
            case 5:
                copy[at:at] = copy[at : at + draw.randint(1, 20)]
            case 6:
                copy = bytearray(bytes(copy).replace(*draw.choice([(b"<f4", b"<f8"), (b"<f8", b"<f4"), (b"4, 2", b"2, 4"), (b"4, 2", b"4,2"), (b"False", b"True"), (b"'", b'"'), (b"4, 2", b"8,")])))
            case _:
                # Spaces keep the header's length, so that more copies are read.
                copy[at : at + 2] = b" " + copy[at : at + 1] if copy[at + 1 : at + 2] == b" " else copy[at : at + 2]
        if not copy:
            break
    return bytes(copy)


def numpy_reads(path: Path):
    """The table in the file at `path` as wordspace promises to read it, or the reason why it does not."""
    try:
        table = np.load(path, allow_pickle=False)
    except Exception as error:
        return f"refused ({type(error).__name__})"
    if not isinstance(table, np.ndarray) or table.dtype.str not in ("<f2", "<f4", "<f8") or table.ndim != 2:
        return "another array"
    if table.shape[0] != len(WORDS) or table.shape[1] == 0:
        return "another shape"
    if not table.flags.c_contiguous:
        return "Fortran order"
    with np.errstate(over="ignore", invalid="ignore"):
        table = table.astype(np.float32)
    return table if np.isfinite(table).all() else "not finite"


def compare(program: Path, number: int, copy: bytes, folder: Path) -> str:
    """One word about the copy: whether and how both differ."""
    path, out = folder / f"{number}.npy", folder / f"{number}-out.npy"
    path.write_bytes(copy)
    (folder / f"{number}.words.txt").write_text("\n".join(WORDS) + "\n")
    expected = numpy_reads(path)
    done = subprocess.run([program, "convert", path, out], capture_output=True, text=True)
    found = np.load(out) if done.returncode == 0 else None
    if done.returncode not in (0, 3):
        return f"DIFFERS: wordspace ends with {done.returncode}: {done.stderr[-200:]}"
    if isinstance(expected, np.ndarray):
        if found is None:
            return f"DIFFERS: NumPy reads it, wordspace says {done.stderr.strip()[-200:]}"
        same = found.shape == expected.shape and found.tobytes() == expected.tobytes()
        return "both read it" if same else f"DIFFERS: {expected.tolist()} and {found.tolist()}"
    if found is None:
        return "both refuse it"
    if "promises" in done.stderr or "left out" in done.stderr:
        return "wordspace reads the rows that are there"
    return f"DIFFERS: only wordspace reads it: {expected}"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=Path)
    arguments.add_argument("--copies", type=int, default=5000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    program, draw = given.program.resolve(), random.Random(given.seed)
    files = originals()
    copies = [damaged(draw.choice(files), draw) for _ in range(given.copies)]
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder, ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda at: compare(program, at, copies[at], Path(folder)), range(len(copies))))
    for result, count in collections.Counter(results).most_common():
        print(f"{count:6} {result}")
    examples = {}
    for result, copy in zip(results, copies):
        if result.startswith("DIFFERS"):
            examples.setdefault(result, copy)
    for result, copy in examples.items():
        print(f"  {result}: {copy[:140]!r}")
    return int(any(result.startswith("DIFFERS") for result in results))


if __name__ == "__main__":
    raise SystemExit(main())
