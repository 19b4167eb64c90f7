"""Which constants a Rocq source declares, and where: read from the sentences outside proofs.

Commands are told by their first word, names stand where the grammar puts them, and bodies are cut at brackets; what
the source only implies (schemes, constructors without a name) is asked of Rocq elsewhere.  The test is agreement with
what the compiler writes down about the same files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proofloom.assistants.rocq.sentences import Sentence, code_of, masked
from proofloom.corpus.rocq_scopes import Scopes

_NAME = rb"[A-Za-z_\x80-\xff][\w'\x80-\xff]*"
_ATTRIBUTES = (
    rb"(?:#\[[^\]]*\]\s*|(?:Local|Global|Export|Polymorphic|Monomorphic|Cumulative|NonCumulative|Private|Program|Time"
    rb"|Declare|Fail)\s+)*"
)
_COMMAND = re.compile(_ATTRIBUTES + rb"((?:Combined\s+)?[A-Z]\w*)\s+")
_FIRST = re.compile(rb"\s*>?\s*(" + _NAME + rb")")
_GROUP = re.compile(rb"\s*\(?((?:\s*" + _NAME + rb")+)\s*:")
_NAMES = re.compile(_NAME)
_INLINE = re.compile(rb"Inline\b\s*(?:\(\s*\d+\s*\)\s*)?")
_FIELD = re.compile(rb"\s*(?:#\[[^\]]*\]\s*)*(" + _NAME + rb")")
_CONSTRUCTOR_OF_RECORD = re.compile(rb"\s*(" + _NAME + rb")?\s*(?:as\s+" + _NAME + rb"\s*)?\{(?!\|)")
_TOKEN = re.compile(rb"\{\||\|\}|\[\||\|\]|[(\[{]|[)\]}]|:=|[|;]|" + _NAME)
_EQUALITY = re.compile(rb"(?:Boolean\s+)?Equality\s+for\s+(" + _NAME + rb")")

_KINDS = {
    b"Definition": "definition", b"Example": "definition", b"SubClass": "definition", b"Fixpoint": "definition",
    b"CoFixpoint": "definition", b"Function": "definition", b"Canonical": "definition", b"Coercion": "definition",
    b"Instance": "instance", b"Primitive": "primitive", b"Notation": "abbreviation",
    b"Lemma": "theorem", b"Theorem": "theorem", b"Corollary": "theorem", b"Fact": "theorem", b"Remark": "theorem",
    b"Proposition": "theorem", b"Property": "theorem",
    b"Inductive": "inductive", b"CoInductive": "inductive", b"Variant": "inductive",
    b"Record": "record", b"Structure": "record", b"Class": "class",
    b"Scheme": "scheme", b"Combined Scheme": "scheme",
}  # fmt: skip
_AXIOMS = (b"Axiom", b"Axioms", b"Parameter", b"Parameters", b"Conjecture", b"Conjectures")
_VARIABLES = (b"Variable", b"Variables", b"Hypothesis", b"Hypotheses")
_STRUCTURES = ("inductive", "record", "class")
_DEFINING = (b"Canonical", b"Coercion")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A constant by its path in the file, its kind, the byte where its name starts (or would), and its statement.

    A constructor or a field has its own clause as statement if that shows a type, else the whole sentence.
    """

    path: str
    kind: str
    start: int
    statement: str


def declarations(sentences: Sequence[Sentence], scopes: Scopes) -> Iterator[Declaration]:
    """The constants that the sentences outside proofs declare, in order."""
    for sentence in sentences:
        if not (sentence.raw[:1].isupper() or sentence.raw[:2] == b"#["):
            continue
        mask = masked(sentence.raw)
        command = _COMMAND.match(mask)
        if command is None:
            continue
        module = scopes.module_at(sentence.start)
        code = sentence.code
        for name, kind, start, end in _declared(mask, b" ".join(command[1].split()), command.end(), sentence, scopes):
            clause = code_of(sentence.raw[start:end]).decode("utf-8", "surrogateescape") if end else ""
            statement = clause if ":" in clause else code
            path = name.decode("utf-8", "surrogateescape")
            yield Declaration(f"{module}.{path}" if module else path, kind, sentence.start + start, statement)


_Found = Iterator[tuple[bytes, str, int, int]]
"""Name, kind, and the bytes of the sentence where the name starts and its clause ends (0 if it has none)."""


