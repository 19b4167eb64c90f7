"""A server that lies: it opens every theorem as it should, and from the next edit on it does one wrong thing.

What it claims must never become a proof: a session may believe it, the gate must not.
"""

from __future__ import annotations

import re
import sys
import time
from enum import StrEnum
from pathlib import Path

from proofloom.assistants.doubles import server
from proofloom.assistants.lean.toolchain import LeanToolchain

GOAL = "⊢ False"
"""The only goal that a liar ever shows."""
VERSION = (4, 35, 0)
_OPENED = re.compile(r"(?P<word>by|·)\s+skip\n")


class Lie(StrEnum):
    """What a liar does once the theorem is open."""

    NO_ERRORS = "no_errors"
    """Every text is without an error."""
    OLD_VERSION = "old_version"
    """It answers for the version before, without an error, and never for the one that was asked about."""
    OLD_TEXT = "old_text"
    """What it says about a text is what was true of the text before."""
    ELSEWHERE = "elsewhere"
    """It sees an error in the text before the theorem, where there was none."""
    UNREADABLE = "unreadable"
    """The goals that it prints are no goals."""
    FLOOD = "flood"
    """It never stops talking."""
    DIES = "dies"
    """It ends in the middle of a message."""
    REFUSES = "refuses"
    """It answers that it has crashed."""
    FORGES = "forges"
    """It prints a line of its own between the messages."""
    SILENT = "silent"
    """It never answers, and never reads again."""


def install(folder: Path, lie: Lie) -> LeanToolchain:
    """A toolchain whose program `lean`, made in `folder`, tells this lie."""
    return server.install(folder, VERSION, __name__, lie)


def _serve(lie: Lie) -> None:
    before = opened = ""
    for edit in server.edits():
        if _OPENED.search(edit.text):
            opened = edit.text
            _tell(edit.version, opened)
        elif lie is Lie.OLD_TEXT:
            _tell(edit.version, before)
        else:
            _lie(lie, edit.version, opened)
        before = edit.text


def _tell(version: int, text: str, goals: str = GOAL) -> None:
    """The truth about a theorem that has just been opened: the goal is left; about any other text, that all is well."""
    place = _OPENED.search(text)
    if place is None:
        server.publish(version, None)
    else:
        head = text[: place.start()]
        column = len(head[head.rfind("\n") + 1 :].encode("utf-16-le")) // 2
        server.publish(version, f"unsolved goals\n{goals}", head.count("\n"), column)
    server.done(version)


def _lie(lie: Lie, version: int, opened: str) -> None:
    if lie is Lie.NO_ERRORS:
        _tell(version, "")
    elif lie is Lie.OLD_VERSION:
        _tell(version - 1, "")
    elif lie is Lie.ELSEWHERE:
        server.publish(version, "unknown constant")
        server.done(version)
    elif lie is Lie.UNREADABLE:
        _tell(version, opened, "nothing to be seen")
    elif lie is Lie.FLOOD:
        while True:
            server.publish(version, "x" * 10_000)
    elif lie is Lie.DIES:
        server.write(b'Content-Length: 1000\r\n\r\n{"jsonrpc":')
        sys.exit("boom")
    elif lie is Lie.REFUSES:
        server.say(id=version, error={"code": -32603, "message": "worker crashed"})
    elif lie is Lie.FORGES:
        server.write(b"no errors\r\n\r\n")
    elif lie is Lie.SILENT:
        time.sleep(3600)


if __name__ == "__main__":
    _serve(Lie(sys.argv[1]))
