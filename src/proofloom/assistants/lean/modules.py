"""What a Lean file is called as a module, and which modules a text imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proofloom.assistants.lean.text.lexing import Kind, LexingError, code
from proofloom.assistants.lean.toolchain import project_root

_BEFORE_IMPORT = ("module", "public", "meta")


def module_name(file: Path, root: Path | None = None) -> str:
    """`Mathlib.Order.Basic`: the path below the Lean project that the file lies in, else below `root`.

    Without either it is the file's own name.
    """
    file = file.resolve()
    above = project_root(file) or (root.resolve() if root is not None else file.parent)
    below = file.relative_to(above) if file.is_relative_to(above) else Path(file.name)
    return ".".join(below.with_suffix("").parts)


def imported(text: str) -> tuple[str, ...]:
    """The modules that a text imports, `Init` first unless it begins with `prelude`."""
    found: list[str] = []
    prelude = False
    words = _words(text)
    for word in words:
        if word == "prelude":
            prelude = True
        elif word == "import":
            name = next(words, "")
            found.append(next(words, "") if name == "all" else name)
        elif word not in _BEFORE_IMPORT:
            break
    return tuple(dict.fromkeys(name for name in ([] if prelude else ["Init"]) + found if name))


def whole_names(text: str, own: str) -> tuple[tuple[None, str], ...]:
    """The imports of the text of a file `own`, each as a whole name: no prefix has to be looked for."""
    return tuple((None, name) for name in imported(text) if name != own)


def _words(text: str) -> Iterator[str]:
    """The tokens of the head of a text; where it cannot be read it ends."""
    try:
        for token in code(text):
            yield token.text if token.kind is Kind.WORD else ""
    except LexingError:
        return
