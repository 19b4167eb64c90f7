"""The option `--record` of `doctor`: a small dialogue with the Lean that is installed, in a file to be sent to us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from proofloom.app.toml_records import BadInput
from proofloom.assistants.doubles.dialogue import TACTICS, Heard, hold
from proofloom.assistants.doubles.recorder import RecordedLean, Recording
from proofloom.assistants.gate.lean.probe import header
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.lean.toolchain import LeanToolchain
from proofloom.assistants.session import AssistantError

_SHOWN = 60


def record(file: Path, like: Path | None, find: Callable[[], LeanToolchain]) -> Iterator[str]:
    """Lines for people while the dialogue goes on; it begins with the imports of the Lean file `like`.

    Raises `BadInput` for a file that cannot be read or written, `AssistantError` if there is no usable Lean or the
    dialogue does not come to its end.
    """
    toolchain = find()
    place = like or Path("Proofloom.lean")
    try:
        text = "" if like is None else header(like.read_text("utf-8")).lstrip()
        recording = Recording(file, toolchain)
    except (OSError, UnicodeDecodeError, Refusal) as error:
        raise BadInput(f"--record {file}: {error}") from error
    yield f"{toolchain.name}, {toolchain.lean}"
    count = 0
    with closing(recording), RecordedLean(toolchain, recording) as assistant:
        for heard in hold(assistant, text, place.resolve()):
            count += 1
            yield _line(heard)
    if count <= len(TACTICS):
        raise AssistantError(f"the dialogue stopped after {count - 1} of {len(TACTICS)} tactics; {file} has it so far")
    yield f"written to {file}; your folders are cut out, but look through it before you send it"


def _line(heard: Heard) -> str:
    tactic, answer = (text.replace("\n", "; ") for text in (heard.tactic or "(opening)", heard.answer))
    return f"{heard.seconds:7.3f} s  {tactic:24} {answer[:_SHOWN]}"
