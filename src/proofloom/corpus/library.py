"""The library: every traced file, theorem, proof, step and premise, behind one class.

A file is added in one transaction, so that it is there in full or not at all; adding it again changes nothing.
Nothing is deleted unless that is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from proofloom.corpus.accessibility import Accessibility, Numbers, Places
from proofloom.corpus.entries import (
    FileEntry,
    PremiseEntry,
    ProofEntry,
    RepositoryEntry,
    SplitEntry,
    StepEntry,
    TheoremEntry,
)
from proofloom.corpus.records import Repository, TracedFile, TracedStep
from proofloom.corpus.splits.leaks import Member
from proofloom.corpus.splits.splits import Division, SplitSettings
from proofloom.corpus.storage.catalogue import read_members
from proofloom.corpus.storage.database import Database, LibraryError
from proofloom.corpus.storage.reading import as_repository, proofs_by_theorem, step_entries, theorem_entry
from proofloom.corpus.storage.removal import delete_files, delete_unused
from proofloom.corpus.storage.schema import (
    SOURCE,
    ConstantRow,
    FileRow,
    ImportRow,
    PremiseRow,
    ProofRow,
    RepositoryRow,
    StepRow,
    TheoremRow,
)
from proofloom.corpus.storage.split_rows import find_split, in_part, kept_steps, read_division, read_splits, store_split
from proofloom.corpus.storage.storing import next_number, store_file, store_steps
from proofloom.proofs import Attempt, Outcome

DEFAULT_PLACE = Path(".proofloom/library.sqlite")
"""Under the current folder, beside the development that it describes, as `.git` is: no setting is needed to find it."""


class Library:
    """An open library; made by `Library.open`, closed by `close` or by leaving its `with` block."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accessibility: Accessibility | None = None

    @classmethod
    def open(cls, location: str | Path, *, create: bool = True, lock_seconds: float = 20.0) -> Library:
        """The library at a path (SQLite) or a URL (`postgresql://...`), migrated if it is of an older version.

        `create` allows it to be made; a write waits at most `lock_seconds` for another writer.  Raises `LibraryError`.
        """
        return cls(Database(location, create=create, lock_seconds=lock_seconds))

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return self._database.place

    def add_file(self, repository: Repository, file: TracedFile, *, replace: bool = False) -> int:
        """Store one traced file, in full or not at all; returns its number.

        Adding a file whose digest is already there changes nothing.  A different text of the same file in the same
        commit raises `LibraryError`, unless `replace`: then the old theorems and steps go, and proofs that were found
        for them stay with their identities.
        """
        with self._database.writing() as connection:
            repository_id = self._repository_id(connection, repository, make=True)
            assert repository_id is not None
            old = connection.execute(
                select(FileRow.id, FileRow.digest)
                .where(FileRow.repository_id == repository_id, FileRow.logical_name == file.logical_name)
            ).one_or_none()  # fmt: skip
            if old is not None:
                if old.digest == file.digest:
                    return int(old.id)
                if not replace:
                    raise LibraryError(
                        f"{self.place}: {file.logical_name} at commit {repository.commit!r} is there with other bytes; "
                        "name another commit or ask for it to be replaced"
                    )
                delete_files(connection, FileRow.id == old.id)
            self._accessibility = None
            return store_file(connection, repository_id, repository.assistant, file)

    def record_proof(self, theorem: int, attempt: Attempt, by: str, on: date, steps: Sequence[TracedStep] = ()) -> int:
        """Keep a proof that the gate accepted, with its `steps` if they are known; returns the proof's number.

        The same proof of the same theorem by the same prover is kept once.  Raises `LibraryError` for an attempt that
        is not proved and for a theorem that does not exist.
        """
        if attempt.outcome is not Outcome.PROVED or attempt.verdict is None:
            raise LibraryError(f"{attempt.theorem}: {attempt.outcome}, not proved; only accepted proofs are recorded")
        found = {
            "proof": list(attempt.proof or ()),
            "scripts": list(attempt.scripts),
            "verdict": attempt.verdict.as_json(),
        }
        with self._database.writing() as connection:
            identity = connection.execute(select(TheoremRow.identity_id).where(TheoremRow.id == theorem)).scalar()
            if identity is None:
                raise LibraryError(f"{self.place}: there is no theorem number {theorem}")
            known = select(ProofRow.id, ProofRow.found).where(ProofRow.theorem_id == theorem, ProofRow.by == by)
            for number, other in connection.execute(known):
                if other is not None and (other["proof"], other["scripts"]) == (found["proof"], found["scripts"]):
                    return int(number)
            number = next_number(connection, ProofRow)
            row = {"id": number, "identity_id": identity, "theorem_id": theorem, "by": by, "found_on": on}
            connection.execute(insert(ProofRow).values(**row, found=found))
            store_steps(connection, [(number, steps)])
            return number

    def delete_repository(self, repository: Repository) -> bool:
        """Delete a repository with all that only it holds, found proofs too; False if it is not there."""
        with self._database.writing() as connection:
            repository_id = self._repository_id(connection, repository, make=False)
            if repository_id is None:
                return False
            delete_files(connection, FileRow.repository_id == repository_id)
            connection.execute(delete(RepositoryRow).where(RepositoryRow.id == repository_id))
            delete_unused(connection)
            self._accessibility = None
            return True

    def repositories(self) -> list[RepositoryEntry]:
        """Every repository, in the order of their first file."""
        with self._database.reading() as connection:
            rows = connection.execute(select(RepositoryRow.__table__).order_by(RepositoryRow.id)).all()
        return [RepositoryEntry(row.id, as_repository(row)) for row in rows]

    def files(self, repository: Repository | None = None) -> list[FileEntry]:
        """The files of a repository, or of all; empty if it is not there."""
        with self._database.reading() as connection:
            wanted = self._files_of(connection, repository)
            imports: dict[int, list[str]] = {}
            of_files = select(ImportRow.file_id, ImportRow.logical_name).order_by(ImportRow.file_id, ImportRow.position)
            for number, name in connection.execute(of_files):
                imports.setdefault(number, []).append(name)
            rows = connection.execute(select(FileRow.__table__).where(wanted).order_by(FileRow.id)).all()
        return [
            FileEntry(
                row.id,
                row.repository_id,
                row.logical_name,
                row.path,
                row.digest,
                tuple(imports.get(row.id, ())),
                row.extra or "",
            )
            for row in rows
        ]

    def theorems(
        self,
        repository: Repository | None = None,
        *,
        file: int | None = None,
        full_name: str | None = None,
        split: str | None = None,
        part: str | None = None,
    ) -> list[TheoremEntry]:
        """Theorems in the order of their files, narrowed by what is given (`split` and `part`: see `steps`)."""
        with self._database.reading() as connection:
            query = select(TheoremRow.__table__).join(FileRow, FileRow.id == TheoremRow.file_id)
            query = query.where(self._files_of(connection, repository))
            if split is not None:
                query = query.where(in_part(find_split(connection, split, self.place).id, part))
            if file is not None:
                query = query.where(TheoremRow.file_id == file)
            if full_name is not None:
                query = query.where(TheoremRow.full_name == full_name)
            rows = connection.execute(query.order_by(TheoremRow.file_id, TheoremRow.position)).all()
            proved = proofs_by_theorem(connection, [row.id for row in rows])
        return [theorem_entry(row, proved.get(row.id, ())) for row in rows]

    def steps(
        self,
        repository: Repository | None = None,
        *,
        file: int | None = None,
        theorem: int | None = None,
        by: str | None = None,
        split: str | None = None,
        part: str | None = None,
    ) -> Iterator[StepEntry]:
        """Steps, streamed in the order in which they were stored: those of one proof together and in order.

        `split` is a name (its newest version) or `name@version`, `part` one of `train`, `val`, `test`, None for all
        three.  With a split, only the proofs of the sources are read (unless `by` says otherwise), because only they
        were searched for leaks, and the steps that it leaves out are left out.
        """
        with self._database.reading() as connection:
            query = (
                select(
                    StepRow.id, ProofRow.theorem_id, StepRow.position, StepRow.before_id, StepRow.tactic,
                    StepRow.after_id, StepRow.cut, StepRow.goals, ProofRow.by, StepRow.extra,
                )
                .join(ProofRow, ProofRow.id == StepRow.proof_id)
                .join(TheoremRow, TheoremRow.id == ProofRow.theorem_id)
                .join(FileRow, FileRow.id == TheoremRow.file_id)
                .where(self._files_of(connection, repository))
                .order_by(StepRow.id)
            )  # fmt: skip
            if file is not None:
                query = query.where(TheoremRow.file_id == file)
            if theorem is not None:
                query = query.where(TheoremRow.id == theorem)
            if split is not None:
                number = find_split(connection, split, self.place).id
                query, by = query.where(in_part(number, part), kept_steps(number)), by or SOURCE
            if by is not None:
                query = query.where(ProofRow.by == by)
            yield from step_entries(connection, query)

    def premises(self, repository: Repository | None = None, *, file: int | None = None) -> list[PremiseEntry]:
        """Premises in the order of their files."""
        with self._database.reading() as connection:
            columns = (PremiseRow.id, PremiseRow.file_id, ConstantRow.full_name, PremiseRow.statement)
            query = (
                select(*columns, PremiseRow.kind, PremiseRow.start, func.coalesce(PremiseRow.extra, ""))
                .join(ConstantRow, ConstantRow.id == PremiseRow.constant_id)
                .join(FileRow, FileRow.id == PremiseRow.file_id)
                .where(self._files_of(connection, repository))
                .order_by(PremiseRow.id)
            )
            if file is not None:
                query = query.where(PremiseRow.file_id == file)
            return [PremiseEntry(*row) for row in connection.execute(query)]

    def proofs(self, theorem: int) -> list[ProofEntry]:
        """Every proof of a theorem, also those of the same theorem at other commits: its history, oldest first.

        Only those whose `theorem_id` is this number were accepted at this place; another must pass the gate again.
        """
        with self._database.reading() as connection:
            identity = select(TheoremRow.identity_id).where(TheoremRow.id == theorem).scalar_subquery()
            columns = (ProofRow.id, ProofRow.theorem_id, ProofRow.by, ProofRow.found_on, ProofRow.found)
            query = select(*columns).where(ProofRow.identity_id == identity).order_by(ProofRow.id)
            return [ProofEntry(*row) for row in connection.execute(query)]

    def accessibility(self) -> Accessibility:
        """What may be used where; kept until this object adds or deletes a file.  Raises `ImportCycle`."""
        if self._accessibility is None:
            with self._database.reading() as connection:
                newest = select(RepositoryRow.__table__).order_by(
                    RepositoryRow.traced_on.desc(), RepositoryRow.id.desc()
                )
                repositories = connection.execute(newest).all()
                places = [
                    Places.of((row[0], row[1], row[2]) for row in connection.execute(select(t.id, t.file_id, t.start)))
                    for t in (PremiseRow, TheoremRow)
                ]
            rank = {row.id: position for position, row in enumerate(repositories)}
            family = {row.id: (row.assistant, row.assistant_version) for row in repositories}
            self._accessibility = Accessibility(self.files(), rank, family, *places)
        return self._accessibility

    def accessible(self, theorem: int) -> Numbers:
        """Numbers of the premises that may be used in the proof of `theorem`, ascending."""
        return self.accessibility().premises(theorem)

    def members(self, repositories: Sequence[Repository] | None = None) -> list[Member]:
        """Theorems as splits see them; by default those of the newest commit of each library."""
        with self._database.reading() as connection:
            if repositories is None:
                newest = {(e.repository.url, e.repository.assistant): e for e in sorted(self.repositories(), key=_age)}
                numbers = [entry.id for entry in newest.values()]
            else:
                numbers = [self._repository_id(connection, repository, make=False) or 0 for repository in repositories]
            return read_members(connection, numbers)

    def add_split(self, name: str, division: Division, settings: SplitSettings, on: date) -> SplitEntry:
        """Keep a division as the next version of `name`; the same division again is the entry that is there."""
        if not name or "@" in name:
            raise LibraryError(f"split name {name!r}: wanted a name without @")
        with self._database.writing() as connection:
            return store_split(connection, name, settings.kind.value, division, settings.as_json(), on)

    def splits(self) -> list[SplitEntry]:
        """Every split, by name and version."""
        with self._database.reading() as connection:
            return read_splits(connection)

    def split(self, name: str) -> SplitEntry:
        """The newest version of a split, or `name@version`; raises `LibraryError` if it is not there, or not whole."""
        with self._database.reading() as connection:
            return find_split(connection, name, self.place)

    def division(self, name: str) -> Division:
        """The members of a split: the part of each theorem, and what is left out."""
        with self._database.reading() as connection:
            return read_division(connection, find_split(connection, name, self.place))

    def counts(self, repository: Repository | None = None) -> Mapping[str, int]:
        """How many files, theorems, admitted theorems, proofs, steps, distinct states and premises there are."""
        with self._database.reading() as connection:
            wanted = self._files_of(connection, repository)

            def count(query: object) -> int:
                return int(connection.execute(select(func.count()).select_from(query)).scalar() or 0)  # type: ignore[arg-type]

            files = select(FileRow.id).where(wanted)
            theorems = select(TheoremRow.id).where(TheoremRow.file_id.in_(files))
            proofs = select(ProofRow.id).where(ProofRow.theorem_id.in_(theorems))
            steps = select(StepRow.before_id, StepRow.after_id).where(StepRow.proof_id.in_(proofs))
            states = steps.with_only_columns(StepRow.before_id).union(steps.with_only_columns(StepRow.after_id))
            queries = {
                "files": files, "theorems": theorems, "admitted": theorems.where(TheoremRow.admitted),
                "proofs": proofs, "steps": steps, "states": states,
                "premises": select(PremiseRow.id).where(PremiseRow.file_id.in_(files)),
            }  # fmt: skip
            return {name: count(query.subquery()) for name, query in queries.items()}

    def close(self) -> None:
        """Close every connection; harmless twice."""
        self._database.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _repository_id(self, connection: Connection, repository: Repository, *, make: bool) -> int | None:
        key = (repository.url, repository.commit, repository.assistant, repository.assistant_version)
        names = ("url", "commit", "assistant", "assistant_version")
        table = RepositoryRow.__table__
        same = [table.c[name] == value for name, value in zip(names, key, strict=True)]
        number = connection.execute(select(RepositoryRow.id).where(*same)).scalar()
        if number is None and make:
            number = next_number(connection, RepositoryRow)
            row = dict(zip(names, key, strict=True)) | {"id": number, "traced_on": repository.traced_on}
            connection.execute(insert(RepositoryRow).values(**row))
        return number

    def _files_of(self, connection: Connection, repository: Repository | None) -> ColumnElement[bool]:
        if repository is None:
            return FileRow.id > 0
        number = self._repository_id(connection, repository, make=False)
        return FileRow.repository_id == (0 if number is None else number)


def _age(entry: RepositoryEntry) -> tuple[date, int]:
    return entry.repository.traced_on, entry.id
