"""Plays a recorded dialogue back to a session: for each text that was recorded, what Lean said after it.

A text is looked up as a whole, so a session may ask in another order, or ask again; what was not recorded is answered
with an error and never made up.  Answers come at once, and where Lean had none in time there is none.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proofloom.assistants.doubles import server
from proofloom.assistants.doubles.recorder import FORMAT
from proofloom.assistants.lean import wire
from proofloom.assistants.lean.toolchain import LeanToolchain


class RecordingError(ValueError):
    """A file that is no recording of a dialogue."""


@dataclass(slots=True)
class Turn:
    """What Lean said from the edit that made the document `text` until the next one; `ended`: it then ended itself."""

    version: int
    text: str
    said: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    def answer(self, version: int) -> list[dict[str, Any]]:
        """The messages, as if this turn's version had been `version`."""
        return [_moved(message, version - self.version) for message in self.said]


def read(file: Path) -> tuple[tuple[int, int, int], list[Turn]]:
    """The version of Lean that was recorded, and the turns in order; raises `RecordingError`."""
    try:
        head, *lines = (json.loads(line) for line in file.read_text("utf-8").splitlines())
        if head["dialogue"] != FORMAT:
            raise RecordingError(f"{file}: form {head['dialogue']!r} of a dialogue, wanted {FORMAT}")
        major, minor, patch = map(int, head["lean"].split("."))
        return (major, minor, patch), _turns(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{file}: cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{file}: is not the recording of a dialogue: {error}") from error


def install(folder: Path, recording: Path) -> LeanToolchain:
    """A toolchain whose program `lean`, made in `folder`, plays `recording`; raises `RecordingError`."""
    version, _ = read(recording)
    return server.install(folder, version, __name__, str(recording.resolve()))


def _turns(lines: Iterable[Mapping[str, Any]]) -> list[Turn]:
    found: list[Turn] = []
    texts: dict[int, str] = {}
    current: dict[int, Turn] = {}
    for line in lines:
        worker, message = line["worker"], line.get("message")
        if message is None:
            if worker in current:
                current[worker].ended = True
        elif line["from"] == "session":
            texts[worker] = server.edited(message, texts.get(worker, ""))
            if message["method"] == "textDocument/waitForDiagnostics":
                current[worker] = Turn(message["params"]["version"], texts[worker])
                found.append(current[worker])
        elif worker in current:
            current[worker].said.append(message)
    return found


def _moved(message: dict[str, Any], versions: int) -> dict[str, Any]:
    """The message, about a document whose versions are that much higher."""
    if "method" not in message and isinstance(message.get("id"), int) and message["id"] > 0:
        return {**message, "id": message["id"] + versions}
    params = message.get("params")
    if isinstance(params, Mapping) and isinstance(params.get("version"), int):
        return {**message, "params": {**params, "version": params["version"] + versions}}
    return message


def _serve(recording: Path) -> int:
    turns: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in read(recording)[1]:
        turns[turn.text].append(turn)
    for edit in server.edits():
        known = turns.get(edit.text)
        if known is None:
            message = "the recording has no answer to this text"
            server.say(id=edit.version, error={"code": -32603, "message": message})
            continue
        turn = known.pop(0) if len(known) > 1 else known[0]
        server.write(b"".join(map(wire.framed, turn.answer(edit.version))))
        if turn.ended:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(_serve(Path(sys.argv[1])))
