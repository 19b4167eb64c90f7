"""Reads from a compiled file what a theorem says: its statement, all that the statement rests on, its assumptions.

Constants and inductive types defined outside the file are the same for reference and candidate, so their full path is
enough; those of the file itself are read with type and body, and so on for what these mention, until nothing is new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.answers import (
    IN_CONTEXT,
    Global,
    assumes_itself,
    global_of,
    listed_assumptions,
    require_free,
    term_of,
)
from proofloom.assistants.gate.rocq.place import Place, is_sealed
from proofloom.assistants.gate.rocq.probe import LIBRARY, Answers, Probe
from proofloom.assistants.gate.rocq.terms import names, normal, without_constraints, without_levels

_SHORTER = re.compile(rf"^(Constant|Inductive|Constructor) (\S+) {IN_CONTEXT}", re.MULTILINE)
_UNIVERSES = "Set Printing Universes.\n{}\nUnset Printing Universes."


class Missing(Exception):
    """The compiled file has no theorem of that name; the message is Rocq's."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One line of `Print Assumptions`: a full path, and for an unsafe flag what the line says about it."""

    path: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a theorem says and rests on, in a normal form that is equal for equal theorems.

    `constraints` are those on the universe levels of a polymorphic statement.  `levels` are the groups of levels in a
    definition that is not polymorphic, or under the empty path in such a statement; its normal form is without them.
    `definitions` maps the full path of each constant or inductive type of the file itself that the statement, or an
    assumption, rests on to its normal form; `needs` says which of them each one mentions.  `arguments` are the names
    of the theorem's own arguments.  `axioms` are those of `definitions` that are axioms, `sealed` those whose body a
    module signature hides.  `asked` are the questions that led to it.
    """

    statement: str
    constraints: frozenset[str]
    definitions: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]
    assumptions: tuple[Assumption, ...]
    arguments: tuple[str, ...]
    mentioned: frozenset[str]
    axioms: frozenset[str]
    sealed: frozenset[str]
    levels: Mapping[str, tuple[str, ...]]
    asked: tuple[str, ...]

    def closure(self, roots: Sequence[str]) -> dict[str, str]:
        """The definitions of `roots` and of all that they mention inside the file."""
        found: dict[str, str] = {}
        waiting = list(roots)
        while waiting:
            path = waiting.pop()
            if path not in found and path in self.definitions:
                found[path] = self.definitions[path]
                waiting += self.needs[path]
        return found


@dataclass(slots=True)
class Reader:
    """One reading in progress: answers by question, and what is still to be asked.

    `guesses` are short names of definitions that are probably needed; they save time and nothing else.
    """

    probe: Probe
    place: Place
    roots: Sequence[str] = ()
    guesses: Sequence[str] = ()
    _answers: dict[str, str] = field(default_factory=dict)
    _globals: dict[str, Global] = field(default_factory=dict)
    _foreign: dict[str, Global] = field(default_factory=dict)

    def read(self, expected: Sequence[str] = ()) -> Reading:
        """Read the theorem at `place`; `expected` are questions that will probably come up, asked at once.

        Raises `Missing` if there is no such theorem, `Doubt` if an answer is not understood.
        """
        self._first(expected)
        guessed = self._guessed()
        while wanted := self._wanted():
            asked = [*wanted, *(query for query in guessed if query not in wanted and query not in self._answers)]
            answers = self._ask(asked)
            if answers.failure is not None and len(answers.texts) < len(wanted):
                raise Doubt(f"{wanted[len(answers.texts)]} failed: {answers.failure}")
            guessed = []
        for query, text in self._answers.items():
            if query.startswith("Locate Term "):
                require_free(query, text)
        return self._result()

    def _first(self, expected: Sequence[str]) -> None:
        name = self.place.name
        basic = [f"Check @{name}.", f"About {name}.", f"Print Assumptions {name}."]  # `About` never fails
        more = [*map(_bare, self.guesses), *expected]
        answers = self._ask([*basic, *(query for query in more if query not in basic)])
        # A later failure is no harm: the file prints some name in another way, and the loop asks for what it needs.
        if answers.failure is not None and len(answers.texts) < len(basic):
            raise Missing(answers.failure) if not answers.texts else Doubt(answers.failure)

    def _ask(self, queries: Sequence[str]) -> Answers:
        answers = self.probe.ask(queries, self.place.preamble)
        self._answers.update(zip(queries, answers.texts, strict=False))
        return answers

    def _guessed(self) -> list[str]:
        """Questions about the guesses, under the short names that Rocq gives them; foreign ones need no question."""
        found: list[str] = []
        for guess in self.guesses:
            for kind, path, name in _SHORTER.findall(self._answers.get(_bare(guess), "")):
                if self._is_own(path):
                    found += [f"About {name}.", f"Print {name}."]
                else:
                    self._foreign[name] = Global(kind, path)
        return found

    def _wanted(self) -> list[str]:
        """The questions that follow from the answers so far."""
        wanted: list[str] = []
        seen: set[str] = set()
        waiting = [self.place.name, *self.roots, *(name for name, _ in self._assumed())]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            known = self._known(name)
            questions = [f"About {name}."] if known is None else self._questions(name, known)
            missing = [question for question in questions if question not in self._answers]
            wanted += missing
            if known is not None and questions and not missing:
                mentioned, bound = names(term_of(questions[0], self._answers[questions[0]]))
                waiting += sorted(mentioned)
                wanted += [query for query in map(_bare, sorted(bound)) if query not in self._answers]
        return list(dict.fromkeys(wanted))

    def _questions(self, name: str, known: Global) -> list[str]:
        """What to ask for type and body, and whether a constant without a body is an axiom; nothing for foreign names.

        An opaque body has no say in what a statement means, unless a signature puts it in place of another one.
        """
        if name == self.place.name:
            return [_typed(name)]
        if not self._is_own(known.path):
            return []
        if known.kind != "Constant" or known.transparent:
            return [_with_levels(f"Print {name}.")]
        if not known.opaque:
            return [_typed(name), f"Print Assumptions {name}."]
        modules = self.place.modules_around(known.path, self.probe.target.name)
        return [_typed(name), *(f"Print Module {module}." for module in modules)]

    def _known(self, name: str) -> Global | None:
        if name not in self._globals:
            if f"About {name}." in self._answers:
                self._globals[name] = global_of(name, self._answers[f"About {name}."])
            elif name in self._foreign:
                self._globals[name] = self._foreign[name]
        return self._globals.get(name)

    def _is_own(self, path: str) -> bool:
        """True for what the file itself, or the probe, defines."""
        return path.startswith((f"{self.probe.target.name}.", f"{LIBRARY}#."))

    def _assumed(self) -> list[tuple[str, str]]:
        return listed_assumptions(self._answers[f"Print Assumptions {self.place.name}."])

    def _result(self) -> Reading:
        definitions: dict[str, str] = {}
        needs: dict[str, frozenset[str]] = {}
        levels: dict[str, tuple[str, ...]] = {}
        axioms, sealed = set[str](), set[str]()
        for name, known in self._globals.items():
            questions = self._questions(name, known)
            if not questions or name == self.place.name:
                continue
            text, needs[known.path], levels[known.path] = self._normal(questions[0], known)
            form = "given" if "Check @" in questions[0] else "defined"
            definitions[known.path] = f"{known.kind} {form}: {text}"
            if known.opaque:
                hidden = any(is_sealed(self._answers[question]) for question in questions[1:])
                sealed |= {known.path} if hidden else set()
            elif len(questions) > 1:
                (axioms if assumes_itself(known.path, self._answers[questions[1]]) else sealed).add(known.path)
        own = self._globals[self.place.name]
        form, mentioned, levels[""] = self._normal(self._questions(self.place.name, own)[0], own)
        statement, constraints = without_constraints(form)
        return Reading(
            statement=statement,
            constraints=constraints,
            definitions=definitions,
            needs=needs,
            assumptions=tuple(Assumption(self._globals[name].path, flag) for name, flag in self._assumed()),
            arguments=own.arguments,
            mentioned=mentioned,
            axioms=frozenset(axioms),
            sealed=frozenset(sealed),
            levels=levels,
            asked=tuple(self._answers),
        )

    def _normal(self, question: str, known: Global) -> tuple[str, frozenset[str], tuple[str, ...]]:
        """The normal form of the term in an answer, the paths that it mentions, and its levels if they are apart."""
        text = term_of(question, self._answers[question])
        mentioned = frozenset(self._globals[name].path for name in names(text)[0])
        form = normal(text, lambda name: self._globals[name].label)
        if known.polymorphic:
            return form, mentioned, ()
        form, levels = without_levels(form)
        return form, mentioned, levels


def _typed(name: str) -> str:
    return _with_levels(f"Check @{name}.")


def _with_levels(question: str) -> str:
    return _UNIVERSES.format(question)


def _bare(name: str) -> str:
    return f"Locate Term {name}."
