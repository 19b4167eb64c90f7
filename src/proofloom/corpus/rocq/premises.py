"""What a file offers to proofs: its own constants with their statements, and those it takes over from functors.

The names and their bytes are Rocq's (`.glob`), the statements are the source's where the source has one; what the
source does not spell out (schemes, constructors of records, included lemmas) is asked for at the end of the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from proofloom.assistants.rocq.document import RocqDocument
from proofloom.assistants.rocq.outline import Record
from proofloom.assistants.rocq.sentences import Sentence, code_of, masked
from proofloom.assistants.rocq.vernacular import NAME
from proofloom.assistants.session import AssistantError
from proofloom.corpus.records import Premise, TracedTheorem
from proofloom.corpus.rocq.globals import Globals, Mention
from proofloom.corpus.rocq.modules import Module, discharged, modules_of, sections_of, taken_over
from proofloom.corpus.tracer import TraceLimits

_SECONDS = 60.0
_INSIDE = ("constructor", "projection", "method")
_STRUCTURES = ("inductive", "record", "class")
_RECORD = re.compile(rf":= ?({NAME}) ?\{{")
_SCHEME = re.compile(rf"(?:Scheme|with) ({NAME}) ?:=|Combined Scheme ({NAME}) ")
_EQUALITY = re.compile(rf"Scheme (?:Boolean )?Equality for ({NAME})")
_MARKS = re.compile(rb"[(\[{]|[)\]}]|\||;")
_ABBREVIATION = re.compile(r"Notation \S+ :=\s+@?([\w.']+)\s*$", re.MULTILINE)
_LOCATED = re.compile(r"^(?:Constant|Inductive|Constructor|Notation) (\S+)", re.MULTILINE)
_UNNAMED = ("Goal", "Obligation")
"""Kinds of statements whose sentence does not name what it proves."""


class FilePremises:
    """Collects the premises of one file while its proofs, the `records`, are replayed in `document`.

    `aborted` are the statements whose proofs are given up.
    """

    def __init__(
        self,
        library: str,
        data: bytes,
        sentences: Sequence[Sentence],
        records: Sequence[Record],
        aborted: Sequence[Sentence],
        globals_: Globals,
        document: RocqDocument,
        limits: TraceLimits,
    ) -> None:
        self._meanings: dict[str, str] = {}  # of abbreviations, by full name, where that is one constant
        self._located: dict[int, str] = {}  # by the byte of a mention whose name in the `.glob` is not the whole one
        self._library = library
        self._data = data
        self._sentences = sentences
        self._starts = [sentence.start for sentence in sentences]
        inside = {sentence.start for record in records for sentence in record.sentences}
        self._outside = [sentence for sentence in sentences if sentence.start not in inside]
        self._modules = modules_of(self._outside)
        self._sections = sections_of(self._outside)
        self._nested = any(b"Module" in sentence.raw for sentence in self._outside)
        self._document = document
        self._limit = limits.characters
        self._abbreviations: set[str] = set()
        self._missing: dict[str, tuple[str, int]] = {}  # kind, and the byte before the first statement that needs it
        unsaid = {r.statement.start for r in records if r.command.kind in _UNNAMED}
        dropped = [sentence.start for sentence in aborted]
        self._definitions = [d for d in globals_.definitions if self._sentence_at(d).start not in {*unsaid, *dropped}]
        self._found: dict[str, Premise] = {}
        for definition in self._definitions:
            self._add(definition.full_name, self._stated(definition), definition.kind, definition.start)

    def look_inside(self, record: Record, mentions: Iterable[Mention]) -> None:
        """Ask for names of this file that the source does not define, while the modules around a proof are open.

        In a functor this is the only chance: what its parameters and its `Include`s bring cannot be seen from outside.
        """
        start = record.statement.start
        scopes = [module for module in self._modules if module.start < start < module.end]
        here = ".".join((self._library, *(module.path for module in scopes[-1:])))
        answers: dict[str, list[str]] = {}
        for mention in mentions:
            name = mention.full_name
            if name.rpartition(".")[0] == here:
                name = self._whole(mention, f"{here}.{record.name}", answers)
            if mention.kind == "abbreviation":
                self._abbreviations.add(name)
            if name.startswith(f"{self._library}.") and name not in self._found:
                if scopes and scopes[-1].hidden:
                    self._ask(name, mention.kind, scopes[-1].start)
                else:
                    self._missing.setdefault(name, (mention.kind, max(0, start - 1)))

    def meaning(self, mention: Mention) -> str:
        """The full name of the constant that is mentioned in a proof; to be asked at the end."""
        name = self._located.get(mention.start, mention.full_name)
        return self._meanings.get(name, name)

    def _whole(self, mention: Mention, proved: str, answers: dict[str, list[str]]) -> str:
        """The full name behind a mention that the `.glob` places directly in the innermost open module.

        The compiler leaves out the rest of the path there: `Deep.x` inside `M` is written as if it were `M.x`.  So
        Rocq is asked what the written name means now, after the proof; what was `proved` there was not in view yet.
        """
        written = self._data[mention.start : mention.end].decode("utf-8", "surrogateescape").lstrip("@")
        if mention.full_name in self._found and "." not in written and not self._nested:
            return mention.full_name
        if written not in answers:
            answers[written] = _LOCATED.findall(self._answer(f"Locate {written}."))
        for located in answers[written]:
            name = discharged(located, self._library, self._sections, mention.start)
            if name != proved and name.startswith(f"{self._library}.") and _last(name) == _last(mention.full_name):
                if name != mention.full_name:
                    self._located[mention.start] = name
                return name
        return mention.full_name

    def look_back(self) -> None:
        """Ask for the rest at the end of the file."""
        for module in self._modules:
            if module.takes and not module.hidden:
                self._take_over(module)
        for definition in self._definitions:
            if definition.kind in _STRUCTURES:
                self._imply(definition)
        for sentence in self._outside:
            if sentence.raw.startswith((b"Scheme", b"Combined Scheme")):
                self._schemes(sentence)
        for name, (kind, start) in self._missing.items():
            if name not in self._found:
                self._ask(name, kind, start)
        for name in sorted(self._abbreviations):
            self._resolve(name)

    def all_with(self, theorems: Iterable[TracedTheorem]) -> tuple[Premise, ...]:
        """Every premise of the file in order, with the traced theorems among them."""
        for theorem in theorems:
            if theorem.kind == "Obligation":
                self._ask(theorem.full_name, "theorem", theorem.start)
            self._add(theorem.full_name, theorem.statement, "theorem", theorem.start)
        return tuple(sorted(self._found.values(), key=lambda premise: premise.start))

    def _stated(self, definition: Mention) -> str:
        """The sentence that defines a constant, or the clause of it that declares a constructor or a field."""
        sentence = self._sentence_at(definition)
        clause = _clause(self._data, definition, sentence) if definition.kind in _INSIDE else ""
        return clause or sentence.code

    def _sentence_at(self, definition: Mention) -> Sentence:
        return self._sentences[max(0, bisect_right(self._starts, definition.start) - 1)]

    def _take_over(self, module: Module) -> None:
        own = {name.removeprefix(f"{self._library}."): premise.start for name, premise in self._found.items()}
        printed = self._answer(f"Print Module {module.path}.")
        for constant in taken_over(module, printed, own):
            self._add(f"{self._library}.{constant.path}", constant.type, constant.kind, constant.start)

    def _imply(self, definition: Mention) -> None:
        """The schemes of an inductive type and the constructor of a record, which no name in the source stands for."""
        scope, _, name = definition.full_name.rpartition(".")
        code = self._sentence_at(definition).code
        for sort in ("ind", "rec", "rect", "sind"):
            self._ask(f"{scope}.{name}_{sort}", "scheme", definition.start)
        if "{" in code and definition.kind != "inductive":
            found = _RECORD.search(code)
            self._ask(f"{scope}.{found[1] if found else f'Build_{name}'}", "constructor", definition.start)

    def _schemes(self, sentence: Sentence) -> None:
        names = [name for pair in _SCHEME.findall(sentence.code) for name in pair if name]
        for type_ in _EQUALITY.findall(sentence.code):
            names += [f"{type_}_beq", f"{type_}_eq_dec"]
        scopes = [module.path for module in self._modules if module.start < sentence.start < module.end]
        for name in names:
            self._ask(".".join((self._library, *scopes[-1:], name)), "scheme", sentence.start)

    def _ask(self, full_name: str, kind: str, start: int) -> None:
        """Add a constant with its type, if Rocq can see it at the tip."""
        if full_name not in self._found:
            printed = " ".join(self._answer(f"Check @{full_name.removeprefix(f'{self._library}.')}.").split())
            if printed:
                self._add(full_name, printed.removeprefix("@"), kind, start)

    def _resolve(self, abbreviation: str) -> None:
        target = _ABBREVIATION.search(self._answer(f"About {abbreviation}."))
        located = _LOCATED.search(self._answer(f"Locate {target[1]}.")) if target else None
        if located is not None:
            self._meanings[abbreviation] = located[1]

    def _answer(self, question: str) -> str:
        """What Rocq prints; empty if the name cannot be seen at the tip."""
        try:
            return "\n".join(self._document.ask(question, _SECONDS))
        except AssistantError:
            return ""

    def _add(self, full_name: str, statement: str, kind: str, start: int) -> None:
        self._found.setdefault(full_name, Premise(full_name, statement[: self._limit], kind, start))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _clause(data: bytes, definition: Mention, sentence: Sentence) -> str:
    """The part of an inductive definition that declares one constructor or field; empty if it shows no type."""
    mask = masked(data[definition.start : sentence.end])
    depth, end = 0, len(mask) - 1
    for mark in _MARKS.finditer(mask):
        if mark[0] in (b"(", b"[", b"{"):
            depth += 1
        elif mark[0] in (b")", b"]", b"}"):
            depth -= 1
        if depth < 0 or (depth == 0 and mark[0] in (b"|", b";")):
            end = mark.start()
            break
    text = code_of(data[definition.start : definition.start + end]).decode("utf-8", "surrogateescape")
    return text if ":" in text else ""
