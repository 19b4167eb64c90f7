"""Reads what Rocq prints with everything explicit: tokens, the global names in them, and a normal form to compare.

Outside the core library nothing is imported in a probe, so a global name always prints with a dot and a bound name
never does; every token that is not understood is a `Doubt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from proofloom.assistants.gate.refusals import Doubt

_IDENT = r"[^\W\d][\w'#]*"
_TOKEN = re.compile(
    rf"\s+|(?P<name>{_IDENT}(?:\.(?:{_IDENT}|\d+))*)"
    r"|(?P<number>-?0x[0-9a-f]+(?:\.[0-9a-f]+)?(?:p[+-]?[0-9]+)?|-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)"
    r"|(?P<mark>\(\*|\*\)|@\{|:=|=>|\|=|<=|[-(){}\[\],:;|@.=<>+*%])"
)
_LEVELS = re.compile(r" @\{ ([^{}]*)\}")
KEYWORDS = frozenset(
    (
        *("forall", "fun", "let", "in", "match", "with", "end", "return", "as", "fix", "cofix", "for", "struct"),
        *("if", "then", "else", "Type", "Prop", "Set", "SProp", "default", "_"),
        *("Inductive", "CoInductive", "Variant", "Record", "Structure", "Class"),
    )
)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of `text` as (kind, token): `global`, `bound`, `level` (of a universe), `number`, `mark`, `keyword`.

    Raises `Doubt` at anything else, such as the dots of a term that was cut short or an unresolved variable.
    """
    position, levels, constraints = 0, False, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or text.startswith("..", position):
            raise Doubt(f"unexpected text {text[position : position + 40]!r}")
        position = match.end()
        token = match[0]
        if match["name"]:
            yield _kind(token, levels or constraints), token
        elif match["number"]:
            yield "number", token
        elif match["mark"]:
            levels = token == "@{" or (levels and token != "}")
            constraints = token == "(*" or (constraints and token != "*)")
            yield "mark", token


def _kind(name: str, level: bool) -> str:
    if level:
        return "level"
    if name in KEYWORDS:
        return "keyword"
    return "global" if "." in name else "bound"


def names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The global names and the bound names in `text`."""
    found: dict[str, set[str]] = {"global": set(), "bound": set()}
    for kind, token in tokens(text):
        if kind in found:
            found[kind].add(token)
    return frozenset(found["global"]), frozenset(found["bound"])


def normal(text: str, resolve: Callable[[str], str]) -> str:
    """`text` with every global name replaced by `resolve(name)`, one space between tokens, fresh levels numbered."""
    levels: dict[str, str] = {}
    pieces: list[str] = []
    for kind, token in tokens(text):
        if kind == "global":
            token = resolve(token)
        elif kind == "level" and re.search(r"\.\d+$", token):
            token = levels.setdefault(token, f"u{len(levels)}")
        pieces.append(token)
    return " ".join(pieces)


def without_levels(form: str) -> tuple[str, tuple[str, ...]]:
    """A normal form without the universe levels in it, and each group of levels (`Set Foo.u`) in order."""
    return _LEVELS.sub("", form), tuple(_LEVELS.findall(form))


def without_constraints(form: str) -> tuple[str, frozenset[str]]:
    """A normal form cut into the term and the constraints on its universe levels (`u0 <= Logic.eq.u0`).

    Raises `Doubt` if the constraints do not read as relations between two levels each.
    """
    term, mark, rest = form.partition(" (* ")
    if not mark:
        return term, frozenset()
    words = rest.removesuffix("*)").partition("|=")[2].split()
    triples = [words[at : at + 3] for at in range(0, len(words), 3)]
    if not rest.endswith("*)") or not all(len(triple) == 3 and triple[1] in ("<", "<=", "=") for triple in triples):
        raise Doubt(f"constraints on universe levels {rest!r}")
    return term, frozenset(" ".join(triple) for triple in triples)
