"""The modules and sections of a file: what is open at a byte, and which modules take over constants of others.

`Include F.` and `Module M := F A.` bring in names by the hundred (`Nat.add_comm` is one); Rocq lists them when it
prints the module, in the order in which they came, and that order says behind which `Include` each belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from proofloom.assistants.rocq.sentences import Sentence
from proofloom.assistants.rocq.vernacular import NAME, Role, command_of

_VISIBILITY = r"(?:(?:Import|Export)\b ?(?:-? ?\([^)]*\) ?)?)?"
_DEFINED = re.compile(rf"(Declare )?Module (?!Type\b){_VISIBILITY}({NAME})(?![\w']| ?\()(?:.*:= ?)?(.*)\.$")
_PARAMETERS = re.compile(rf"Module {_VISIBILITY}{NAME} ?\(")
_ITEM = re.compile(rf"(?:^|\s)(Parameter|Definition|Inductive|CoInductive|Variant|Record|Module|End)\s+({NAME})?", re.M)
_CONSTRUCTOR = re.compile(rf"(?:^|\|)\s*({NAME}) :")


@dataclass(slots=True)
class Scope:
    """A module or section from byte `start` to `end`; `path` is the path of the module that is open inside it.

    `takes` are the bytes where a module takes constants over: its `Include`s, or its definition by application.
    `hidden` is True for a functor or a module type, and inside one: nothing there can be asked for once it is closed.
    """

    name: str
    path: str
    section: bool
    start: int
    end: int
    hidden: bool
    takes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scopes:
    """All scopes of a file, in the order in which they are opened."""

    all: tuple[Scope, ...]

    def around(self, position: int) -> list[Scope]:
        """The scopes that are open at a byte, outermost first."""
        return [scope for scope in self.all if scope.start < position < scope.end]

    def module_at(self, position: int) -> str:
        """The path of the innermost module at a byte; empty outside modules."""
        return next((scope.path for scope in reversed(self.around(position))), "")

    def in_section(self, position: int) -> bool:
        """True if the innermost scope at a byte is a section."""
        return any(scope.section for scope in self.around(position)[-1:])


@dataclass(frozen=True, slots=True)
class Taken:
    """A constant that a module took over at byte `start`: its path in the file, its type as printed, and its kind."""

    path: str
    type: str
    kind: str
    start: int


def scopes_of(sentences: Iterable[Sentence], end: int) -> Scopes:
    """The scopes of a file of `end` bytes; `sentences` are those outside proofs."""
    found: list[Scope] = []
    stack: list[Scope] = []
    for sentence in sentences:
        if not (sentence.raw[:1].isupper() or sentence.raw[:2] == b"#["):
            continue
        code = sentence.code
        command = command_of(code)
        outer, hidden = (stack[-1].path, stack[-1].hidden) if stack else ("", False)
        if command.role in (Role.MODULE, Role.SECTION):
            section = command.role is Role.SECTION
            path = outer if section else _joined(outer, command.name)
            hidden = hidden or code.startswith("Module Type") or _PARAMETERS.match(code) is not None
            stack.append(Scope(command.name, path, section, sentence.start, end, hidden))
            found.append(stack[-1])
        elif command.role is Role.LEAVES and stack and stack[-1].name == command.name:
            stack.pop().end = sentence.end
        elif code.startswith("Include ") and stack:
            stack[-1].takes.append(sentence.start)
        elif (name := _applied(code)) is not None:
            at = sentence.start
            found.append(Scope(name, _joined(outer, name), False, at, sentence.end, hidden, [at]))
    return Scopes(tuple(found))


def taken_over(module: Scope, printed: str, own: Mapping[str, int]) -> Iterator[Taken]:
    """The constants in the printed `module` that are not among `own`, the paths that the source declares and where."""
    position = module.start
    for kind, name, body in _items(printed):
        path = f"{module.path}.{name}"
        if path in own:
            position = own[path]
            continue
        start = next((take for take in module.takes if take > position), module.takes[-1])
        if kind in ("Parameter", "Definition"):
            yield Taken(path, f"{name} : {body}", "theorem" if kind == "Parameter" else "definition", start)
        else:
            yield Taken(path, f"{kind} {name} {body}", "record" if kind == "Record" else "inductive", start)
            for constructor in _CONSTRUCTOR.findall(body.partition(":=")[2]):
                yield Taken(f"{module.path}.{constructor}", f"{kind} {name} {body}", "constructor", start)


def _items(printed: str) -> Iterator[tuple[str, str, str]]:
    """(word, name, the rest of it on one line) for each constant in a printed module."""
    items = list(_ITEM.finditer(printed))
    for item, after in zip(items, [*items[1:], None], strict=True):
        if item[1] in ("Module", "End") or item[2] is None:
            continue
        body = printed[item.end() : after.start() if after else len(printed)]
        yield item[1], item[2], " ".join(body.split()).removeprefix(": ").removesuffix(".")


def _applied(code: str) -> str | None:
    """The name of a module that is defined by an application, or declared; None for an alias and anything else."""
    found = _DEFINED.match(code)
    if found is None:
        return None
    declared, name, body = found.groups()
    return name if declared or (":=" in code and re.search(r" |<\+", body.strip())) else None


def _joined(outer: str, name: str) -> str:
    return f"{outer}.{name}" if outer else name
