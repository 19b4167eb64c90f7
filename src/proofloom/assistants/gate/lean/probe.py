"""Compiles a Lean text and asks about it from another file, which is ours and imports the compiled one.

Nothing is read from the output of the candidate's own compilation but its exit status; what a file of ours prints is
taken by line and number, and any doubt about it is no answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from proofloom.assistants.gate.confinement import Ending, GateLimits, Run, run
from proofloom.assistants.gate.refusals import Doubt, Refusal
from proofloom.assistants.lean.text.lexing import Kind, LexingError, code
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.proofs import Finding

MODULE = "ProofloomGated"
EXPLICIT = ("pp.all true", "pp.deepTerms true", "pp.proofs true", "pp.maxSteps 10000000", "pp.rawOnError true")
"""Options under which two terms print alike only if they are alike."""
_PRODUCTS = (".olean", ".olean.server", ".olean.private", ".ir", ".ir.sig")
_NAME = re.compile(r"(?:[^\W\d][\w'!?]*|«[^»]*»)(?:\.(?:[^\W\d][\w'!?]*|«[^»]*»))*")
_PART = re.compile(r"«[^»]*»|[^.«]+")
_DEPENDS = re.compile(r"'(.*)' depends on axioms: \[(.*)\]\Z", re.DOTALL)
_FREE = re.compile(r"'(.*)' does not depend on any axioms\Z", re.DOTALL)
_HEADER = frozenset(("prelude", "module", "import", "public", "meta", "all", "."))
_ENDINGS = {
    Ending.WALL: Finding.TIMEOUT,
    Ending.CPU: Finding.TIMEOUT,
    Ending.MEMORY: Finding.MEMORY,
    Ending.OUTPUT: Finding.MEMORY,
    Ending.FILE: Finding.MEMORY,
    Ending.SIGNAL: Finding.CRASHED,
}


@dataclass(frozen=True, slots=True)
class Shop:
    """What an edition is made with."""

    toolchain: LeanToolchain
    limits: GateLimits
    settings: LeanSettings

    def lean(self, folder: Path, path: Sequence[Path], *arguments: str) -> Run:
        """Run Lean in `folder`, with modules found in `path` before those of the settings."""
        return self.program(self.toolchain.lean, folder, path, *arguments)

    def program(self, program: str, folder: Path, path: Sequence[Path], *arguments: str) -> Run:
        """Run a program of the toolchain, as `lean` does."""
        variables = dict(self.settings.variables)
        search = ":".join(filter(None, (*map(str, path), variables.pop("LEAN_PATH", ""))))
        if (elan := _elan_home()) is not None:
            variables.setdefault("ELAN_HOME", str(elan))
        given = [f"{name}={value}" for name, value in variables.items() if name != "PATH"]
        return run(("env", *given, f"LEAN_PATH={search}", program, *arguments), folder, self.limits, own_proc=True)


def _elan_home() -> Path | None:
    """Where elan keeps its toolchains; `lean` may be elan's, which looks for them in the home that it is given."""
    folder = Path(os.environ.get("ELAN_HOME") or Path.home() / ".elan")
    return folder.resolve() if folder.is_dir() else None


