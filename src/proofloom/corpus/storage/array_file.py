"""Named arrays in one file that is mapped into memory, not read: opening it takes no time, whatever its size.

The first line is JSON: the format, a stamp that says what the arrays were made from, and where each array lies.  A file
with another stamp, another length or another format is not opened, so a stale or torn file is never used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.assistants.files import write_beside

Arrays = Mapping[str, NDArray[Any]]

FORMAT = "proofloom-arrays-1"
_ALIGNMENT = 64


class ArrayFileError(Exception):
    """A file cannot be used: it is not there, of another format, or not as long as it says; the text says which."""


def write_arrays(file: Path, arrays: Arrays, stamp: str) -> None:
    """Write `arrays` beside `file` and move them into place; raises `AssistantError` if that fails."""
    table: dict[str, dict[str, Any]] = {}
    length = 0
    for name, array in arrays.items():
        table[name] = {"type": array.dtype.str, "shape": array.shape, "at": length}
        length += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    header = {"format": FORMAT, "stamp": stamp, "arrays": table, "length": length}
    first = json.dumps(header).encode()
    first += b" " * (-(len(first) + 1) % _ALIGNMENT) + b"\n"

    def pieces() -> Iterator[bytes | memoryview]:
        yield first
        for array in arrays.values():
            yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            yield bytes(-array.nbytes % _ALIGNMENT)

    write_beside(file, pieces())


def read_arrays(file: Path, stamp: str) -> Arrays | None:
    """The arrays of `file`, mapped read-only; None if there is no such file or it is not the one that is wanted."""
    try:
        found, arrays = open_arrays(file)
    except ArrayFileError:
        return None
    return arrays if found == stamp else None


def open_arrays(file: Path) -> tuple[str, Arrays]:
    """The stamp of `file` and its arrays, mapped read-only; raises `ArrayFileError` in one line."""
    try:
        with file.open("rb") as stream:
            first = stream.readline(1 << 20)
        size = file.stat().st_size
    except OSError as error:
        raise ArrayFileError(f"{file}: cannot be read ({error.strerror})") from error
    try:
        header = json.loads(first)
        found, stamp, length, table = (header[name] for name in ("format", "stamp", "length", "arrays"))
    except (ValueError, KeyError, TypeError) as error:
        raise ArrayFileError(f"{file}: is cut short or was not written by Proofloom") from error
    if found != FORMAT:
        raise ArrayFileError(f"{file}: has the format {found}, wanted {FORMAT}")
    if size != len(first) + length:
        raise ArrayFileError(f"{file}: has {size} bytes, wanted {len(first) + length}; it is cut short")
    data = np.memmap(file, dtype=np.uint8, mode="r", offset=0)
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in table.items():
        kind = np.dtype(entry["type"])
        start = len(first) + entry["at"]
        size = int(np.prod(entry["shape"], dtype=np.int64)) * kind.itemsize
        arrays[name] = np.frombuffer(data, np.uint8, size, start).view(kind).reshape(entry["shape"])
    return stamp, arrays
