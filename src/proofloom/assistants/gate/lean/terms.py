"""What the declarations of a compiled Lean module rest on, and what a statement means, from their terms as data.

Two statements are the same if their terms are, with every definition under them; names of bound variables, which depend
on what was elaborated before, and annotations are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proofloom.assistants.gate.lean.olean import KINDS, Image, Object
from proofloom.assistants.gate.refusals import Doubt

UNKNOWN = -1
_DEEPEST = 100
_LAYOUT = {
    "axiom": "",
    "definition": "E-L",
    "theorem": "EL",
    "opaque": "EL",
    "quotient": "",
    "inductive": "##LL#",
    "constructor": "N###",
    "recursor": "L####R",
}
"""The fields of each kind after name, universes and type: a term, a number, a name, a list of names, rules, other."""
_BOUND, _FREE, _HOLE, _SORT, _CONSTANT, _APPLIED, _LAMBDA, _FORALL, _LET, _LITERAL, _NOTE, _PROJECTION = range(12)
_CHILDREN = {
    _BOUND: (),
    _SORT: (),
    _CONSTANT: (),
    _APPLIED: (0, 1),
    _LAMBDA: (1, 2),
    _FORALL: (1, 2),
    _LET: (1, 2, 3),
    _LITERAL: (),
    _NOTE: (1,),
    _PROJECTION: (2,),
}
"""The fields of a term that are terms, by its tag; free variables and holes have no place in a declaration."""
_FIELDS = dict(zip(_CHILDREN, (1, 1, 2, 2, 3, 3, 4, 1, 2, 3), strict=True))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One declaration: its terms as addresses (the type first), the declarations that belong to it, and plain facts."""

    kind: str
    terms: tuple[int, ...]
    family: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(slots=True)
class Reached:
    """Names that were come across: declarations of the module, and others with their number of universes.

    The number is `UNKNOWN` where a term names a type only to take a field of one of its values.
    """

    own: set[str] = field(default_factory=set)
    others: dict[str, int] = field(default_factory=dict)


