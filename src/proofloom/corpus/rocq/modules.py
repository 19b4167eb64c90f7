"""Which modules a file opens, and which of them take over constants that the source does not spell out.

`Include F.` and `Module M := F A.` bring in names by the hundred (`Nat.add_comm` is one); Rocq lists them when it
prints the module, in the order in which they came, and that order says behind which `Include` each belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from proofloom.assistants.rocq.sentences import Sentence
from proofloom.assistants.rocq.vernacular import NAME, Role, command_of

_VISIBILITY = r"(?:(?:Import|Export)\b ?(?:-? ?\([^)]*\) ?)?)?"
_DEFINED = re.compile(rf"(Declare )?Module (?!Type\b){_VISIBILITY}({NAME})(?![\w']| ?\()(?:.*:= ?)?(.*)\.$")
_PARAMETERS = re.compile(rf"Module {_VISIBILITY}{NAME} ?\(")
_ITEM = re.compile(rf"(?:^|\s)(Parameter|Definition|Inductive|CoInductive|Variant|Record|Module|End)\s+({NAME})?", re.M)
_CONSTRUCTOR = re.compile(rf"(?:^|\|)\s*({NAME}) :")


@dataclass(slots=True)
class Module:
    """A module by its path in the file; `start` is its first byte, `end` the last of its `End` (or of its sentence).

    `takes` are the bytes where it takes constants over: its `Include`s, or its definition by application.  `hidden`
    is True for a functor or a module type, and inside one: nothing there can be asked for once it is closed.
    """

    path: str
    start: int
    end: int
    hidden: bool
    takes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """A constant that a module took over at byte `start`: its path in the file, its type as printed, and its kind."""

    path: str
    type: str
    kind: str
    start: int


def modules_of(sentences: Iterable[Sentence]) -> list[Module]:
    """The modules of a file in the order in which they are opened; `sentences` are those outside proofs."""
    found: list[Module] = []
    stack: list[tuple[str, Module | None]] = []
    for sentence in sentences:
        if not (sentence.raw[:1].isupper() or sentence.raw[:2] == b"#["):
            continue
        code = sentence.code
        command = command_of(code)
        modules = [module for _, module in stack if module is not None]
        hidden = bool(modules) and modules[-1].hidden
        path = ".".join((*(m.path for m in modules[-1:]), command.name))
        if command.role is Role.MODULE:
            closed = hidden or code.startswith("Module Type") or _PARAMETERS.match(code) is not None
            module = Module(path, sentence.start, sentence.end, closed)
            found.append(module)
            stack.append((command.name, module))
        elif command.role is Role.SECTION:
            stack.append((command.name, None))
        elif command.role is Role.LEAVES and stack and stack[-1][0] == command.name:
            _, left = stack.pop()
            if left is not None:
                left.end = sentence.end
        elif code.startswith("Include ") and modules:
            modules[-1].takes.append(sentence.start)
        elif (applied := _applied(code)) is not None:
            path = ".".join((*(m.path for m in modules[-1:]), applied))
            found.append(Module(path, sentence.start, sentence.end, hidden, [sentence.start]))
    return found


@dataclass(frozen=True, slots=True)
class Section:
    """A section from byte `start` to `end`; `path` has its own name and those of all modules and sections around it."""

    path: tuple[str, ...]
    start: int
    end: int


def sections_of(sentences: Iterable[Sentence]) -> list[Section]:
    """The sections in the sentences outside proofs, in the order in which they are closed."""
    found: list[Section] = []
    stack: list[tuple[str, int, Role]] = []
    for sentence in sentences:
        if not sentence.raw[:1].isupper():
            continue
        command = command_of(sentence.code)
        if command.role in (Role.MODULE, Role.SECTION):
            stack.append((command.name, sentence.start, command.role))
        elif command.role is Role.LEAVES and stack and stack[-1][0] == command.name:
            path = tuple(name for name, _, _ in stack)
            _, start, role = stack.pop()
            if role is Role.SECTION:
                found.append(Section(path, start, sentence.end))
    return found


def discharged(full_name: str, library: str, sections: Sequence[Section], position: int) -> str:
    """The name that a constant has once the sections are closed that are open at a byte of the file `library`."""
    for section in sections:
        prefix = f"{'.'.join((library, *section.path))}."
        if section.start < position < section.end and full_name.startswith(prefix):
            full_name = ".".join((library, *section.path[:-1], full_name.removeprefix(prefix)))
    return full_name


def taken_over(module: Module, printed: str, own: Mapping[str, int]) -> Iterator[Taken]:
    """The constants in the printed `module` that are not among `own`, the paths that the source defines and where."""
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
