"""Guesses from the source text which definitions of a file a statement rests on, so that they can be asked at once.

Only speed depends on it: a name that is guessed wrongly answers nothing, one that is missed is asked for later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from proofloom.assistants.rocq.sentences import Sentence

_IDENT = r"[^\W\d][\w']*"
_NAMES = re.compile(_IDENT)
_DEFINES = re.compile(
    r"^(?:#\[[^\]]*\] ?)?(?:(?:Local|Global|Polymorphic|Monomorphic|Cumulative|NonCumulative|Private|Program) )*"
    r"(Definition|Example|Fixpoint|CoFixpoint|Function|Instance|Inductive|CoInductive|Variant|Record|Structure|Class"
    rf"|Axiom|Axioms|Parameter|Parameters|Conjecture|Hypothesis|Variable) ({_IDENT})"
)
_TYPES = ("Inductive", "CoInductive", "Variant", "Record", "Structure", "Class")
_ASSUMED = ("Axiom", "Axioms", "Parameter", "Parameters", "Conjecture", "Hypothesis", "Variable")
_MUTUAL = re.compile(rf" with ({_IDENT})")
_PARTS = re.compile(rf"(?:[|{{;]|:=) ?({_IDENT})")
_MOST = 400


def mentioned(sentences: Iterable[Sentence], statement: str) -> tuple[str, ...]:
    """The names declared by `sentences` on which `statement` seems to rest, directly or through other ones."""
    declared: dict[str, str] = {}
    for sentence in sentences:
        if not sentence.raw[:1].isupper() and sentence.raw[:2] != b"#[":
            continue
        code = sentence.code
        match = _DEFINES.match(code)
        if match is None:
            continue
        parts = [match[2], *_MUTUAL.findall(code)]
        if match[1] in _TYPES:
            parts += _PARTS.findall(code)
        elif match[1] in _ASSUMED:
            parts += _NAMES.findall(code.partition(":")[0])[1:]
        for name in parts:
            declared.setdefault(name, code)
    found: dict[str, None] = {}
    waiting = [statement]
    while waiting and len(found) < _MOST:
        for name in _NAMES.findall(waiting.pop()):
            if name in declared and name not in found:
                found[name] = None
                waiting.append(declared[name])
    return tuple(found)
