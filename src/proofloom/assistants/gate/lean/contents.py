"""What is in a compiled Lean file: its declarations as data, and what those of the library under them rest on.

The candidate's own words cannot interfere here: its file is read, not asked, and about the library Lean is asked in a
file that imports the library alone.  Names that cannot be written in a question are followed in the library's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from proofloom.assistants.gate.lean.olean import Image
from proofloom.assistants.gate.lean.probe import Edition, axioms_in, quoted
from proofloom.assistants.gate.lean.terms import UNKNOWN, Declarations
from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.lean.toolchain import printed

_PARTS = (".olean", ".olean.server", ".olean.private")
_PART = re.compile(r"«([^»]*)»|(\d+)")
_BY_NAME = frozenset(map(quoted, (
    *(f"Nat.{name}" for name in (
        "zero", "succ", "add", "sub", "mul", "div", "mod", "gcd", "beq", "ble", "land", "lor", "xor", "shiftLeft",
        "shiftRight", "pow", "log2",
    )),
    "Nat", "Bool", "Bool.true", "Bool.false", "Char", "Char.ofNat", "Char.mk", "List", "List.nil", "List.cons",
    "String", "String.mk", "String.ofList", "Eq", "Eq.refl", "Quot", "Quot.mk", "Quot.lift", "Quot.ind",
    "Lean.reduceBool", "Lean.reduceNat", "eagerReduce",
)))  # fmt: skip
"""What the kernel computes with by name alone, whatever a file without Lean's library says that it is."""
_AT_ONCE = 20
"""How many declarations one theorem of ours mentions."""


def contents(folder: Path, module: Sequence[str]) -> Declarations:
    """The declarations of a module that was compiled into `folder`; raises `Doubt`."""
    place = folder.joinpath(*module)
    files = [place.with_name(place.name + part) for part in _PARTS]
    try:
        image = Image([files[0].read_bytes()])
        if image.in_parts:
            image = Image([file.read_bytes() for file in files])
    except OSError as error:
        raise Doubt(f"a compiled file cannot be read: {error.strerror}") from error
    return Declarations(image)


def redefined(reference: Declarations, candidate: Declarations) -> str | None:
    """A declaration of the candidate that the kernel knows by name and that the reference does not have as it is.

    Such a definition is as good as an axiom: the kernel unfolds it, and computes it in another way.
    """
    for name in sorted(_BY_NAME):
        if name in candidate and not (name in reference and reference.meaning(name) == candidate.meaning(name)):
            return name
    return None


class Foundations:
    """What theorems rest on; remembers of which declarations of a library it is known that they rest on `allowed`."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._good: dict[tuple[object, ...], set[str]] = {}

    def axioms(self, edition: Edition, own: Declarations, theorem: str, nonce: str) -> tuple[str, ...]:
        """Axioms under `theorem` (every part in guillemets) of a compiled edition: all that are not allowed.

        Axioms that the edition declares are never allowed.  Raises `Doubt`.
        """
        reached = own.reached([theorem], proofs=True)
        found = [name for name in sorted(reached.own) if own.of(name).kind == "axiom"]
        library, hidden = _followed(edition, reached.others)
        found += (name for name in hidden if name not in self._allowed)
        settings = edition.shop.settings
        good = self._good.setdefault((edition.imports, settings.folder, settings.variables), set())
        new = {name: universes for name, universes in library.items() if name not in good}
        bad = [name for name in _asked(edition, new, nonce) if name not in self._allowed]
        if not bad:
            good |= set(new)
        return tuple(dict.fromkeys((*found, *bad)))


def _followed(edition: Edition, names: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """The names that a question can have, and axioms: those with numbers in them are replaced by what they rest on."""
    waiting, found, seen = dict(names), dict[str, int](), set[str]()
    axioms: list[str] = []
    while waiting:
        name, universes = waiting.popitem()
        if _writable(name):
            found[name] = max(universes, found.get(name, UNKNOWN))
        elif name not in seen:
            home = _home(edition, name)
            reached = home.reached([name], proofs=True)
            seen |= reached.own
            axioms += (other for other in sorted(reached.own) if home.of(other).kind == "axiom")
            for other, count in reached.others.items():
                waiting[other] = max(count, waiting.get(other, UNKNOWN))
    return found, axioms


def _writable(name: str) -> bool:
    return all(text for text, _ in _PART.findall(name))


def _asked(edition: Edition, names: Mapping[str, int], nonce: str) -> Iterator[str]:
    """The axioms under all of these declarations of the library, asked together in a file without the candidate."""
    known = [(name, universes) for name, universes in sorted(names.items()) if universes != UNKNOWN]
    control = f"proofloom_{nonce}"
    questions = [_question(known, control)] if known else []
    asked = [f"{control}_all"] if known else []
    unknown = [name for name, universes in sorted(names.items()) if universes == UNKNOWN]
    questions += (f"#print axioms {name}" for name in unknown)
    for name, answer in zip((*asked, *unknown), edition.ask(questions, alone=True) if questions else (), strict=True):
        if answer is None:
            raise Doubt(f"what the library's declarations under the proof rest on cannot be asked ({name})")
        axioms = [quoted(axiom) for axiom in axioms_in(answer, name)]
        if name in asked:
            if quoted(control) not in axioms:
                raise Doubt("a question about an axiom of our own was not answered truly")
            axioms.remove(quoted(control))
        yield from axioms


def _question(names: Sequence[tuple[str, int]], control: str) -> str:
    """One line: theorems that mention the declarations, one that rests on them all and on an axiom of our own."""
    p, h = f"p_{control}", f"h_{control}"
    kind = f": ∀ {p} : Prop, {p} → {p} := fun {p} {h} =>"
    terms = [f"@_root_.{name}" + (f".{{{','.join('0' * count)}}}" if count else "") for name, count in names]
    terms.append(f"@{control}")
    commands = [f"axiom {control} : ∀ {p} : Prop, {p} → {p}"]
    while True:
        groups = [terms[start : start + _AT_ONCE] for start in range(0, len(terms), _AT_ONCE)]
        terms = []
        for group in groups:
            name = f"{control}_{len(commands)}" if len(groups) > 1 else f"{control}_all"
            redexes = "".join("(fun _ => " for _ in group) + h + "".join(f") ({term})" for term in reversed(group))
            commands.append(f"theorem {name} {kind} {redexes}")
            terms.append(f"@{name}")
        if len(groups) == 1:
            return " ".join((*commands, f"#print axioms {control}_all"))


def _home(edition: Edition, name: str) -> Declarations:
    """The module of the library that declares `name`, whose first parts are the module's; raises `Doubt`."""
    parts = [text or number for text, number in _PART.findall(name)]
    if parts[0] == "_private":
        parts = parts[1:]
    variables = dict(edition.shop.settings.variables)
    own = printed((edition.shop.toolchain.lean, "--print-libdir"), edition.shop.settings.folder).strip()
    places = [*variables.get("LEAN_PATH", "").split(":"), own]
    for length in range(len(parts) - 1, 0, -1):
        for place in filter(None, places):
            if Path(place, *parts[:length]).with_suffix(".olean").is_file():
                home = contents(Path(place), parts[:length])
                if name in home:
                    return home
    raise Doubt(f"no compiled file of the library was found that declares {name}")
