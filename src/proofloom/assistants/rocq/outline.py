"""The proofs of a source text, in order: where each is stated, what stands in it, how it ends, and in which module.

One pass over the sentences keeps the stack of modules and sections and the stack of open proofs; nothing is guessed
about a proof that Rocq would refuse, it is recorded with the reason instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from proofloom.assistants.rocq.sentences import Sentence
from proofloom.assistants.rocq.vernacular import OTHER, Command, Role, command_of

_UNKNOWN = "Proofloom does not know the command that opens this proof"
_COMPOUND = re.compile(r"(?<![\w'.@])(admit|give_up)(?![\w'])")
_TEXT = re.compile(r'"(?:[^"]|"")*"')
_GIVING_UP = re.compile(r"(?:admit|give_up) ?\.")


@dataclass(slots=True)
class Record:
    """One proof: the sentence that states it, the sentences inside, and the one that ends it (None if none does).

    `sentences` run from after the statement to before the ending; `problem` says why it cannot be handled.
    """

    command: Command
    statement: Sentence
    path: str
    name: str
    problem: str
    sentences: list[Sentence] = field(default_factory=list)
    ending: Sentence | None = None
    role: Role | None = None

    @property
    def head(self) -> int:
        """How many of `sentences` stand before the first tactic: up to `Proof.` if only commands come before it."""
        for position, sentence in enumerate(self.sentences):
            if sentence.raw.startswith(b"Proof") and command_of(sentence.code).role is Role.BEGINS:
                return position + 1
            if sentence.bullet or not sentence.text[:1].isupper():
                return 0
        return 0

    @property
    def admits(self) -> tuple[Sentence, ...]:
        """The sentences inside that are `admit.` or `give_up.`"""
        return tuple(sentence for sentence in self.sentences if _GIVING_UP.fullmatch(sentence.code))

    @property
    def compound(self) -> Sentence | None:
        """The first sentence inside that has `admit` or `give_up` as a part."""
        for sentence in self.sentences:
            if b"admit" not in sentence.raw and b"give_up" not in sentence.raw:
                continue
            if not _GIVING_UP.fullmatch(sentence.code) and _COMPOUND.search(_TEXT.sub('""', sentence.code)):
                return sentence
        return None


def outline(sentences: Iterable[Sentence]) -> list[Record]:
    """The proofs of a file in the order in which they are stated; one without an ending has `role` None."""
    return _Walk().over(sentences)


class _Walk:
    def __init__(self) -> None:
        self.records: list[Record] = []
        self._open: list[Record] = []
        self._scopes: list[tuple[str, bool]] = []
        self._goals: dict[str, int] = {}

    def over(self, sentences: Iterable[Sentence]) -> list[Record]:
        before: Sentence | None = None
        for sentence in sentences:
            command = command_of(sentence.code) if _may_be_command(sentence) else OTHER
            self._take(sentence, command, before)
            before = sentence
        for record in self._open:
            record.problem = "its proof has no end; write `Admitted.` there"
        return self.records

    def _take(self, sentence: Sentence, command: Command, before: Sentence | None) -> None:
        role = command.role
        if role is Role.STATES:
            self._state(sentence, command)
        elif role in (Role.SAVES, Role.ADMITS, Role.ABORTS, Role.PROVES):
            self._end(sentence, command)
        elif role is Role.GIVES_UP:
            self._state(sentence, command)
            self._end(sentence, command)
        elif role in (Role.MODULE, Role.SECTION):
            self._scopes.append((command.name, role is Role.MODULE))
        elif role is Role.LEAVES:
            if self._scopes and self._scopes[-1][0] == command.name:
                self._scopes.pop()
        elif self._open:
            self._open[-1].sentences.append(sentence)
        elif role is Role.BEGINS and before is not None:
            self._state(before, Command(Role.STATES, "", "", _UNKNOWN))
            self._open[-1].sentences.append(sentence)

    def _state(self, sentence: Sentence, command: Command) -> None:
        problem = command.unsupported
        if self._open:
            problem = f"it is stated inside the proof of {self._open[-1].name}, which has no end before it"
        modules = [name for name, module in self._scopes if module]
        name = command.name or ("Unnamed_thm" if command.kind == "Goal" else command.kind or "unknown")
        record = Record(command, sentence, ".".join((*modules, name)), name, problem)
        self.records.append(record)
        self._open.append(record)

    def _end(self, sentence: Sentence, command: Command) -> None:
        if not self._open:
            if command.role is not Role.ADMITS:
                return
            self._state(sentence, Command(Role.STATES, "", "", _UNKNOWN))
        record = self._open.pop()
        record.ending, record.role = sentence, command.role
        if record.command.kind == "Goal" and command.role in (Role.SAVES, Role.ADMITS, Role.PROVES):
            self._name_goal(record, command)

    def _name_goal(self, record: Record, command: Command) -> None:
        """Rocq calls the saved goals of a module `Unnamed_thm`, `Unnamed_thm0`, `Unnamed_thm1` ..."""
        module = record.path.removesuffix(record.name)
        if command.name:
            record.name = command.name
        else:
            count = self._goals.get(module, 0)
            self._goals[module] = count + 1
            record.name += str(count - 1) if count else ""
        record.path = module + record.name


def _may_be_command(sentence: Sentence) -> bool:
    """Commands begin with a capital letter or an attribute; this spares the rest of the work for tactics."""
    return sentence.raw[:1].isupper() or sentence.raw[:2] == b"#["
