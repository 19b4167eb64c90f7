"""Takes a tactic sentence apart: its goal selector, and the pieces of the `;` chain that it is at its top level.

Pure text, and deliberately no grammar of tactics: brackets, `match .. end` and the few tactics that take a whole chain
as their argument are enough, because a tracer keeps a split only where running it gives the goals of the original.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from proofloom.assistants.rocq.sentences import code_of, masked

_TOKEN = re.compile(rb"[(\[{]|[)\]}]|;|[A-Za-z_\x80-\xff][\w\x80-\xff']*")
_SELECTOR = re.compile(rb"(?:all|par|!|\d+(?:\s*-\s*\d+)?(?:\s*,\s*\d+(?:\s*-\s*\d+)?)*|\[[^\]\s]+\])\s*:(?![=:])")
_CONTROL = re.compile(rb"(?:(?:Time|Instructions|Timeout\s+\d+)\s+)*")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_MATCHES = (b"match", b"lazymatch", b"multimatch")
# What begins with one of these reaches to the end of the chain.
_WHOLE = (b"now", b"by", b"let", b"fun")
_WITH = re.compile(rb"Proof\b.*?\bwith\b")
_USING = re.compile(rb"\busing\b")
# Tactics that may be followed by a `using` of their own, and what stands between two tactics.
_TAKES_USING = re.compile(
    rb"\s*(?:(?:try|repeat|progress|now|solve|by)\s+)*(?:debug\s+)?(?:info_)?"
    rb"(?:e?auto|trivial|firstorder|e?induction|e?destruct|elim|functional)\b"
)
_WITHIN = re.compile(rb"\bwith\b")
_BETWEEN = re.compile(rb"[;|(\[]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One tactic of a chain: bytes `start` to `end` of the sentence, and the tactic to run instead of it.

    `tactic` has no comments and no final dot, and a `[a | b]` after a `;` is written `[> a | b]`, which means the same
    where there is no `;` before it.
    """

    start: int
    end: int
    tactic: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A tactic sentence without `Time` and its like: the selector as written (`2`, `1-3`, `all`; empty if none), the
    tactic, and its pieces.

    `dots` is True if the sentence ends in `...`, which runs the tactic of `Proof with` after it.
    """

    selector: str
    tactic: str
    pieces: tuple[Piece, ...]
    dots: bool

    def selected(self, goals: int) -> range | None:
        """Which of `goals` goals the sentence acts on, counted from 0, if they stand side by side; else None."""
        if not self.selector:
            return range(min(1, goals))
        if self.selector in ("all", "par"):
            return range(goals)
        found = _RANGE.fullmatch(self.selector)
        if found is None:
            return range(goals) if self.selector == "!" and goals == 1 else None
        first, last = int(found[1]), int(found[2] or found[1])
        return range(first - 1, last) if 1 <= first <= last <= goals else None


def chain_of(sentence: bytes) -> Chain:
    """Take a tactic sentence apart; one that is no chain has one piece."""
    mask = masked(sentence)
    dots = mask.endswith(b"...")
    end = len(mask) - (3 if dots else 1)
    control = _CONTROL.match(mask)
    start = control.end() if control else 0
    selector = _SELECTOR.match(mask, start)
    start = selector.end() if selector else start
    cuts = [start, *(cut + 1 for cut in _cuts(mask, start, end)), end + 1]
    pieces = []
    for first, last in pairwise(cuts):
        text = _text(sentence[first : last - 1])
        local = first != start and text.startswith("[") and not text.startswith("[>")
        pieces.append(Piece(first, last - 1, f"[>{'' if text[1:2] == ' ' else ' '}{text[1:]}" if local else text))
    return Chain(_selector(selector), _text(sentence[start:end]), tuple(pieces), dots)


def tactic_after_dots(proof: bytes) -> tuple[int, int] | None:
    """Where in a `Proof with tactic.` sentence the tactic stands that `...` runs; None if it has none."""
    mask = masked(proof)
    found = _WITH.match(mask)
    if found is None:
        return None
    start = found.end()
    for using in _USING.finditer(mask, found.end()):
        before = mask[start : using.start()]
        tactic = before[max((between.end() for between in _BETWEEN.finditer(before)), default=0) :]
        if not _TAKES_USING.match(tactic) or _WITHIN.search(tactic):
            return found.end(), using.start()
        start = using.end()
    return found.end(), len(mask) - 1


def _cuts(mask: bytes, start: int, end: int) -> list[int]:
    """The semicolons of the top level, up to the first piece that reaches to the end."""
    cuts: list[int] = []
    open_: list[bytes] = []
    fresh = True
    for token in _TOKEN.finditer(mask, start, end):
        text = token[0]
        if fresh and not open_ and text in _WHOLE:
            break
        fresh = False
        if text in (b"(", b"[", b"{") or text in _MATCHES or text == b"tryif":
            open_.append(text)
        elif text in (b")", b"]", b"}"):
            if open_:
                open_.pop()
        elif text == b"end" or text == b"else":
            if open_ and (open_[-1] == b"tryif" if text == b"else" else open_[-1] in _MATCHES):
                open_.pop()
        elif text == b";" and not open_:
            cuts.append(token.start())
            fresh = True
    return cuts


def _selector(match: re.Match[bytes] | None) -> str:
    return "".join(match[0].decode("utf-8", "surrogateescape")[:-1].split()) if match else ""


def _text(source: bytes) -> str:
    return code_of(source).decode("utf-8", "surrogateescape")
