"""What kind of failure an error message of Lean means; Lean gives no codes for it, so the first words have to do."""

from __future__ import annotations

import re

from proofloom.assistants.session import Failure

_SYNTAX = re.compile(r"<input>|unexpected |expected |unknown tactic|unterminated |missing ")
_HEARTBEATS = ("(deterministic) timeout", "maximum number of heartbeats")
_MEMORY = ("out of memory", "excessive memory", "maximum memory")


def failure_of(text: str) -> Failure:
    """The failure that a tactic has met which ended with this error."""
    if any(words in text for words in _HEARTBEATS):
        return Failure.TIMEOUT
    if any(words in text for words in _MEMORY):
        return Failure.MEMORY
    return Failure.SYNTAX if is_syntax(text) else Failure.FAILED


def is_syntax(text: str) -> bool:
    """True for the error of a text that cannot be parsed."""
    return _SYNTAX.match(text) is not None
