"""Reads a printed term of Rocq or Lean as a tree of heads and arguments, without knowing what any name means.

A precedence parser over the standard notations, in which `∀` is `forall` and `∧` is `/\\`, so that terms of both read
alike; a sign that it does not know is taken for an operator.  It never
fails: what cannot be read ends up as one more argument, because features of a strange term are better than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"(?P<name>@?[^\W\d][\w']*(?:\.[^\W\d][\w']*)*)|(?P<number>\d+(?:\.\d+)?)|(?P<hole>\?(?=[^\W\d])[\w']+)"
    r"|(?P<text>\"(?:[^\"]|\"\")*\")|(?P<scope>%[^\W\d]\w*)|(?P<mark>[()\[\]{},;]|\|(?![|\-]))"
    r"|(?P<sign>[∀∃λΠ¬]|[^\w\s()\[\]{},;\"∀∃λΠ¬]+)"
)
_SAME = {
    "∀": "forall", "Π": "forall", "∃": "exists", "λ": "fun", "↦": "=>", "→": "->", "↔": "<->", "∧": "/\\", "∨": "\\/",
    "¬": "~", "≠": "<>", "≤": "<=", "≥": ">=",
}  # fmt: skip
"""Signs that mean the same as another word."""
_BINDERS = frozenset({"forall", "exists", "exists!", "fun", "fix", "cofix"})
_STOPS = frozenset(
    [")", "]", "}", ",", ";", "|", "then", "else", "in", "with", "end", "return", "=>", "as", ":=", "for"]
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_LEVELS = {
    "->": (99, True), "<->": (95, False), "\\/": (85, True), "/\\": (80, True), ":": (100, True), "++": (60, True),
    "::": (60, True), "+": (50, False), "-": (50, False), "||": (50, False), "*": (40, False), "/": (40, False),
    "&&": (40, False), "÷": (40, False), "mod": (40, False), "^": (30, True), "^^": (30, True), "∘": (40, False),
}  # fmt: skip
_RELATION = (70, False)
_PREFIX_LEVELS = {"~": 75, "-": 35, "/": 35}
_MOST_TOKENS = 600
_MOST_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A head (`nat`, `+`, `forall`, `(,)`) and its arguments; `bound` are the names that it binds.

    `forall`, `exists`, `fun` and `fix` bind one name each: their arguments are its type, if it is printed, and the
    body.  `let` and `match` may bind several.
    """

    head: str
    arguments: tuple[Node, ...] = ()
    bound: tuple[str, ...] = ()


@lru_cache(maxsize=200_000)
def read_term(text: str) -> Node:
    """The tree of `text`; after the first 600 tokens the rest is dropped."""
    return _Reader(text).whole()


