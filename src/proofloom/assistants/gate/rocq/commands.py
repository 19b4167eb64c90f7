"""What a candidate may not add to the reference: commands that write files, load code, undo, or change what is checked.

A first filter with a reason of its own, never the verdict: what it lets through still meets every other check.  Only
sentences that the candidate adds are looked at, since a user's own file may hold any of them with good cause.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.rocq.sentences import SourceError, split

_STRING = re.compile(r'"(?:[^"]|"")*"')
_ATTRIBUTES = re.compile(r"^#\[((?:[^\"\]]|\"(?:[^\"]|\"\")*\")*)\] ?")
_CONTROL = re.compile(
    r"^(?:Time|Fail|Succeed|Instructions|Timeout \d+|Local|Global|Export|Polymorphic|Monomorphic|Cumulative"
    r"|NonCumulative|Private|Program|(?:\d+(?:-\d+)?|all|par|!|\[[^\]]*\])(?:, ?\d+(?:-\d+)?)* ?:) ?(?=[\w\[#])"
)
_WORDS = re.compile(r"[^\W\d][\w']*")

_WRITES = "it may write files"
_LOADS = "it loads code or changes where code is found"
_UNDOES = "it undoes what was said before"
_LEAVES = "it leaves the file"
_KERNEL = "it changes what the kernel checks"
_RUNS = "it compiles or runs programs"
_BANNED = {
    "Redirect": _WRITES,
    "Extraction": _WRITES,
    "Recursive Extraction": _WRITES,
    "Separate Extraction": _WRITES,
    "Extract": _WRITES,
    "Print Universes": _WRITES,
    "Print Sorted Universes": _WRITES,
    "Profile": _WRITES,
    "Write": _WRITES,
    "Dump": _WRITES,
    "Cd": _WRITES,
    "Load": _LOADS,
    "Declare ML": _LOADS,
    "Add LoadPath": _LOADS,
    "Add Rec": _LOADS,
    "Add ML": _LOADS,
    "Remove LoadPath": _LOADS,
    "Restore": _LOADS,
    "Undo": _UNDOES,
    "Restart": _UNDOES,
    "Reset": _UNDOES,
    "Back": _UNDOES,
    "BackTo": _UNDOES,
    "Backtrack": _UNDOES,
    "Drop": _LEAVES,
    "Quit": _LEAVES,
    "Exit": _LEAVES,
    "Register": _KERNEL,
    "Primitive": _KERNEL,
    "Symbol": _KERNEL,
    "Symbols": _KERNEL,
    "Rewrite": _KERNEL,
    "Elpi": _RUNS,
    "MetaCoq": _RUNS,
    "MetaRocq": _RUNS,
    "QuickChick": _RUNS,
    "QuickCheck": _RUNS,
    "Sample": _RUNS,
}
# Words that have no innocent use anywhere in a sentence.
_ANYWHERE = {
    "Redirect": _WRITES,
    "bypass_check": _KERNEL,
    "native_compute": _RUNS,
    "native_cast_no_check": _RUNS,
}
# `Set`, `Unset` and options on the command line: what does not begin with one of these changes more than how tactics
# search, how terms are read, and how they are printed.
HARMLESS_OPTIONS = (
    "Apply With Renaming", "Asymmetric Patterns", "Auto Template Polymorphism", "Boolean Equality Schemes",
    "Bullet Behavior", "Case Analysis Schemes", "Congruence", "Contextual Implicit", "Cumulativity Weak Constraints",
    "Decidable Equality Schemes", "Default", "Elimination Schemes", "Firstorder", "Function_raw_tcc",
    "Implicit Arguments", "Intuition Negation Unfolding", "Inversion", "Keep Proof Equalities", "Keyed Unification",
    "Lia", "Loose Hint Behavior", "Lra", "Ltac Backtrace", "Ltac2", "Mangle Names", "Maximal Implicit Insertion",
    "Nested Proofs Allowed", "Nia", "Nonrecursive Elimination Schemes", "Nra", "Parsing Explicit",
    "Polymorphic Inductive Cumulativity", "Primitive Projections", "Printing", "Private Polymorphic Universes",
    "Program", "Regular Subst Tactic", "Reversible Pattern Implicit", "Rewriting Schemes", "SimplIsCbn", "Simplex",
    "Solve Unification Constraints", "SsrHave", "SsrIdents", "SsrOldRewriteGoalsOrder", "SsrRewrite",
    "Strict Implicit", "Strict Universe Declaration", "Strongly Strict Implicit", "Structural Injection",
    "Suggest Proof Using", "Transparent Obligations", "Typeclass", "Typeclasses", "Uniform Inductive Parameters",
    "Universe Minimization", "Universe Polymorphism", "Warnings",
)  # fmt: skip
_OPTION = re.compile(r"^(?:Set|Unset) ((?:[A-Z][\w]*|[a-z]\w*)(?: [A-Z]\w*| [a-z]\w*| \d\w*)*)")
_MOST_PAIRS = 4_000_000


def forbidden(reference: bytes, candidate: bytes) -> str | None:
    """The first sentence that `candidate` adds and may not, with the reason; None if there is none.

    Raises `Doubt` if one of the two cannot be cut into sentences.
    """
    for code in additions(reference, candidate):
        reason = ban(code)
        if reason is not None:
            return f"{code[:80]!r}: {reason}"
    return None


def additions(reference: bytes, candidate: bytes) -> Iterator[str]:
    """The sentences of `candidate`, without comments, that have no counterpart in `reference`, in order.

    Where the two differ too much to be compared, every sentence of the part that differs counts as added.
    """
    old, new = _codes(reference, "reference"), _codes(candidate, "candidate")
    start, old_end, new_end = 0, len(old), len(new)
    while start < min(old_end, new_end) and old[start] == new[start]:
        start += 1
    while min(old_end, new_end) > start and old[old_end - 1] == new[new_end - 1]:
        old_end, new_end = old_end - 1, new_end - 1
    old, new = old[start:old_end], new[start:new_end]
    if len(old) * len(new) > _MOST_PAIRS:
        yield from new
        return
    for kind, _, _, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("insert", "replace"):
            yield from new[first:last]


def ban(code: str) -> str | None:
    """Why the sentence `code` may not be added, or None."""
    for word in _WORDS.findall(_STRING.sub('""', code)):
        if word in _ANYWHERE:
            return _ANYWHERE[word]
    bare = _bare(code)
    words = _WORDS.findall(_STRING.sub('""', bare))[:3]
    for count in (1, 2, 3):
        reason = _BANNED.get(" ".join(words[:count]))
        if reason is not None:
            return reason
    if words[:1] in (["Set"], ["Unset"]):
        option = _OPTION.match(bare)
        if option is None or not harmless(option[1]):
            return _KERNEL
    return None


def harmless(option: str) -> bool:
    """True for an option that cannot change what is checked."""
    return any(option == name or option.startswith(f"{name} ") for name in HARMLESS_OPTIONS)


def _bare(code: str) -> str:
    """A sentence without attributes, controls and goal selectors before it."""
    while True:
        match = _ATTRIBUTES.match(code) or _CONTROL.match(code)
        if match is None:
            return code
        code = code[match.end() :]


def _codes(text: bytes, what: str) -> Sequence[str]:
    try:
        return [sentence.code for sentence in split(text)]
    except SourceError as error:
        raise Doubt(f"the {what} cannot be cut into sentences: {error}") from error