@dataclass(eq=False)
class Edition:
    """One text, compiled under a fixed module name in a folder of its own; `runs` are the processes that it took."""

    text: str
    folder: Path
    shop: Shop
    runs: list[Run] = field(default_factory=list)
    _sealed: dict[str, bytes] | None = None

    @property
    def library(self) -> Path:
        """The folder of the compiled module, with nothing else in it: what elaboration wrote elsewhere stays behind."""
        return self.folder / "library"

    @cached_property
    def imports(self) -> str:
        """The lines with which the text says what it imports."""
        return header(self.text)

    def compile(self) -> None:
        """Compile the text afresh; raises `Refusal`."""
        place = self.folder / "source"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / f"{MODULE}.lean").write_text(self.text, encoding="utf-8")
        done = self.shop.lean(place, (), "--json", "-o", f"{MODULE}.olean", f"{MODULE}.lean")
        self.runs.append(done)
        if not done.good or not (place / f"{MODULE}.olean").is_file():
            raise Refusal(_ENDINGS.get(done.ending, Finding.INCOMPLETE), _reason(done))
        shutil.rmtree(self.library, ignore_errors=True)
        self.library.mkdir()
        for product in (place / f"{MODULE}{ending}" for ending in _PRODUCTS):
            if product.is_symlink():
                raise Refusal(Finding.NOT_CHECKED, f"{product.name} is a link and not what Lean has written")
            if product.is_file():
                product.rename(self.library / product.name)
        self._sealed = self._found()

    def require_unchanged(self) -> None:
        """Raises `Doubt` if the compiled files are others than when they were made, or not alone any more.

        Code that runs while a candidate is compiled or loaded can write there, also what would be found before the
        library's own modules.
        """
        if self._sealed is not None and self._found() != self._sealed:
            raise Doubt("the compiled files have been changed since they were made")

    def _found(self) -> dict[str, bytes]:
        """A digest of each file in the library; empty for what is no plain file."""
        return {
            file.name: hashlib.sha256(file.read_bytes()).digest() if file.is_file() and not file.is_symlink() else b""
            for file in self.library.iterdir()
        }

    def ask(self, questions: Sequence[str], options: Sequence[str] = (), *, alone: bool = False) -> list[str | None]:
        """What Lean prints for each command (one line each), None where it reports an error; raises `Doubt`.

        With `alone`, only what the text imports is there, and not the text itself.
        """
        head = self.imports
        imports = head if alone else ("prelude\n" if "prelude" in head.split() else "") + f"import {MODULE}\n"
        lines = [*imports.rstrip("\n").split("\n"), *(f"set_option {option}" for option in options)]
        first = len(lines) + 1
        lines += questions
        place = self.folder / f"questions{len(self.runs)}"
        place.mkdir(
            parents=True
        )  # a new one: in an old one, code of the candidate may have put a link in the place of our file
        (place / "Ask.lean").write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = self.shop.lean(place, () if alone else (self.library,), "--json", "Ask.lean")
        self.runs.append(done)
        if done.ending is not Ending.EXIT:
            raise Doubt(f"the questions about the compiled file ended with {done.ending}")
        answers: dict[int, list[tuple[str, str]]] = {}
        for line in done.out.splitlines():
            try:
                message = json.loads(line)
                answers.setdefault(message["pos"]["line"], []).append((message["severity"], message["data"]))
            except (ValueError, KeyError, TypeError) as error:
                raise Doubt(f"Lean printed something else than messages: {line[:80]!r}") from error
        if before := [said for line, said in answers.items() if not first <= line < first + len(questions)]:
            raise Doubt(f"the compiled file cannot be asked: {before[0][0][1][:200]}")
        return [_answer(question, answers.get(first + number, [])) for number, question in enumerate(questions)]


def header(text: str) -> str:
    """The lines with which a file says what it imports; raises `Refusal` if it cannot be read."""
    end = 0
    named = False
    try:
        for token in code(text):
            if token.text in ("import", "all") or (token.text in _HEADER and not named):
                named = token.text == "import"
            elif named and token.kind is Kind.WORD:
                named = False
            else:
                break
            end = token.end
    except LexingError as error:
        raise Refusal(Finding.INCOMPLETE, str(error)) from error
    words = [token.text for token in code(text[:end])]
    lines = re.sub(r" (?=(?:import|public|meta)\b)", "\n", " ".join(words))
    return lines.replace("public\nimport", "public import").replace("meta\nimport", "meta import") + "\n"


def axioms_in(text: str, theorem: str) -> tuple[str, ...]:
    """The axioms in an answer of `#print axioms`; raises `Doubt` unless it is about `theorem` and is read whole."""
    free, depends = _FREE.match(text), _DEPENDS.match(text)
    if free is not None and quoted(free[1]) == quoted(theorem):
        return ()
    if depends is None or quoted(depends[1]) != quoted(theorem):
        raise Doubt(f"cannot read the axioms of {theorem} in {text[:120]!r}")
    names = tuple(names_in(depends[2]))
    if ", ".join(names) != " ".join(depends[2].split()):
        raise Doubt(f"cannot read the axioms in {depends[2][:120]!r}")
    return names


def names_in(text: str) -> list[str]:
    """Whatever in a text is written as a name."""
    return [match[0] for match in _NAME.finditer(text)]


def is_name(text: str) -> bool:
    """True for a full name, with its dots."""
    return _NAME.fullmatch(text) is not None


def quoted(name: str) -> str:
    """The name with every part in guillemets, so that no part of it is a keyword."""
    return ".".join(part if part.startswith("«") else f"«{part}»" for part in _PART.findall(name))


def _answer(question: str, said: Sequence[tuple[str, str]]) -> str | None:
    if any(severity == "error" for severity, _ in said):
        return None
    texts = [text for severity, text in said if severity == "information"]
    if len(texts) != 1:
        raise Doubt(f"{question}: {len(texts)} answers, wanted one")
    if "⋯" in texts[0]:
        raise Doubt(f"{question}: the answer is cut short")
    return texts[0]


def _reason(done: Run) -> str:
    """The first error of a compilation, for people only."""
    for line in done.out.splitlines():
        try:
            message = json.loads(line)
            if message["severity"] == "error":
                return f"line {message['pos']['line']}: {' '.join(message['data'].split())[:300]}"
        except (ValueError, KeyError, TypeError):
            continue
    return " ".join(done.error.split())[:300] or f"Lean ended with {done.ending}, status {done.status}"
