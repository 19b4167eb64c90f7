"""A tactic with its names taken out, so that it can be said again in another goal.

`rewrite IHl, app_assoc` in a goal that has `IHl` becomes a template with a slot for a local name and one for a lemma;
what fills the first is decided by types, what fills the second by how the lemma can be called at the new place.  Names
that the tactic itself introduces are no slots, and are made fresh where they would clash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"(?<![\w'.?@])[^\W\d][\w']*(?:\.[^\W\d][\w']*)*")
_INTRODUCING = re.compile(r"(?<![\w'.])(?:intros?|as)(?![\w'])")
_PATTERN_PIECE = re.compile(r"[\w']+|\s+|.", re.DOTALL)
_AFTER_PATTERN = frozenset(["in", "using", "with", "by", "eqn", "until", "after", "before", "at"])
_BEFORE_VALUE = re.compile(r"(?:\(|\b(?:let|set|pose|have|in|with))\s*$")
_SLOT = re.compile("([\x01\x02])(\\d+)\x03")
_PLAIN_INTROS = re.compile(r"intros?((?: [^\W\d][\w']*)+)")


@dataclass(frozen=True, slots=True)
class Template:
    """The text with slots: local slot i held `names[i]`, lemma slot i the full name `lemmas[i]` written `calls[i]`."""

    text: str
    names: tuple[str, ...] = ()
    lemmas: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()

    def filled(self, names: Sequence[str], calls: Sequence[str] | None = None) -> str:
        """The tactic with `names[i]` in local slot i and `calls[i]` (as it was, if None) in lemma slot i."""
        lemmas = self.calls if calls is None else calls
        return _SLOT.sub(lambda match: (names if match[1] == "\x01" else lemmas)[int(match[2])], self.text)


def template_of(tactic: str, local: Collection[str], lemmas: Sequence[str] = ()) -> Template:
    """The template of `tactic` in a goal with these local names; `lemmas` are full names of what it mentions."""
    names: list[str] = []
    mentioned: list[str] = []
    calls: list[str] = []

    def slot(match: re.Match[str]) -> str:
        name = match[0]
        if _is_argument_name(tactic, match.start(), match.end()):
            return name
        if name in local:
            return f"\x01{_place(names, name)}\x03"
        lemma = next((full for full in lemmas if f".{full}".endswith(f".{name}")), None)
        if lemma is None:
            return name
        if name not in calls:
            mentioned.append(lemma)
        return f"\x02{_place(calls, name)}\x03"

    pieces, position = list[str](), 0
    for start, end in _patterns(tactic):
        pieces += [_substituted(slot, tactic, position, start), tactic[start:end]]
        position = end
    pieces.append(_substituted(slot, tactic, position, len(tactic)))
    return Template("".join(pieces), tuple(names), tuple(mentioned), tuple(calls))


def freshened(tactic: str, taken: Collection[str]) -> str:
    """`tactic` with the names that it introduces changed where they are `taken` already, also where it uses them."""
    changes = {}
    for start, end in _patterns(tactic):
        for match in _NAME.finditer(tactic[start:end]):
            if match[0] in taken:
                changes[match[0]] = _fresh(match[0], taken)
    if not changes:
        return tactic
    first = next(_patterns(tactic))[0]
    return tactic[:first] + _NAME.sub(lambda match: changes.get(match[0], match[0]), tactic[first:])


def plain_introductions(tactic: str) -> int:
    """How many names `tactic` introduces if it does nothing else (`intros x y H`), else 0."""
    match = _PLAIN_INTROS.fullmatch(tactic)
    return len(match[1].split()) if match and not _AFTER_PATTERN.intersection(match[1].split()) else 0


def _patterns(tactic: str) -> Iterator[tuple[int, int]]:
    """Where the introduction patterns begin and end."""
    position = 0
    for match in _INTRODUCING.finditer(tactic):
        if match.end() >= position:
            position = _pattern_end(tactic, match.end())
            yield match.end(), position


def _pattern_end(tactic: str, start: int) -> int:
    depth = 0
    for piece in _PATTERN_PIECE.finditer(tactic, start):
        text = piece[0]
        if text in "[(":
            depth += 1
        elif text in "])":
            depth -= 1
        if depth < 0 or (depth == 0 and (text in _AFTER_PATTERN or text in ";.|,:")):
            return piece.start()
    return len(tactic)


def _substituted(slot: Callable[[re.Match[str]], str], tactic: str, start: int, end: int) -> str:
    """The part of `tactic` with names replaced; what stands around it decides where names begin and end."""
    pieces, position = list[str](), start
    for match in _NAME.finditer(tactic, start, end):
        pieces += [tactic[position : match.start()], slot(match)]
        position = match.end()
    return "".join((*pieces, tactic[position:end]))


def _place(known: list[str], name: str) -> int:
    if name not in known:
        known.append(name)
    return known.index(name)


def _fresh(name: str, taken: Collection[str]) -> str:
    return next(candidate for number in range(len(taken) + 1) if (candidate := f"{name}{number}") not in taken)


def _is_argument_name(tactic: str, start: int, end: int) -> bool:
    """True for `x` in `apply lemma with (x := 3)`, which names a variable of the lemma, and in `have x := 3`."""
    return tactic[end:].lstrip().startswith(":=") and _BEFORE_VALUE.search(tactic[:start]) is not None
