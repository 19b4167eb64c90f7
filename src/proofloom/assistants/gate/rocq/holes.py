"""Which axioms of the reference are proofs that are missing: a proof that rests on one of them is not finished.

A hole is known by its own path.  Only where its module is a module type, or is applied, included or given another name,
may it come back under other paths, and then its short name counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.edition import Edition
from proofloom.assistants.holes import Hole
from proofloom.assistants.rocq.vernacular import Role, command_of

_OBLIGATION = re.compile(r"_obligation_\d+$|^Unnamed_thm\d*$")
_NAME = re.compile(r"[^\W\d][\w']*")
_MODULES = re.compile(r"(?<![\w'.])(?:Module|Include)(?![\w'])")
_TYPE = re.compile(r"(?<![\w'.])Module Type ")
_DECLARES = re.compile(rb"(?:#|Local |Global )*(?:Axiom|Parameter|Conjecture|Variable|Hypothes[ie]s|Context)")


def is_obligation(name: str) -> bool:
    """True for the names that Rocq gives to obligations and to goals without a name."""
    return _OBLIGATION.search(name) is not None


@dataclass(frozen=True)
class Holes:
    """The holes of the file `edition`, seen from `theorem`."""

    edition: Edition
    theorem: str

    def holds(self, path: str, *, argument: bool) -> bool:
        """True if the axiom of the file with that full path is a hole; what is in doubt counts as one.

        With `argument` it is a member of the argument of a functor, and stands for what its signature has.
        """
        name = path.rpartition(".")[2]
        if is_obligation(name):
            return True
        declared = name in self._declared
        if not argument and not declared:
            return any(_may_be(hole, name, declared) for hole in self.edition.source.holes)
        return any(
            _may_be(hole, name, declared) and self._may_stand_at(hole, path, argument)
            for hole in self.edition.source.holes
        )

    def _may_stand_at(self, hole: Hole, path: str, argument: bool) -> bool:
        """True if a hole may stand under a full path that ends in a name of it."""
        around = hole.path.split(".")[:-1]
        if not self._types.isdisjoint(around):
            return True
        if argument:
            return not self._signatures.isdisjoint(around)
        own = ".".join((self.edition.settings.logical_name, *around))
        return path.rpartition(".")[0] == own or not self._mentions(len(self.edition.text)).isdisjoint(around)

    @cached_property
    def _signatures(self) -> frozenset[str]:
        """What the signatures of functors around the theorem may be made of: all that comes before it."""
        try:
            start = self.edition.span(self.theorem)[0].start
        except Doubt:
            start = len(self.edition.text)
        return self._mentions(start)

    def _mentions(self, end: int) -> frozenset[str]:
        """The words of the sentences about modules before `end`, but for the name that a sentence opens a module by."""
        found: set[str] = set()
        for sentence in self.edition.sentences:
            if sentence.start >= end or (b"Module" not in sentence.raw and b"Include" not in sentence.raw):
                continue
            code = sentence.code
            if _MODULES.search(code):
                words = _NAME.findall(code)
                command = command_of(code)
                if command.role is Role.MODULE:
                    words.remove(command.name)
                found.update(words)
        return frozenset(found)

    @cached_property
    def _types(self) -> frozenset[str]:
        """The names of the module types of the file."""
        return frozenset(
            name for sentence in self.edition.sentences for name in _NAME.findall(_after(_TYPE, sentence.code))[:1]
        )

    @cached_property
    def _declared(self) -> frozenset[str]:
        """The words before the colon in the sentences that declare axioms."""
        return frozenset(self._declarations())

    def _declarations(self) -> Iterator[str]:
        for sentence in self.edition.sentences:
            if _DECLARES.match(sentence.raw):
                yield from _NAME.findall(sentence.code.partition(":")[0])


def _may_be(hole: Hole, name: str, declared: bool) -> bool:
    """True if an axiom of that short name may be the hole.

    A hole without a name in the source may have any that is not `declared`; one of several statements that are proved
    together, any name in the sentence.
    """
    if hole.name == name or (hole.unsupported and name in _NAME.findall(hole.statement)):
        return True
    return not declared and (hole.name in ("", "unknown") or "name" in hole.unsupported)


def _after(pattern: re.Pattern[str], code: str) -> str:
    match = pattern.search(code)
    return "" if match is None else code[match.end() :]