def nodes(root: Node) -> Iterator[Node]:
    """Every node, parents before children."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.arguments))


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        for match in _TOKEN.finditer(text):
            kind, token = str(match.lastgroup), match.group()
            if kind != "scope":
                token = _SAME.get(token, token)
                self._tokens.append(("name" if token in _BINDERS else kind, token))
                if len(self._tokens) == _MOST_TOKENS:
                    break
        self._tokens.append(("mark", ""))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        parts = []
        while self._token:
            before = self._at
            parts.append(self._term(200))
            if self._at == before:
                self._at += 1
        return parts[0] if len(parts) == 1 else Node("?", tuple(parts))

    @property
    def _token(self) -> str:
        return self._tokens[self._at][1]

    def _take(self, expected: str) -> None:
        """Step over `expected` if it stands here."""
        if self._token == expected != "":
            self._at += 1

    def _term(self, level: int) -> Node:
        """A term whose operators bind at least as tightly as `level` (larger numbers bind less)."""
        self._depth += 1
        left = self._application()
        while (operator := self._operator()) is not None and operator[0] <= level:
            sign = self._token
            self._at += 1
            strength, right = operator
            left = Node(sign, (left, self._term(strength if right else strength - 1)))
        self._depth -= 1
        return left

    def _operator(self) -> tuple[int, bool] | None:
        """Level and right association of the infix operator that stands here."""
        kind, token = self._tokens[self._at]
        if token in _STOPS or (kind != "sign" and token != "mod"):
            return None
        return _LEVELS.get(token, _RELATION)

    def _application(self) -> Node:
        kind, token = self._tokens[self._at]
        if kind == "sign" and token not in _STOPS:
            self._at += 1
            if self._depth > _MOST_DEPTH:
                return Node(token)
            return Node(f"{token}.", (self._term(_PREFIX_LEVELS.get(token, 35)),))
        function = self._atom()
        arguments: list[Node] = []
        while self._starts_argument():
            arguments.append(self._atom())
        if not arguments:
            return function
        if function.arguments or function.bound:
            return Node("@", (function, *arguments))
        return Node(function.head, tuple(arguments))

    def _starts_argument(self) -> bool:
        kind, token = self._tokens[self._at]
        if kind == "mark":
            return token in _OPENING
        return kind in ("name", "number", "hole", "text") and token not in _STOPS and token != "mod"

    def _atom(self) -> Node:
        kind, token = self._tokens[self._at]
        if token in _STOPS or not token:
            return Node("?")
        self._at += 1
        if token in _OPENING:
            return self._bracket(token)
        if kind == "hole":
            return Node("?")
        if kind == "name":
            if self._depth > _MOST_DEPTH:
                return Node(token)
            if token in _BINDERS:
                return self._binder(token)
            if token in ("if", "let", "match"):
                return {"if": self._conditional, "let": self._let, "match": self._match}[token]()
            return Node(token.removeprefix("@"))
        return Node(token)

    def _bracket(self, opening: str) -> Node:
        closing, separators, parts = _OPENING[opening], [], []
        while self._token not in (closing, ""):
            before = self._at
            if self._depth > _MOST_DEPTH:
                self._at += 1
            else:
                parts.append(self._term(200))
            if self._token in (",", ";", "|", ":=", "as", "=>"):
                separators.append(self._token)
                self._at += 1
            elif self._at == before:
                self._at += 1
        self._take(closing)
        if opening == "(" and len(parts) == 1:
            return parts[0]
        return Node(opening + "".join(dict.fromkeys(separators)) + closing, tuple(parts))

    def _binder(self, word: str) -> Node:
        """`forall x y : A, body`, `fun (x : A) (y : B) => body`, `exists ! x, body`."""
        waiting: list[str] = []
        bound: list[tuple[str, tuple[Node, ...]]] = []
        while self._token not in (",", "=>", ":=", ""):
            kind, token = self._tokens[self._at]
            self._at += 1
            if token == ":":
                type = self._term(200)
                bound += [(name, (type,)) for name in waiting]
                waiting = []
            elif kind == "name":
                waiting.append(token)
        bound += [(name, ()) for name in waiting]
        self._at += self._token != ""
        term = self._term(200)
        for name, types in reversed(bound):
            term = Node(word, (*types, term), (name,))
        return term

    def _conditional(self) -> Node:
        parts = [self._term(200)]
        for word in ("then", "else"):
            while self._token not in (word, ")", "]", "}", ""):
                self._at += 1
            self._take(word)
            parts.append(self._term(200))
        return Node("if", tuple(parts))

    def _let(self) -> Node:
        bound = []
        while self._token not in (":=", "in", ""):
            kind, token = self._tokens[self._at]
            if kind == "name":
                bound.append(token)
            self._at += 1
        self._take(":=")
        value = self._term(200)
        self._take("in")
        return Node("let", (value, self._term(200)), tuple(bound))

    def _match(self) -> Node:
        """The scrutinee and the right-hand sides; patterns are skipped, their names are bound."""
        parts, bound = [self._term(200)], list[str]()
        while self._token not in ("with", ")", ""):
            self._at += 1
        while self._token not in ("end", ")", ""):
            bound += self._pattern()
            if self._token == "=>":
                self._at += 1
                parts.append(self._term(200))
        self._take("end")
        return Node("match", tuple(parts), tuple(dict.fromkeys(bound)))

    def _pattern(self) -> Iterator[str]:
        """Step over one pattern up to its `=>`; the names in it that do not begin with a capital."""
        depth = 0
        while self._token and (depth or self._token not in ("=>", "end", ")")):
            kind, token = self._tokens[self._at]
            depth += (token == "(") - (token == ")")
            if kind == "name" and token not in _STOPS and token[0].islower():
                yield token
            self._at += 1
