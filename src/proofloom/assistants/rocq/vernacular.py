"""What one sentence does to the proof mode: opens a proof, closes it, enters or leaves a module, or none of these.

Rocq decides this with its grammar; here a sentence is classified by its first words and by whether a body follows a
`:=` at bracket depth 0.  On the whole standard library of 8.16 both give the same proofs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

NAME = r"[^\W\d][\w']*"


class Role(Enum):
    """What a sentence does."""

    STATES = auto()
    """Opens a proof."""
    BEGINS = auto()
    """`Proof.`, `Proof using ..`, `Proof with ..`: stands at the head of a proof."""
    PROVES = auto()
    """`Proof term.`: the whole proof in one sentence."""
    SAVES = auto()
    """`Qed.`, `Defined.`, `Save name.`"""
    ADMITS = auto()
    ABORTS = auto()
    MODULE = auto()
    SECTION = auto()
    LEAVES = auto()
    GIVES_UP = auto()
    """`Admit Obligations.`: a hole without a proof."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Command:
    """The role of a sentence, the word that says so (`Lemma`), the name it declares or closes (empty if it has none).

    `unsupported` says why a hole that this sentence opens cannot be filled; empty if it can.
    """

    role: Role
    kind: str = ""
    name: str = ""
    unsupported: str = ""


OTHER = Command(Role.OTHER)

_ATTRIBUTE = r'#\[(?:"(?:[^"]|"")*"|[^\]"])*\]'
_LEGACY = "Local|Global|Export|Polymorphic|Monomorphic|Cumulative|NonCumulative|Private|Program"
_CONTROL = r'Time|Instructions|Profile(?: "[^"]*")?|Timeout \d+|Redirect "(?:[^"]|"")*"'
_PREFIX = re.compile(rf"(?:(?P<attribute>{_ATTRIBUTE}) ?|(?:{_CONTROL}|{_LEGACY})\b ?)")
_WORD = re.compile(NAME)
_REFINE = re.compile(r"[\[,] ?refine ?[\],]")
_PROGRAM = re.compile(r"[\[,] ?program ?[\],=]")
_STRING = re.compile(r'"(?:[^"]|"")*"')
_TOKEN = re.compile(r"[(\[{]|[)\]}]|[<:=>]+|" + rf"{NAME}(?:\.{NAME})*")
_WITH_FIELD = re.compile(r"\bwith (?:Definition|Module) [\w'.]+ ?(?:@\{[^}]*\} ?)?:=")
_MODULE = re.compile(rf"Module (?:Type )?(?:(?:Import|Export) ?(?:-? ?\([^)]*\) ?)?)?({NAME})")
_NAMED = re.compile(rf"\w+ ({NAME})")
_INSTANCE = re.compile(rf"Instance ({NAME})? ?(?=[@:({{\[`|])")
_MORPHISM = re.compile(rf"Add (?:Parametric )?Morphism\b.*(?:\bas|:) ({NAME}) ?\.$")
_DERIVE = re.compile(rf"Derive .*(?:\bSuchThat .*\bAs|\bin .*\bas) ({NAME}) ?\.$")
_OBLIGATION = re.compile(r"(?:Next|Final) Obligation\b|Obligation \d")

_THEOREMS = frozenset(("Lemma", "Theorem", "Corollary", "Fact", "Remark", "Proposition", "Property"))
_DEFINITIONS = frozenset(("Definition", "Example", "SubClass"))
_SAVING = frozenset(("Qed", "Defined", "Save"))

_LET = "a Let is gone after its section, so its proof cannot be checked; state it as a Lemma"
_NO_NAME = "it has no name in the source; give it one"
_MUTUAL = "several statements are proved together; state them one by one"
_PLUGIN = "a proof opened by {} is not handled"


def command_of(code: str) -> Command:
    """Classify one sentence, given without comments and with white space folded (`Sentence.code`)."""
    refine = program = False
    while (prefix := _PREFIX.match(code)) is not None and prefix.end():
        attribute = prefix["attribute"] or ""
        refine = refine or bool(_REFINE.search(attribute))
        program = program or prefix[0].startswith("Program") or bool(_PROGRAM.search(attribute))
        code = code[prefix.end() :]
    first = _WORD.match(code)
    word = first[0] if first else ""
    if not word[:1].isupper():
        return OTHER
    if word in _THEOREMS:
        unsupported = _MUTUAL if _parts(code) > 1 else ""
        return Command(Role.STATES, word, _name(code), unsupported)
    if word in _DEFINITIONS or word in ("Instance", "Fixpoint", "CoFixpoint", "Function"):
        return _definition(word, code, refine, program)
    if word in ("Let", "Canonical", "Coercion"):
        return _special(word, code)
    if word == "Proof":
        return _proof(code)
    if word in _SAVING:
        return Command(Role.SAVES, word, _name(code))
    return _rest(word, code)


