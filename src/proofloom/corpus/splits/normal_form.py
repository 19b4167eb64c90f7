"""Brings statements and goals into a form in which those that say the same thing with other names are equal.

Local and bound names are numbered in the order in which they are bound, binder groups are taken apart, white space and
the theorem's own name are dropped.  Nothing is proved about it: two equal forms may differ in meaning only through
what printing hides, and the splits would rather remove too much from training than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proofloom.proofs import NO_GOALS, TURNSTILE

_TOKEN = re.compile(r'"[^"]*"|[^\W\d][\w\']*(?:\.[^\W\d][\w\']*)*|\d+|:=|=>|::|\S')
_BINDERS = {"forall": ",", "∀": ",", "exists": ",", "∃": ",", "fun": "=>", "λ": "=>"}
_ENDS = {",": (",",), "=>": ("=>", "↦")}
_SAME = {"forall": "∀", "exists": "∃", "fun": "λ", "↦": "=>"}
_OPENING, _CLOSING = "([{⟨⦃", ")]}⟩⦄"
_KINDS = re.compile(
    "Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Definition|Example|Instance|Let|Fixpoint|CoFixpoint|"
    "Axiom|Parameter|Hypothesis|Conjecture|Goal|theorem|lemma|def|instance|example|abbrev"
)
_NAMELESS = frozenset({"Goal", "example", "instance"})


def statement_form(statement: str) -> str:
    """What a theorem states: without its kind and name, arguments turned into quantifiers, bound names numbered."""
    tokens = _TOKEN.findall(statement)
    if tokens and tokens[-1] == ".":
        tokens.pop()
    place = next((i for i, token in enumerate(tokens) if _KINDS.fullmatch(token)), None)
    if place is None:
        return " ".join(_numbered(tokens, {}))
    rest = tokens[place + 1 :]
    if tokens[place] not in _NAMELESS and rest and _is_name(rest[0]):
        rest = rest[1:]
    colon = _at_top(rest, ":")
    if colon is not None and (colon == 0 or _is_binding(rest[0])):
        quantified = ["∀", *rest[:colon], ","] if colon else []
        rest = quantified + rest[colon + 1 :]
    return " ".join(_numbered(rest, {}))


def goal_form(goal: str) -> str:
    """One goal (first block of a state's text): hypotheses numbered in order, no case name, white space folded."""
    if goal == NO_GOALS:
        return goal
    names: dict[str, str] = {}
    form: list[str] = []
    for line in goal.replace("\n  ", " ").split("\n"):
        if line.startswith("case ") and " : " not in line:
            continue
        if line.startswith(TURNSTILE):
            form += [TURNSTILE, *_numbered(_TOKEN.findall(line[len(TURNSTILE) :]), names)]
            continue
        declared, colon, kind = line.partition(" : ")
        if not colon or not declared.split():
            form += _numbered(_TOKEN.findall(line), names)
            continue
        spelled = list(_numbered(_TOKEN.findall(kind), names))
        for name in declared.split():
            names[name] = f"?{len(names)}"
            form += [names[name], ":", *spelled]
    return " ".join(form)


def _numbered(tokens: list[str], names: dict[str, str]) -> Iterator[str]:
    """The tokens with local and bound names replaced; a bound name counts until its bracket closes."""
    known = dict(names)
    scopes: list[dict[str, str]] = []
    bound, position = 0, 0
    while position < len(tokens):
        token = tokens[position]
        end = _end_of_binders(tokens, position) if token in _BINDERS else None
        if end is not None:
            for name, kind in _groups(tokens[position + 1 : end]):
                spelled = list(_numbered(kind, known))
                known[name] = f"!{bound}"
                bound += 1
                yield from (_SAME.get(token, token), known[name], ":", *spelled, _SAME.get(tokens[end], tokens[end]))
            position = end + 1
            continue
        if token in _OPENING:
            scopes.append(dict(known))
        elif token in _CLOSING and scopes:
            known = scopes.pop()
        yield _renamed(token, known)
        position += 1


def _renamed(token: str, known: dict[str, str]) -> str:
    if token in known:
        return known[token]
    head, dot, rest = token.partition(".")
    return f"{known[head]}.{rest}" if dot and head in known else _SAME.get(token, token)


def _end_of_binders(tokens: list[str], start: int) -> int | None:
    """Where the binders that start at `start` end, or None if they are of a kind that is not taken apart."""
    wanted = _ENDS[_BINDERS[tokens[start]]]
    depth = 0
    for position in range(start + 1, len(tokens)):
        token = tokens[position]
        if depth == 0 and token in wanted:
            readable = all(name for name, _ in _groups(tokens[start + 1 : position]))
            return position if readable and position > start + 1 else None
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth < 0:
            return None
    return None


def _groups(tokens: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each bound name with the tokens of its type (none if not given); an empty name for what cannot be read."""
    if not tokens or not _is_binding(tokens[0]):
        yield "", []
        return
    if not any(token in _OPENING for token in tokens[: _first(tokens, ":")]):
        yield from _group(tokens)
        return
    start, depth = 0, 0
    for position, token in enumerate(tokens):
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0:
            part = tokens[start : position + 1]
            yield from _group(part[1:-1] if part[0] in _OPENING else part)
            start = position + 1


def _group(tokens: list[str]) -> Iterator[tuple[str, list[str]]]:
    colon = _first(tokens, ":")
    names = tokens[:colon]
    if not names or not all(_is_name(name) for name in names):
        yield "", []
        return
    for name in names:
        yield name, tokens[colon + 1 :]


def _first(tokens: list[str], wanted: str) -> int:
    return tokens.index(wanted) if wanted in tokens else len(tokens)


def _at_top(tokens: list[str], wanted: str) -> int | None:
    depth = 0
    for position, token in enumerate(tokens):
        if depth == 0 and token == wanted:
            return position
        depth += (token in _OPENING) - (token in _CLOSING)
    return None


def _is_name(token: str) -> bool:
    return token[0].isalpha() or token[0] == "_"


def _is_binding(token: str) -> bool:
    return token in _OPENING or _is_name(token)
