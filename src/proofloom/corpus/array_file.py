"""Named arrays in one file that is mapped into memory, not read: opening it takes no time, whatever its size.

The first line is JSON: the format, a stamp that says what the arrays were made from, and where each array lies.  A file
with another stamp, another length or another format is not opened, so a stale or torn file is never used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.assistants.files import write_beside

Arrays = Mapping[str, NDArray[Any]]

FORMAT = "proofloom-arrays-1"
_ALIGNMENT = 64


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
    pieces = [first]
    for array in arrays.values():
        data = np.ascontiguousarray(array).tobytes()
        pieces += [data, bytes(-len(data) % _ALIGNMENT)]
    write_beside(file, b"".join(pieces))


def read_arrays(file: Path, stamp: str) -> Arrays | None:
    """The arrays of `file`, mapped read-only; None if there is no such file or it is not the one that is wanted."""
    try:
        with file.open("rb") as stream:
            first = stream.readline(1 << 20)
        header = json.loads(first)
        if (header["format"], header["stamp"]) != (FORMAT, stamp):
            return None
        if file.stat().st_size != len(first) + header["length"]:
            return None
        data = np.memmap(file, dtype=np.uint8, mode="r", offset=0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in header["arrays"].items():
        kind = np.dtype(entry["type"])
        start = len(first) + entry["at"]
        size = int(np.prod(entry["shape"], dtype=np.int64)) * kind.itemsize
        arrays[name] = np.frombuffer(data, np.uint8, size, start).view(kind).reshape(entry["shape"])
    return arrays
