"""Compiles a copy of one file in a folder of its own, for the `.glob` file that comes of it.

A library that does not ship its `.glob` files has to be compiled once for them; what is installed is not touched.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.sentences import Sentence
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.corpus.rocq.globals import Globals, read_globals
from proofloom.corpus.tracer import TraceError

_PLACE = re.compile(r'File "[^"]*", line (\d+), characters (\d+)-\d+:\s*(?:Error:)?\s*', re.MULTILINE)
_MEMORY_MIB = 4096


def compiled_globals(
    data: bytes, sentences: Sequence[Sentence], settings: FileSettings, toolchain: RocqToolchain, seconds: float
) -> tuple[Globals, float]:
    """The globals of the source `data`, cut into `sentences`, and the CPU seconds of the compiler.

    Raises `TraceError` if it does not compile in time.
    """
    before = _children_seconds()
    prefix, _, stem = settings.logical_name.rpartition(".")
    with tempfile.TemporaryDirectory(prefix="proofloom-globals-") as place:
        folder = Path(place) / "library"
        folder.mkdir()
        source = folder / f"{stem}.v"
        source.write_bytes(data)
        glob = folder / f"{stem}.glob"
        command = [*toolchain.coqc, "-q", "-w", "none", *settings.options, "-native-compiler", "no"]
        command += ["-Q", str(folder), prefix, "-dump-glob", str(glob), str(source)]
        status, errors = _run(command, Path(place), seconds)
        if status == 0:
            text = glob.read_text("utf-8", "surrogateescape")
            return read_globals(text, settings.logical_name), _children_seconds() - before
    raise _failure(data, sentences, status, errors)


def _run(command: Sequence[str], folder: Path, seconds: float) -> tuple[int, str]:
    """The exit status and what was written to standard error; whatever happens, the process is gone afterwards."""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:  # fmt: skip
        if sys.platform == "linux":
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY_MIB << 20, _MEMORY_MIB << 20))
        try:
            _, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return -signal.SIGALRM, f"it takes more than {seconds:g} s to compile"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, errors.decode("utf-8", "replace")


def _failure(data: bytes, sentences: Sequence[Sentence], status: int, errors: str) -> TraceError:
    """Where the compiler stopped, and why."""
    place = next(reversed(list(_PLACE.finditer(errors))), None)  # warnings stand before the error
    if place is None:
        words = " ".join(errors.split()) or f"the compiler ended with status {status}"
        return TraceError(0, "", f"it does not compile: {words}")
    line = int(place[1])
    position = sum(len(row) for row in data.splitlines(keepends=True)[: line - 1]) + int(place[2])
    number = bisect_right([sentence.start for sentence in sentences], position) - 1
    sentence = sentences[number].code if number >= 0 else ""
    return TraceError(line, sentence, " ".join(errors[place.end() :].split()))


def _children_seconds() -> float:
    """CPU seconds of the processes that this one started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
