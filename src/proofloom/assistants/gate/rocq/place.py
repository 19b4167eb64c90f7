"""Where a theorem can be reached from outside its file: by its path, or in an instance of the functors around it.

Inside a functor or a module type nothing can be asked, so the probe applies each one to modules that it declares with
the functor's own parameter types, as Rocq prints them for the reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.probe import LIBRARY, Probe

_KIND = re.compile(r"^(Module Type|Module) (\S+)", re.MULTILINE)
_BINDER = re.compile(r"(?:Functor|Funsig) \(([\w']+):")
_OURS = re.compile(rf"{LIBRARY}#\.(?:Level#_(?P<level>\d+)\.)+(?:Instance#_(?P<instance>\d+)\.)?")
_HEAD = re.compile(r"Module (?:Type )?\S+ (?::=|=|:) ")


@dataclass(frozen=True, slots=True)
class Place:
    """How to name a theorem in a probe: the module in which it lies, and the sentences that make that reachable there.

    `depths` says of each instance how many modules of the theorem's path lead to its functor, which included.
    """

    scope: str
    theorem: str = ""
    preamble: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()

    @classmethod
    def plain(cls, library: str, modules: str) -> Place:
        """Modules that are not inside a functor or module type."""
        return cls(f"{library}.{modules}" if modules else library)

    @property
    def name(self) -> str:
        """The name by which the probe can ask for the theorem."""
        return f"{self.scope}.{self.theorem}"

    def of(self, theorem: str) -> Place:
        """The place of the theorem of that short name in this scope."""
        return replace(self, theorem=theorem)

    def source_path(self, path: str, library: str, theorem: str) -> str:
        """A full path of the probe as the source would write it.

        `Foo.F.t` for the `t` of an instance of the functor, `Foo.F(X).a` for the `a` of its argument.
        """
        match = _OURS.match(path)
        if match is None:
            return path
        level = int(match["instance"] or match["level"])
        functor = ".".join((library, *theorem.split(".")[: self.depths[level - 1]]))
        rest = path[match.end() :]
        if match["instance"]:
            return f"{functor}.{rest}"
        argument, _, member = rest.partition(".")
        return f"{functor}({argument}).{member}"

    def modules_around(self, path: str, library: str) -> tuple[str, ...]:
        """The modules around a global of that full path, as a probe can ask for them.

        For an instance these are the functor and what lies around it; the argument of a functor has none, since its
        signature is all that there is of it.
        """
        match = _OURS.match(path)
        if match is None:
            return tuple(self._around(path, library))
        if match["instance"] is None:
            return ()
        return tuple(self._around(f"Instance#_{match['instance']}.{path[match.end() :]}", library))

    def _around(self, path: str, library: str) -> Iterator[str]:
        root = library if path.startswith(f"{library}.") else path.partition(".")[0]
        names = path[len(root) + 1 :].split(".")
        yield from (".".join((root, *names[:count])) for count in range(1, len(names)))
        for line in self.preamble:
            if line.startswith(f"Module {root} := "):
                functor = line.removesuffix(".").split()[3]
                yield functor
                yield from self._around(functor, library)


def is_argument(path: str) -> bool:
    """True for the member of a functor's argument that the probe declared."""
    match = _OURS.match(path)
    return match is not None and match["instance"] is None


def find_place(probe: Probe, modules: str) -> Place:
    """The scope of the modules with that path in the file of `probe`; `Doubt` if it cannot be reached."""
    current = probe.target.name
    preamble: list[str] = []
    depths: list[int] = []
    for depth, module in enumerate(modules.split(".") if modules else (), 1):
        path = f"{current}.{module}"
        kind = _KIND.match(probe.ask([f"Locate Module {path}."], preamble).whole[0])
        if kind is None:
            raise Doubt(f"there is no module {path} to be seen from outside")
        parameters = parameters_of(probe.ask([f"Print {kind[1]} {path}."], preamble).whole[0])
        current = path
        if not parameters and kind[1] == "Module":
            continue
        depths.append(depth)
        level = len(depths)
        preamble.append(f"Module Level#_{level}.")
        preamble += [f"Declare Module {argument} : {type_}." for argument, type_ in parameters]
        applied = " ".join([path, *(argument for argument, _ in parameters)])
        verb, sign = ("Module", ":=") if kind[1] == "Module" else ("Declare Module", ":")
        preamble.append(f"{verb} Instance#_{level} {sign} {applied}.")
        current = f"Instance#_{level}"
    return Place(current, "", tuple(preamble), tuple(depths))


def is_sealed(printed: str) -> bool:
    """True if a printed module has a signature that hides what is in it (`Module M : T`), or may have one."""
    head = _HEAD.match(printed)
    if head is None:
        raise Doubt(f"a module prints as {printed[:80]!r}")
    return not head[0].endswith(" := ")


def parameters_of(printed: str) -> Sequence[tuple[str, str]]:
    """The parameters in the head of a printed module: (name, type) in order."""
    head = _HEAD.match(printed)
    if head is None:
        raise Doubt(f"a module prints as {printed[:80]!r}")
    position = head.end()
    found: list[tuple[str, str]] = []
    while (binder := _BINDER.match(printed, position)) is not None:
        end = _closing(printed, binder.end())
        found.append((binder[1], " ".join(printed[binder.end() : end].split())))
        position = end + 1
        while printed[position : position + 1].isspace():
            position += 1
    return found


def _closing(text: str, position: int) -> int:
    """Where the bracket that is open at `position` closes."""
    depth = 1
    while depth:
        if position == len(text):
            raise Doubt(f"a bracket is not closed in {text[:80]!r}")
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return position - 1