def _definition(word: str, code: str, refine: bool, program: bool) -> Command:
    """Definitions open a proof if the body is missing, or if `#[refine]` asks for one; with `Program`, an instance
    without a body has obligations instead.
    """
    if word == "Instance":
        match = _INSTANCE.match(code)
        name = (match[1] or "") if match else ""
        if refine or not (program or _has_body(code)):
            return Command(Role.STATES, word, name, "" if name else _NO_NAME)
        return OTHER
    if word == "Function":
        if re.search(r"\{ ?(?:measure|wf)\b", code):
            return Command(Role.STATES, word, _name(code), _PLUGIN.format("Function"))
        return OTHER
    if word in ("Fixpoint", "CoFixpoint"):
        parts, bodies = _parts(code), _bodies(code)
        if bodies >= parts:
            return OTHER
        return Command(Role.STATES, word, _name(code), _MUTUAL if parts > 1 else "")
    if refine or not _has_body(code):
        return Command(Role.STATES, word, _name(code))
    return OTHER


def _special(word: str, code: str) -> Command:
    """`Let`, `Canonical` and `Coercion`, which share words with commands that never open a proof."""
    if word == "Let":
        inner = re.match(r"Let (Fixpoint|CoFixpoint) ", code)
        missing = _bodies(code) < _parts(code) if inner else not _has_body(code)
        name = _name(code.removeprefix("Let ") if inner else code)
        return Command(Role.STATES, word, name, _LET) if missing else OTHER
    if word == "Canonical":
        code = code.replace("Canonical Structure ", "Canonical ", 1)
    symbols = [token for token in _outline(code) if not token[0].isalpha()]
    if ":" in symbols and ":=" not in symbols and ">->" not in code:
        return Command(Role.STATES, word, _name(code))
    return OTHER


def _proof(code: str) -> Command:
    if re.match(r"Proof(?: ?\.$| using\b| with\b)", code):
        return Command(Role.BEGINS, "Proof")
    if code.startswith("Proof Mode"):
        return OTHER
    return Command(Role.PROVES, "Proof")


def _rest(word: str, code: str) -> Command:
    """Commands that are recognised by more than their first word, or need nothing but it."""
    simple = {"Goal": Role.STATES, "Admitted": Role.ADMITS, "Abort": Role.ABORTS, "End": Role.LEAVES}
    simple |= {"Section": Role.SECTION, "Chapter": Role.SECTION}
    if word in simple:
        name = "" if word in ("Goal", "Admitted", "Abort") else _name(code)
        return Command(simple[word], word, name)
    if word == "Module":
        match = _MODULE.match(code)
        opens = match is not None and not _has_body(_WITH_FIELD.sub("", code))
        return Command(Role.MODULE, word, match[1]) if match and opens else OTHER
    if _OBLIGATION.match(code):
        return Command(Role.STATES, "Obligation", "", "an obligation " + _NO_NAME.removeprefix("it "))
    if (match := _MORPHISM.match(code)) is not None:
        return Command(Role.STATES, "Add", f"{match[1]}_Proper", _PLUGIN.format("Add Morphism"))
    if (match := _DERIVE.match(code)) is not None:
        return Command(Role.STATES, word, match[1], _PLUGIN.format("Derive"))
    if word == "Equations" and code.startswith("Equations?"):
        return Command(Role.STATES, word, "", _PLUGIN.format("Equations?"))
    if code.startswith("Admit Obligations"):
        return Command(Role.GIVES_UP, "Admit Obligations", "", "obligations have no names in the source")
    return OTHER


def _name(code: str) -> str:
    match = _NAMED.match(code)
    return match[1] if match else ""


def _outline(code: str) -> Iterator[str]:
    """The words and the symbols made of `< : = >` that stand outside brackets and strings."""
    depth = 0
    for match in _TOKEN.finditer(_STRING.sub('""', code)):
        token = match[0]
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
        elif depth == 0:
            yield token


def _bodies(code: str) -> int:
    """How many `:=` at depth 0 are not those of a `let` or `fix`."""
    found = inner = 0
    before = ""
    for token in _outline(code):
        if token == "let" or (token in ("fix", "cofix") and before != "let"):
            inner += 1
        elif token == ":=":
            if inner:
                inner -= 1
            else:
                found += 1
        before = token
    return found


def _has_body(code: str) -> bool:
    return _bodies(code) > 0


def _parts(code: str) -> int:
    """How many declarations `with` joins; the `with` of a `match` does not count."""
    parts, matches = 1, 0
    for token in _outline(code):
        if token == "match":
            matches += 1
        elif token == "with":
            if matches:
                matches -= 1
            else:
                parts += 1
    return parts
