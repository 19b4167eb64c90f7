"""Lean files with holes: where a `sorry` stands, what comes before and after it, and the file with a proof put in.

The one idea is that a filled file differs from the original in the characters of its gaps and nowhere else.  The text
that a session tries and the text that is put into the file are laid out by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proofloom.assistants.holes import Gap, Hole
from proofloom.assistants.lean.text.blocks import Found, Standing, holes
from proofloom.assistants.lean.text.lexing import LexingError, Token
from proofloom.assistants.lean.text.outline import PROVABLE, Command, Lines, commands
from proofloom.assistants.lean.text.place import BULLET, Opening
from proofloom.assistants.lean.text.tactics import HOLES
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Theorem

_WHOLE_TERM = frozenset((":=", "=>", "from", ",", "⟨", "(", "exact", "refine", "<|", "$", "by", "apply"))
"""After these words a term may begin with `by` without brackets."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A theorem that is proved in the source: its name as written and its full name."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Characters `start` to `end` are replaced by `opener`, the tactics, and `closer`."""

    start: int
    end: int
    opener: str
    closer: str = ""


@dataclass(frozen=True, slots=True)
class _Declaration:
    command: Command
    hole: Hole
    places: tuple[_Place, ...]


class Source:
    """The text of one file; raises `AssistantError` if it is not UTF-8 or has a comment or string without an end."""

    def __init__(self, data: bytes, file: Path | None = None) -> None:
        self.data = data
        self.file = file
        try:
            self._raw = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AssistantError(
                f"{file or 'source'}: is not UTF-8 text: {error.reason} at byte {error.start}"
            ) from error
        self._newline = "\r\n" if "\r\n" in self._raw else "\n"
        self.text = self._raw.replace("\r\n", "\n")
        self._lines = Lines(self.text)
        try:
            self._commands = commands(self.text)
        except LexingError as error:
            line = self._lines.of(error.position) + 1
            raise AssistantError(f"{file or 'source'}: line {line}: cannot be read: {error}") from error

    @classmethod
    def read(cls, file: Path) -> Source:
        """The source in `file`; raises `AssistantError`."""
        try:
            return cls(file.read_bytes(), file)
        except OSError as error:
            raise AssistantError(f"{file}: cannot be read ({error.strerror})") from error

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Every declaration with a `sorry` or an `admit` in it, in order."""
        return tuple(declaration.hole for declaration in self._declarations)

    @cached_property
    def proofs(self) -> tuple[Stated, ...]:
        """Every theorem with a name and without a hole, in order."""
        open_ones = {declaration.command.start for declaration in self._declarations}
        return tuple(
            Stated(command.name, command.path)
            for command in self._commands
            if command.keyword in ("theorem", "lemma") and command.name and command.start not in open_ones
        )

    def theorem(self, hole: Hole, gap: int = 0, scripts: Sequence[str] = ()) -> Theorem:
        """The theorem to open for one gap, with `scripts` in the first gaps; other gaps stay as they are."""
        if hole.unsupported:
            raise AssistantError(f"{hole.path or hole.name}: {hole.unsupported}")
        declaration = self._declaration(hole.path)
        command, place = declaration.command, declaration.places[gap]
        before = self._with(command.start, place.start, declaration.places[: min(gap, len(scripts))], scripts)
        return Theorem(
            name=hole.name,
            statement=before + place.opener,
            before=self.text[: command.start],
            ending=place.closer + self.text[place.end : command.end],
            file=self.file,
            path=hole.path,
        )

    def filled(self, scripts: Mapping[str, Sequence[str]]) -> bytes:
        """The file with scripts in the gaps of the holes named by path, one script per gap; nothing else changes.

        A script is the lines of its tactics, from column 0.  Raises `ValueError` for an unknown or unsupported hole
        and for a wrong number of scripts.
        """
        places: list[_Place] = []
        texts: list[str] = []
        for path in sorted(scripts, key=self._order):
            declaration = self._declaration(path)
            if declaration.hole.unsupported:
                raise ValueError(f"{path}: cannot be filled: {declaration.hole.unsupported}")
            if len(scripts[path]) != len(declaration.places):
                raise ValueError(f"{path}: {len(scripts[path])} scripts for {len(declaration.places)} gaps")
            places += declaration.places
            texts += scripts[path]
        text = self._with(0, len(self.text), places, texts)
        return text.replace("\n", self._newline).encode()

    @cached_property
    def _declarations(self) -> tuple[_Declaration, ...]:
        return tuple(
            self._opened(command)
            for command in self._commands
            if command.keyword in PROVABLE and any(token.text in HOLES - {"sorryAx"} for token in command.tokens)
        )

    def _declaration(self, path: str) -> _Declaration:
        for declaration in self._declarations:
            if declaration.hole.path == path:
                return declaration
        raise ValueError(f"{path}: not a hole of {self.file or 'this source'}")

    def _order(self, path: str) -> int:
        return self._declaration(path).command.start

    def _opened(self, command: Command) -> _Declaration:
        tokens = command.tokens
        lines = [self._lines.of(token.start) for token in tokens]
        first = [number == 0 or line > lines[number - 1] for number, line in enumerate(lines)]
        found = tuple(holes(tokens, [self._lines.column(token.start) for token in tokens], first))
        places = tuple(self._place(one, tokens) for one in found)
        reason = _unsupported(command)
        gaps = tuple(Gap(self._byte(p.start), self._byte(p.end), (), p.closer == "") for p in places)
        stated = self.text[command.start : places[0].start].rstrip()
        hole = Hole(
            name=command.name or command.keyword,
            path=command.path or f"{command.keyword} on line {self._lines.of(command.start) + 1}",
            line=self._lines.of(command.start) + 1,
            start=self._byte(command.start),
            end=self._byte(command.end),
            statement=stated,
            gaps=() if reason else gaps,
            unsupported=reason,
        )
        return _Declaration(command, hole, places)

    def _place(self, found: Found, tokens: Sequence[Token]) -> _Place:
        token, before = found.token, found.before
        if found.standing is Standing.ONLY_TACTIC and before is not None:
            return _Place(before.start, token.end, before.text)
        if found.standing is Standing.TACTIC:
            return _Place(token.start, token.end, BULLET)
        if before is not None and before.text in _WHOLE_TERM:
            return _Place(token.start, token.end, "by")
        return _Place(token.start, token.end, "(by", ")")

    def _with(self, start: int, end: int, places: Sequence[_Place], scripts: Sequence[str]) -> str:
        """The text from `start` to `end` with the first of `places` filled."""
        parts: list[str] = []
        for place, script in zip(places, scripts, strict=False):
            parts.append(self.text[start : place.start])
            line = self.text[self.text.rfind("\n", 0, place.start) + 1 : place.start]
            parts.append(place.opener + Opening(line + place.opener).lines([script.strip("\n")]) + place.closer)
            start = place.end
        return "".join((*parts, self.text[start:end]))

    def _byte(self, position: int) -> int:
        """The byte of the file at which a character of the text stands."""
        text = self.text[:position]
        return len(text.encode()) + (text.count("\n") if self._newline == "\r\n" else 0)


def _unsupported(command: Command) -> str:
    if not command.name:
        return f"{command.keyword} without a name: the gate has nothing to ask for"
    if command.mutual:
        return "inside mutual .. end: the declaration is not complete by itself"
    if any(token.text == "private" for token in command.tokens[:6]):
        return "private: it cannot be asked for from another file"
    return ""