class Declarations:
    """The declarations of one compiled module."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._digests: dict[int, bytes] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._image.declarations

    def __iter__(self) -> Iterator[str]:
        return iter(self._image.declarations)

    def of(self, name: str) -> Declaration:
        """The declaration of that full name, every part in guillemets; raises `Doubt`."""
        info = self._image.declarations[name]
        if info.tag >= len(KINDS) or len(info.fields) != 1:
            raise Doubt(f"{name} is a declaration of kind {info.tag}")
        kind = KINDS[info.tag]
        value = self._image.object(info.fields[0])
        layout = _LAYOUT[kind]
        if len(value.fields) != 1 + len(layout):
            raise Doubt(f"the {kind} {name} has {len(value.fields)} parts, wanted {1 + len(layout)}")
        head = self._image.object(value.fields[0])
        if len(head.fields) != 3 or self._image.name(head.fields[0]) != name:
            raise Doubt(f"the declaration of {name} is not about {name}")
        terms = [head.fields[2]]
        family: list[str] = []
        facts = [",".join(map(self._image.name, self._image.list(head.fields[1])))]
        for code, part in zip(layout, value.fields[1:], strict=True):
            if code == "E":
                terms.append(part)
            elif code == "N":
                family.append(self._image.name(part))
            elif code == "L" and kind in ("inductive", "recursor"):
                family += map(self._image.name, self._image.list(part))
            elif code == "#":
                facts.append(str(self._image.number(part)))
            elif code == "R":
                for rule in map(self._image.object, self._image.list(part)):
                    if len(rule.fields) != 3:
                        raise Doubt(f"a rule of {name} has {len(rule.fields)} parts, wanted 3")
                    family.append(self._image.name(rule.fields[0]))
                    terms.append(rule.fields[2])
        return Declaration(kind, tuple(terms), tuple(family), tuple(facts))

    def reached(self, start: Iterable[str], *, proofs: bool) -> Reached:
        """All that the declarations `start` come to, through bodies too; bodies of theorems only with `proofs`."""
        found, seen = Reached(), set[int]()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            if name in found.own:
                continue
            found.own.add(name)
            declaration = self.of(name)
            new = dict.fromkeys(declaration.family, UNKNOWN)
            terms = declaration.terms if proofs or declaration.kind != "theorem" else declaration.terms[:1]
            for used, universes in self._constants(terms, seen):
                new[used] = max(universes, new.get(used, UNKNOWN))
            for used, universes in new.items():
                if used in self:
                    waiting.append(used)
                else:
                    found.others[used] = max(universes, found.others.get(used, UNKNOWN))
        return found

    def meaning(self, theorem: str) -> Mapping[str, str]:
        """For the theorem and each declaration of the module under its statement a digest of what it says."""
        names = self.reached([theorem], proofs=False).own
        return {name: self._meaning(name) for name in sorted(names)}

    def _meaning(self, name: str) -> str:
        one = self.of(name)
        terms = one.terms[:1] if one.kind == "theorem" else one.terms
        parts = (one.kind, *one.facts, *one.family, *(self._digest(term).hex() for term in terms))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _constants(self, terms: Iterable[int], seen: set[int]) -> Iterator[tuple[str, int]]:
        """The constants in terms, with their number of universes; subterms in `seen` are left out."""
        waiting = list(terms)
        while waiting:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            term = self._term(address)
            if term.tag == _CONSTANT:
                yield self._image.name(term.fields[0]), sum(1 for _ in self._image.list(term.fields[1]))
            elif term.tag == _PROJECTION:
                yield self._image.name(term.fields[0]), UNKNOWN
            waiting += (term.fields[place] for place in _CHILDREN[term.tag])

    def _digest(self, root: int) -> bytes:
        """A digest of a term: equal for terms that differ in names of bound variables and annotations only."""
        waiting = [root]
        while waiting:
            address = waiting[-1]
            if address in self._digests:
                waiting.pop()
                continue
            term = self._term(address)
            children = [term.fields[place] for place in _CHILDREN[term.tag]]
            new = [child for child in children if child not in self._digests]
            if new:
                waiting += new
                continue
            waiting.pop()
            parts = [self._digests[child] for child in children]
            self._digests[address] = parts[0] if term.tag == _NOTE else self._mixed(term, parts)
        return self._digests[root]

    def _mixed(self, term: Object, parts: list[bytes]) -> bytes:
        digest = hashlib.sha256(f"{term.tag} {self._plain(term)}\n".encode())
        for part in parts:
            digest.update(part)
        return digest.digest()

    def _plain(self, term: Object) -> str:
        """What a term says beside its subterms."""
        image = self._image
        if term.tag == _BOUND:
            return str(image.number(term.fields[0]))
        if term.tag == _SORT:
            return self._level(term.fields[0])
        if term.tag == _CONSTANT:
            return " ".join((image.name(term.fields[0]), *map(self._level, image.list(term.fields[1]))))
        if term.tag == _PROJECTION:
            return f"{image.name(term.fields[0])} {image.number(term.fields[1])}"
        if term.tag == _LITERAL:
            literal = image.object(term.fields[0])
            if len(literal.fields) != 1 or literal.tag > 1:
                raise Doubt(f"a literal of kind {literal.tag}")
            (value,) = literal.fields
            return repr(image.text(value)) if literal.tag else hex(image.number(value))
        return ""

    def _level(self, address: int, depth: int = 0) -> str:
        if depth > _DEEPEST:
            raise Doubt(f"a universe deeper than {_DEEPEST}")
        level = self._image.object(address)
        kinds = {0: 0, 1: 1, 2: 2, 3: 2, 4: 1}
        if kinds.get(level.tag) != len(level.fields):
            raise Doubt(f"a universe of kind {level.tag} with {len(level.fields)} parts")
        if level.tag == 4:
            return f"({self._image.name(level.fields[0])})"
        parts = (self._level(part, depth + 1) for part in level.fields)
        return f"({level.tag} {' '.join(parts)})"

    def _term(self, address: int) -> Object:
        term = self._image.object(address)
        if len(term.fields) != _FIELDS.get(term.tag):
            raise Doubt(f"a term of kind {term.tag} with {len(term.fields)} parts")
        return term
