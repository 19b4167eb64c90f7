"""The verbs `corpus show`, `export`, `import` and `delete`: what is in a library, and how it comes in and goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from proofloom.app.libraries.split import Place, as_object, counted, told
from proofloom.app.toml_records import BadInput, choice
from proofloom.corpus.accessibility import ImportCycle
from proofloom.corpus.exchange.leandojo import import_leandojo
from proofloom.corpus.exchange.leandojo_export import export_leandojo
from proofloom.corpus.exchange.parquet import export_parquet, import_parquet
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.records import Repository
from proofloom.corpus.splits.splits import SplitError
from proofloom.corpus.storage.database import LibraryError

FORMATS = {"parquet": "Parquet", "leandojo": "LeanDojo Benchmark 4"}
corpus = typer.Typer(
    name="corpus",
    help="What is in a library, and how it comes in and goes out.",
    rich_markup_mode=None,
)
Which = Annotated[
    str | None,
    typer.Option("--repository", metavar="URL@COMMIT", help="Only this repository, as `corpus show` names it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")]


@corpus.command()
def show(
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="The report of this split (`name`, or `name@version`) instead.")
    ] = None,
    db: Place = str(DEFAULT_PLACE),
    as_json: AsJson = False,
) -> int:
    """Show the repositories and splits of a library, or one split with what was removed from it and why.

    Exit status: 0, or 2 for bad input.
    """
    with _open(db, create=False) as library:
        if split is not None:
            entry = library.split(split)
            _say([json.dumps(as_object(entry))] if as_json else told(entry))
            return 0
        repositories = [_as_object(library, entry.repository) for entry in library.repositories()]
        splits = [as_object(entry) for entry in library.splits()]
    if as_json:
        _say([json.dumps({"database": library.place, "repositories": repositories, "splits": splits})])
        return 0
    for record in repositories:
        _say([f"{record['repository']}  {record['assistant']} {record['assistant_version']}, {record['traced_on']}"])
        _say([f"  {', '.join(f'{count:,} {name}' for name, count in record['counts'].items())}"])
    for record in splits:
        sizes = ", ".join(f"{count:,} {part}" for part, count in record["theorems"].items())
        _say([f"split {record['name']}@{record['version']}  {record['kind']}: {sizes}; digest {record['digest'][:12]}"])
    if not repositories:
        _say([f"{library.place}: empty"])
    return 0


@corpus.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the files.")],
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="parquet (everything), or leandojo (Benchmark 4).")
    ] = "parquet",
    splits: Annotated[
        str,
        typer.Option(
            "--splits", metavar="NAME,...", help="Splits to write as sub-folders; the format leandojo needs them."
        ),
    ] = "",
    repository: Which = None,
    db: Place = str(DEFAULT_PLACE),
) -> int:
    """Write a library, or one repository of it, into a new folder, in LeanDojo's field names.

    Exit status: 0, or 2 for bad input.
    """
    choice("--format", form, FORMATS)
    with _open(db, create=False) as library:
        chosen = None if repository is None else _repository(library, repository)
        if form == "parquet":
            if splits:
                raise BadInput("--splits: the format parquet has no splits")
            done = export_parquet(library, folder, None if chosen is None else [chosen])
            _say([f"{counted(done.files, 'file')}, {counted(done.theorems, 'theorem')}: {folder}"])
            return 0
        names = {name.partition("@")[0]: name for name in splits.split(",") if name}
        count = export_leandojo(library, chosen or _only(library), names, folder, date.today())
        _say([f"{counted(count, 'file')}: {folder}"])
        return 0


@corpus.command("import")
def read(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="An export, or a data set in the layout of LeanDojo Benchmark 4.")
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What the splits of a data set are called: NAME-random and so on.")
    ] = "leandojo",
    db: Place = str(DEFAULT_PLACE),
) -> int:
    """Add an export or a LeanDojo data set to a library. What is there already stays as it is.

    Exit status: 0, or 2 for bad input.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: is not a folder")
    with _open(db, create=True) as library:
        if (folder / "corpus.parquet").is_file():
            done = import_parquet(library, folder)
            _say([f"{counted(done.files, 'file')}, {counted(done.theorems, 'theorem')}: {library.place}"])
            return 0
        read_in = import_leandojo(library, folder, date.today(), name)
        what = f"{counted(read_in.files, 'file')}, {counted(read_in.theorems, 'theorem')}"
        _say([f"{what}, splits {', '.join(read_in.splits)}: {library.place}"])
        return 0


@corpus.command()
def delete(
    repository: Annotated[str, typer.Argument(metavar="URL@COMMIT", help="As `corpus show` names it.")],
    db: Place = str(DEFAULT_PLACE),
) -> int:
    """Delete a repository from a library, with the proofs that were found for its theorems.

    Exit status: 0, or 2 for bad input.
    """
    with _open(db, create=False) as library:
        library.delete_repository(_repository(library, repository))
    _say([f"deleted {repository}"])
    return 0


@contextmanager
def _open(db: str, *, create: bool) -> Iterator[Library]:
    """The library; whatever is wrong with it or with what is asked comes out as `BadInput`."""
    try:
        with Library.open(db, create=create) as library:
            yield library
    except (LibraryError, SplitError, ImportCycle) as error:
        raise BadInput(str(error)) from error


def _as_object(library: Library, repository: Repository) -> dict[str, Any]:
    return {
        "repository": f"{repository.url}@{repository.commit}",
        "assistant": repository.assistant,
        "assistant_version": repository.assistant_version,
        "traced_on": repository.traced_on.isoformat(),
        "counts": dict(library.counts(repository)),
    }


def _repository(library: Library, named: str) -> Repository:
    """The repository of this `URL@COMMIT`, or `URL@COMMIT@VERSION` where that is needed; raises `BadInput`."""
    known: dict[str, Repository] = {}
    for repository in (entry.repository for entry in library.repositories()):
        short = f"{repository.url}@{repository.commit}"
        known[f"{short}@{repository.assistant_version}" if short in known else short] = repository
    if named not in known:
        raise BadInput(f"{library.place}: there is no repository {named!r}; there are: {', '.join(known) or 'none'}")
    return known[named]


def _only(library: Library) -> Repository:
    entries = library.repositories()
    if len(entries) != 1:
        raise BadInput(f"{library.place}: holds {len(entries)} repositories; say which with --repository")
    return entries[0].repository


def _say(lines: Iterator[str] | list[str]) -> None:
    for line in lines:
        typer.echo(line)
