"""What a session sends for a proposed tactic: `1: (tactic).`, so that only plain tactics pass and never a command.

Inside the brackets Rocq's grammar admits no command (`1: (Admitted).` is an error), and the text is refused here if
it could close them early or hold more than one sentence.
"""

from __future__ import annotations

import re
from functools import lru_cache

from proofloom.assistants.rocq.sentences import SourceError, code_of, split

_FORBIDDEN = re.compile(r"\b(?:native_compute|native_cast_no_check|admit|give_up)\b")
_TEXT = re.compile(r'"(?:[^"]|"")*"')


class NotATactic(ValueError):
    """The text is not one plain tactic; the message says why."""


@lru_cache(maxsize=65536)
def tactic_sentence(tactic: str) -> str:
    """The sentence that runs `tactic` on the first goal; raises `NotATactic`.

    A final dot is dropped, comments are removed.  `admit` and `give_up` prove nothing, and `native_compute` needs
    compiled libraries and outlives its time-out.
    """
    try:
        code = code_of(tactic.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        code = code.removesuffix(".").rstrip()
        sentence = f"1: ({code})."
        count = sum(1 for _ in split(sentence.encode("utf-8", "surrogateescape")))
    except SourceError as error:
        raise NotATactic(f"not a tactic: {error}") from error
    if not code:
        raise NotATactic("not a tactic: the text is empty")
    if count != 1:
        raise NotATactic(f"not a tactic: {tactic!r} holds more than one sentence")
    bare = _TEXT.sub('""', code)
    if not _balanced(bare):
        raise NotATactic(f"not a tactic: the brackets of {tactic!r} do not match")
    if (match := _FORBIDDEN.search(bare)) is not None:
        raise NotATactic(f"not a tactic: {match[0]} is refused")
    return sentence


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
