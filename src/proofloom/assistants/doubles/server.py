"""A program that stands where `lean --worker` is expected: it reads the edits of a session and answers as it likes.

A real process with real pipes, so that the code that starts, limits and kills Lean is the code that is tested.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.toolchain import LeanToolchain

_PACKAGES = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Edit:
    """The document has a new text, and all that is to be said about this version is asked for."""

    version: int
    text: str


def edits(source: int = 0) -> Iterator[Edit]:
    """The edits that a session sends, until it ends; `source` is a file descriptor."""
    frames, text = wire.Frames(), ""
    while data := os.read(source, 1 << 16):
        for body in frames.feed(data):
            message = json.loads(body)
            text = edited(message, text)
            if message["method"] == "textDocument/waitForDiagnostics":
                yield Edit(message["params"]["version"], text)


def edited(message: dict[str, Any], text: str) -> str:
    """The text of the document after a message of the session, where it was `text` before."""
    if message["method"] == "textDocument/didOpen":
        return str(message["params"]["textDocument"]["text"])
    if message["method"] == "textDocument/didChange":
        return str(message["params"]["contentChanges"][-1]["text"])
    return text


def say(**message: Any) -> None:
    """Send one message to the session."""
    write(wire.framed(message))


def write(data: bytes) -> None:
    """Send bytes to the session."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def publish(version: int, text: str | None, line: int = 0, column: int = 0) -> None:
    """Say one error about a version of the document, or with None that there is nothing to say."""
    place = {"line": line, "character": column}
    item = {"severity": wire.ERROR, "message": text, "range": {"start": place, "end": place}}
    params = {"uri": "file:///document", "version": version, "diagnostics": [] if text is None else [item]}
    say(method="textDocument/publishDiagnostics", params=params)


def done(version: int) -> None:
    """Say that all is said about a version."""
    say(id=version, result={})


def install(folder: Path, version: tuple[int, int, int], module: str, *arguments: str) -> LeanToolchain:
    """A toolchain of that version whose program `lean`, made in `folder`, runs `module` with these arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "lean"
    words = shlex.join([sys.executable, "-m", module, *arguments])
    shown = shlex.quote(f"Lean (version {'.'.join(map(str, version))}, a stand-in of Proofloom)")
    text = f'#!/bin/sh\nif [ "$1" = --version ]; then echo {shown}; exit; fi\n'
    program.write_text(f'{text}PYTHONPATH={shlex.quote(str(_PACKAGES))} exec {words} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return LeanToolchain(version, str(program))
