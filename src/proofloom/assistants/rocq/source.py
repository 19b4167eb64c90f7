"""Source files with holes: where a proof is wanted, what stands before it, and the same file with a proof put in.

Positions are bytes of the file as it is on disk.  The one idea is that a filled file differs from the original in the
bytes of its gaps and nowhere else, whatever the rest contains.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proofloom.assistants.holes import Gap, Hole
from proofloom.assistants.rocq import splice
from proofloom.assistants.rocq.outline import Record, outline
from proofloom.assistants.rocq.sentences import SourceError, split
from proofloom.assistants.rocq.vernacular import Role
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Theorem

_ENDINGS = ("Qed.", "Defined.")


@dataclass(frozen=True, slots=True)
class Proof:
    """One theorem that is proved in the source.

    `body` are the bytes from after the statement to the end of `ending` (`Qed.`, `Defined.`, `Save name.`, or
    `Proof term.`); `tactics` are the sentences in it without comments, bullets and braces included, without the
    `Proof.` at the head.
    """

    name: str
    path: str
    line: int
    start: int
    body: tuple[int, int]
    tactics: tuple[str, ...]
    ending: str


class Source:
    """The text of one file, cut into sentences and proofs; raises `AssistantError` if it cannot be cut."""

    def __init__(self, data: bytes, file: Path | None = None) -> None:
        self.data = data
        self.file = file
        self._lines = [0, *(position + 1 for position, byte in enumerate(data) if byte == 10)]
        try:
            self._sentences = tuple(split(data))
        except SourceError as error:
            line = self._line(error.position)
            raise AssistantError(f"{file or 'source'}: line {line}: cannot be cut into sentences: {error}") from error
        self._records = outline(self._sentences)
        self._starts = {record.statement.start: record for record in self._records}

    @classmethod
    def read(cls, file: Path) -> Source:
        """The source in `file`; raises `AssistantError` if it is missing, cannot be read or cannot be cut."""
        try:
            return cls(file.read_bytes(), file)
        except OSError as error:
            raise AssistantError(f"{file}: cannot be read ({error.strerror})") from error

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """Every theorem that is not proved, in order."""
        return tuple(self._hole(record) for record in self._open_records)

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """Every theorem that is proved, in order."""
        return tuple(self._proof(record) for record in self._proved_records)

    def requiring(self, sentence: str) -> Source:
        """The same source with `sentence` on a line of its own before the first hole; itself if there is no hole."""
        if not self.holes:
            return self
        start = self.holes[0].start
        return Source(self.data[:start] + sentence.encode() + b"\n" + self.data[start:], self.file)

    def theorem(self, hole: Hole, gap: int = 0, scripts: Sequence[str] = ()) -> Theorem:
        """The theorem to open for one gap, with `scripts` in place of the first `admit.` sentences.

        Earlier gaps without a script stay admitted.
        """
        if hole.unsupported:
            raise AssistantError(f"{hole.path}: {hole.unsupported}")
        opening: list[str] = []
        known = {len(other.opening): number for number, other in enumerate(hole.gaps[: min(gap, len(scripts))])}
        for position, sentence in enumerate(hole.gaps[gap].opening):
            if position in known:
                opening += splice.sentences(splice.closing(scripts[known[position]]))
            else:
                opening.append(sentence)
        whole = hole.gaps[gap].whole
        return Theorem(
            name=hole.name,
            statement=hole.statement,
            before=self._text(0, hole.start),
            opening=tuple(opening) if whole else (*opening, "{"),
            ending="Qed." if whole else "}",
            file=self.file,
            path=hole.path,
        )

    def restated(self, proof: Proof) -> Theorem:
        """A proved theorem opened again at its statement, after its `Proof ..` sentence if it has one."""
        record = self._record_at(proof.start)
        return Theorem(
            name=proof.name,
            statement=record.statement.code,
            before=self._text(0, proof.start),
            opening=tuple(sentence.code for sentence in record.sentences[: record.head]),
            ending=proof.ending if proof.ending in _ENDINGS else "Qed.",
            file=self.file,
            path=proof.path,
        )

    def filled(self, scripts: Mapping[str, Sequence[str]]) -> bytes:
        """The file with scripts in the gaps of the holes named by path, one script per gap; nothing else changes.

        Raises `ValueError` for an unknown or unsupported hole and for a wrong number of scripts.
        """
        holes = {hole.path: hole for hole in self.holes if not hole.unsupported}
        changes: list[tuple[int, int, bytes]] = []
        for path, texts in scripts.items():
            if path not in holes:
                raise ValueError(f"{path}: not a hole of {self.file or 'this source'} that can be filled")
            gaps = holes[path].gaps
            if len(texts) != len(gaps):
                raise ValueError(f"{path}: {len(texts)} scripts for {len(gaps)} gaps")
            record = self._record_at(holes[path].start)
            for gap, text in zip(gaps, texts, strict=True):
                place = splice.Place(self.data, record, gap.start, gap.end)
                changes.append((gap.start, gap.end, place.rest(text) if gap.whole else place.admit(text)))
        return _replaced(self.data, sorted(changes))

    def with_admitted(self, proof: Proof) -> bytes:
        """The file with this proof replaced by `Admitted.`"""
        return self._with_body(proof, "", "Admitted.")

    def with_script(self, proof: Proof, script: str) -> bytes:
        """The file with this proof replaced by `script`; it keeps its `Qed.` or `Defined.`"""
        return self._with_body(
            proof, script, proof.ending if proof.ending.startswith(("Qed", "Defined", "Save")) else "Qed."
        )

    def _with_body(self, proof: Proof, script: str, ending: str) -> bytes:
        record = self._record_at(proof.start)
        start = record.sentences[record.head - 1].end if record.head else proof.body[0]
        place = splice.Place(self.data, record, start, proof.body[1])
        return _replaced(self.data, [(start, proof.body[1], place.body(script, ending))])

    @property
    def _open_records(self) -> list[Record]:
        """The records that are holes: admitted, without an end, or with an `admit.` before `Qed.`"""
        return [
            record
            for record in self._records
            if record.role in (None, Role.ADMITS, Role.GIVES_UP) or (record.role is Role.SAVES and record.admits)
        ]

    @property
    def _proved_records(self) -> list[Record]:
        return [
            record
            for record in self._records
            if record.role is Role.PROVES or (record.role is Role.SAVES and not record.admits)
        ]

    def _hole(self, record: Record) -> Hole:
        end = record.ending or (record.sentences or [record.statement])[-1]
        unsupported = record.problem or self._problem(record)
        return Hole(
            name=record.name,
            path=record.path,
            line=self._line(record.statement.start),
            start=record.statement.start,
            end=end.end,
            statement=record.statement.code,
            gaps=() if unsupported else self._gaps(record),
            unsupported=unsupported,
        )

    def _problem(self, record: Record) -> str:
        """Why the gaps of an otherwise good record cannot be filled."""
        compound = record.compound
        if compound is not None:
            line = self._line(compound.start)
            return f"line {line}: `admit` is part of a larger tactic; give it a sentence of its own"
        if record.role is not Role.ADMITS:
            return f"line {self._line(record.admits[0].start)}: it has `admit.` but does not end in `Admitted.`"
        if any(
            other.path == record.path and other is not record
            for other in self._records
            if other.role is not Role.ABORTS
        ):
            return "another theorem of the file has the same name"
        return ""

    def _gaps(self, record: Record) -> tuple[Gap, ...]:
        assert record.ending is not None  # `_problem` refuses the others
        codes = tuple(sentence.code for sentence in record.sentences)
        admits = record.admits
        gaps = [
            Gap(sentence.start, sentence.end, codes[:position], whole=False)
            for position, sentence in enumerate(record.sentences)
            if sentence in admits
        ]
        last = (record.sentences or [record.statement])[-1]
        between = self.data[last.end : record.ending.start]
        gaps.append(Gap(last.end + len(between.rstrip()), record.ending.end, codes, whole=True))
        return tuple(gaps)

    def _proof(self, record: Record) -> Proof:
        assert record.ending is not None  # a proved record has one
        return Proof(
            name=record.name,
            path=record.path,
            line=self._line(record.statement.start),
            start=record.statement.start,
            body=(record.statement.end, record.ending.end),
            tactics=tuple(sentence.code for sentence in record.sentences[record.head :]),
            ending=record.ending.code.removesuffix(".").rstrip() + ".",
        )

    def _record_at(self, start: int) -> Record:
        if start not in self._starts:
            raise ValueError(f"byte {start}: no proof of {self.file or 'this source'} is stated there")
        return self._starts[start]

    def _line(self, position: int) -> int:
        return bisect_right(self._lines, position)

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogateescape")


def _replaced(data: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    """`data` with the given ranges replaced; they are in order and do not overlap."""
    pieces: list[bytes] = []
    position = 0
    for start, end, text in changes:
        pieces += [data[position:start], text]
        position = end
    return b"".join((*pieces, data[position:]))
