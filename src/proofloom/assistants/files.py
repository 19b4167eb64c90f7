"""Writes a file beside its place and moves it in, so that no file is ever lost or half written.

The new bytes are on the disk before they take the old ones' name, and the old ones are looked at once more right
before that, so that a change by somebody else since they were read is not overwritten.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from proofloom.assistants.session import AssistantError


def write_beside(path: Path, data: bytes | Iterable[bytes | memoryview], expected: bytes | None = None) -> None:
    """Replace the file at `path` (or what a link there points to) by `data`, keeping its permission bits.

    Large data may come in pieces.  With `expected`, the file must still hold these bytes.  Raises `AssistantError` in
    one line if it does not, or if the folder is read-only, the disk is full or anything else is in the way; then the
    old file is as it was and no temporary file is left.
    """
    target = path.resolve()
    try:
        mode = _mode(target)
        _check_unchanged(path, target, expected)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.writelines([data] if isinstance(data, bytes) else data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            _check_unchanged(path, target, expected)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise AssistantError(f"{path}: cannot be written ({error.strerror or error}); it is as it was") from error


def _mode(target: Path) -> int:
    """The permission bits of the file, or those that a new file would get."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _check_unchanged(path: Path, target: Path, expected: bytes | None) -> None:
    if expected is None:
        return
    try:
        found = target.read_bytes()
    except FileNotFoundError as error:
        raise AssistantError(f"{path}: was removed since it was read; nothing is written") from error
    if found != expected:
        raise AssistantError(f"{path}: was changed since it was read; nothing is written")


def _sync_folder(folder: Path) -> None:
    """Make the new name durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
