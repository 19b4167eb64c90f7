"""The states that a user names: one as a text, one in a file, or many in a file of JSON lines.

A single state that is none is refused; of many, those that are none are left out and counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proofloom.app.toml_records import BadInput
from proofloom.proofs import ProofState
from proofloom.proofs.state import TURNSTILE, StateSyntaxError

FIELDS = ("state", "state_before")
"""The fields of a JSON object that may hold its state."""
STDIN = "-"


@dataclass(frozen=True, slots=True)
class GivenStates:
    """At least one state, and a line for each one that was left out."""

    states: tuple[ProofState, ...]
    left_out: tuple[str, ...] = ()


def given_states(given: str, most: int) -> GivenStates:
    """At most `most` states of `given`: `-` for standard input, a text with a turnstile or of several lines, or a file.

    A file (and standard input) holds one state as text, or JSON objects, one a line.  Raises `BadInput`.
    """
    if given != STDIN and (TURNSTILE in given or "\n" in given):
        return GivenStates((_parsed(given, "the state"),))
    if not given.strip():
        raise BadInput("the state is empty; wanted a proof state, which has a '⊢', or a file")
    source = "standard input" if given == STDIN else given
    text = _read(given, source)
    if not text.strip():
        raise BadInput(f"{source}: is empty; wanted a proof state, or JSON lines with the field {' or '.join(FIELDS)}")
    if not text.lstrip().startswith("{"):
        return GivenStates((_parsed(text, source),))
    states: list[ProofState] = []
    left_out: list[str] = []
    for place, state in _fields(text, source):
        if len(states) == most:
            break
        try:
            states.append(_parsed(state, place))
        except BadInput as error:
            left_out.append(str(error))
    if not states:
        raise BadInput(f"{source}: holds no proof state; {left_out[0]}")
    return GivenStates(tuple(states), tuple(left_out))


def _read(given: str, source: str) -> str:
    try:
        data = sys.stdin.buffer.read() if given == STDIN else Path(given).read_bytes()
        return data.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{source}: is not UTF-8 text") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{source}: no file that can be read ({reason}), and no state, which has a '⊢'") from error


def _fields(text: str, source: str) -> Iterator[tuple[str, str]]:
    """Where each state stands, and the state."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{source}, line {number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadInput(f"{place}: is not JSON ({error})") from error
        found = [record[name] for name in FIELDS if name in record] if isinstance(record, dict) else []
        if not found or not isinstance(found[0], str):
            raise BadInput(f"{place}: wanted an object with a text in the field {' or '.join(FIELDS)}")
        yield place, found[0]


def _parsed(text: str, place: str) -> ProofState:
    try:
        state = ProofState.parse(text)
    except StateSyntaxError as error:
        raise BadInput(f"{place}: is no proof state ({error})") from error
    if not state.goals:
        raise BadInput(f"{place}: has no goals, so there is nothing to look at")
    return state