def _declared(mask: bytes, word: bytes, position: int, sentence: Sentence, scopes: Scopes) -> _Found:
    if word in _AXIOMS or (word in _VARIABLES and not scopes.in_section(sentence.start)):
        yield from _assumed(mask, position)
        return
    kind = _KINDS.get(word)
    if kind is None:
        return
    if kind == "scheme":
        yield from _schemes(mask, position)
        return
    if word == b"Canonical":
        position = position + len(b"Structure ") if mask.startswith(b"Structure ", position) else position
    for start, end in _parts(mask, position):
        first = _FIRST.match(mask, start, end)
        if first is None:
            continue
        if (word in _DEFINING or word == b"Notation") and b":=" not in mask[first.end() :]:
            continue
        yield first[1], kind, first.start(1), 0
        if kind in _STRUCTURES:
            yield from _inside(mask, first, end, kind)


def _assumed(mask: bytes, position: int) -> _Found:
    """`a b : T`, or `(a b : T) (c : U)`."""
    inline = _INLINE.match(mask, position)
    position = inline.end() if inline else position
    group = _GROUP.match(mask, position)
    while group is not None:
        for name in _NAMES.finditer(mask, group.start(1), group.end(1)):
            yield name[0], "axiom", name.start(), 0
        if not mask[position : group.start(1)].lstrip().startswith(b"("):
            return
        position = next((end + 1 for end in _ends(mask, group.end(), b")")), len(mask))
        group = _GROUP.match(mask, position)


def _schemes(mask: bytes, position: int) -> _Found:
    equality = _EQUALITY.match(mask, position)
    if equality is not None:
        for ending in (b"_beq", b"_eq_dec"):
            yield equality[1] + ending, "scheme", equality.start(1), 0
        return
    for start, end in _parts(mask, position):
        first = _FIRST.match(mask, start, end)
        if first is not None and first[1] not in (b"Minimality", b"Induction", b"Elimination", b"Case"):
            yield first[1], "scheme", first.start(1), 0


def _inside(mask: bytes, head: re.Match[bytes], end: int, kind: str) -> _Found:
    """Constructors and fields of one inductive type, record or class."""
    body = next((cut + 2 for cut in _ends(mask, head.end(), b":=", end)), None)
    if body is None:
        return
    record = _CONSTRUCTOR_OF_RECORD.match(mask, body, end)
    if record is None:
        name = "method" if kind == "class" else "constructor"
        for start, stop in _pieces(mask, body, end, b"|"):
            first = _FIELD.match(mask, start, stop)
            if first is not None:
                yield first[1], name, first.start(1), stop
        return
    yield record[1] or b"Build_" + head[1], "constructor", record.start(1) if record[1] else head.start(1), 0
    close = next(iter(_ends(mask, record.end(), b"}", end)), end)
    for start, stop in _pieces(mask, record.end(), close, b";"):
        first = _FIELD.match(mask, start, stop)
        if first is not None and first[1] != b"_":
            yield first[1], "method" if kind == "class" else "projection", first.start(1), stop


def _parts(mask: bytes, position: int) -> Iterator[tuple[int, int]]:
    """The declarations that `with` joins, up to the final dot."""
    end = len(mask) - 1
    for cut in _ends(mask, position, b"with", end):
        yield position, cut
        position = cut + 4
    yield position, end


def _pieces(mask: bytes, position: int, end: int, mark: bytes) -> Iterator[tuple[int, int]]:
    for cut in _ends(mask, position, mark, end):
        yield position, cut
        position = cut + 1
    yield position, end


def _ends(mask: bytes, position: int, mark: bytes, end: int | None = None) -> Iterator[int]:
    """Where `mark` stands outside brackets and matches, from `position` on; a closing bracket ends the search."""
    depth = matches = 0
    for token in _TOKEN.finditer(mask, position, len(mask) - 1 if end is None else end):
        text = token[0]
        if depth == 0 and text == mark and not (matches and text in (b"with", b"|")):
            yield token.start()
        elif text in (b"(", b"[", b"{", b"{|", b"[|"):
            depth += 1
        elif text in (b")", b"]", b"}", b"|}", b"|]"):
            depth -= 1
            if depth < 0:
                return
        elif depth == 0 and text == b"match":
            matches += 1
        elif depth == 0 and text == b"end":
            matches -= 1
