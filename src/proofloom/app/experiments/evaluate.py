"""The verb `evaluate`: compares models on held-out theorems, paired over the theorems, with intervals.

The run folder holds every row; the same name again goes on, and the tables are made from the rows that are there.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer

from proofloom.app.extras import model_extra
from proofloom.app.languages import LANGUAGES, ROCQ, AnyInstalled, Installation, kit_for, language_of
from proofloom.app.proving.run_folder import alone_in, begin_run
from proofloom.app.proving.settings import names
from proofloom.app.toml_records import BadInput, choice, toml
from proofloom.assistants.executor import Executor, InProcess, LocalProcesses
from proofloom.assistants.files import write_beside
from proofloom.assistants.gate.axioms import Allowance
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.evaluation.contest_rows import ContestRows
from proofloom.evaluation.contestant import Contestant, contestants, weights_digest
from proofloom.evaluation.findings import as_object
from proofloom.evaluation.findings_text import told_proofs, told_steps
from proofloom.evaluation.held_out import Sample, held_out
from proofloom.evaluation.measuring.figures import circumstances
from proofloom.evaluation.proofs.contest import Plan, hold, open_bench
from proofloom.evaluation.proofs.findings import proof_findings
from proofloom.evaluation.proofs.problems import Problem, hole_problems, library_problems
from proofloom.evaluation.proofs.trial import STRATEGIES, TrialSettings
from proofloom.evaluation.statements.errata import faulty
from proofloom.evaluation.steps.contest import score_steps
from proofloom.evaluation.steps.findings import step_findings
from proofloom.models.errors import ModelError
from proofloom.models.provenance import other_splits
from proofloom.policies.model.folder import check_model, hint_source
from proofloom.policies.model.library_hints import LibraryHints
from proofloom.policies.neighbours.library_memory import library_stamp
from proofloom.retrieval.premise_index import PremiseIndexError
from proofloom.search.clock import SystemClock

INTERRUPTED = 130
PARTS = ("val", "test")
ROWS, FINDINGS = "contest.sqlite", "findings.json"
"""The files of the run folder beside config.toml."""


@dataclass(frozen=True)
class _Asked:
    """What was asked for, checked: the contestants, the library with the sample or files with holes, and the rest."""

    run: str
    contestants: tuple[Contestant, ...]
    db: str
    sample: Sample
    theorems: tuple[Path, ...]
    require: tuple[str, ...]
    strategies: tuple[str, ...]
    candidates: tuple[int, ...]
    settings: TrialSettings
    jobs: int

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.contestants]


@dataclass(frozen=True)
class _Found:
    """Findings as an object and as lines, and whether Ctrl-C ended the work."""

    as_object: dict[str, Any]
    lines: Sequence[str]
    interrupted: bool


def evaluate(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME/SEED=FOLDER...",
            help="Models: the name of the arm, the seed, the folder. The other arms are compared with the first one.",
        ),
    ],
    run: Annotated[
        str,
        typer.Option(metavar="NAME", help="Keep the rows in runs/NAME; the same name again goes on where it stopped."),
    ],
    db: Annotated[str, typer.Option("--db", metavar="DB", help="The library: a file, or a URL.")] = str(DEFAULT_PLACE),
    split: Annotated[
        str, typer.Option(metavar="NAME", help="The split whose theorems are tried (`NAME` or `NAME@VERSION`).")
    ] = "figures",
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="val or test; may be given twice, for both (default val)."),
    ] = None,
    theorems: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Try the holes of these files or folders instead of a split; may be given several times.",
        ),
    ] = None,
    require: Annotated[
        str,
        typer.Option(metavar="MODULES", help="Modules that are required before the first hole, such as Lia,Lra,Psatz."),
    ] = "",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only N theorems, drawn by the seed.")] = None,
    candidates: Annotated[
        str, typer.Option(metavar="K,...", help="Candidates of a state in best-first search, and roll-outs.")
    ] = "1,4,16,64",
    strategy: Annotated[
        str, typer.Option(metavar="NAME,...", help=f"How to search: {', '.join(STRATEGIES)}.")
    ] = ",".join(STRATEGIES),
    seconds: Annotated[
        float,
        typer.Option("--time", metavar="SECONDS", help="CPU seconds of an attempt, of model and assistant."),
    ] = 10.0,
    expansions: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="States of an attempt that are expanded, at most.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that work side by side.")] = 1,
    no_gate: Annotated[
        bool, typer.Option("--no-gate", help="Do not check what is found; then nothing is called proved.")
    ] = False,
    axioms: Annotated[
        str, typer.Option(metavar="BUNDLE,...", help="Axioms that a proof may rest on, as in `prove`.")
    ] = "reals,classical",
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Seed of what is drawn: theorems, roll-outs and intervals.")
    ] = 0,
    steps: Annotated[
        bool,
        typer.Option("--steps", help="Score the tactics that people wrote instead: no search, no assistant."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Compare models on theorems that they were not trained on.

    Every model tries every theorem, with each number of candidates and each strategy; or, with --steps, it is asked
    how likely it finds the tactics that people wrote. Arms are compared on the same theorems, and every difference has
    an interval. Only what the gate accepts counts as proved. Needs the extra `model`.

    Exit status: 0, or 2 for bad input, 130 after Ctrl-C; every row is kept, and the tables are about what is there.
    """
    try:
        settings = TrialSettings(seconds, expansions or math.inf, not no_gate, names(axioms), seed)
        _ = settings.budget, Allowance(settings.axioms)
        asked = _Asked(
            run,
            tuple(contestants(models)),
            db,
            Sample(split, _chosen("--part", tuple(part or ("val",)), PARTS), limit, seed),
            tuple(theorems or ()),
            names(require),
            _chosen("--strategy", names(strategy), STRATEGIES),
            _counts(candidates),
            settings,
            jobs,
        )
    except ValueError as error:
        raise BadInput(str(error)) from error
    if steps and theorems:
        raise BadInput("--steps: the holes of --theorems have no tactics that people wrote; name a split")
    try:
        with model_extra("evaluate"):
            for one in asked.contestants:
                check_model(one.folder)
            found = _steps(asked) if steps else _attempts(asked)
    except (LibraryError, ModelError, PremiseIndexError) as error:
        raise BadInput(str(error)) from error
    for line in [json.dumps(found.as_object)] if as_json else found.lines:
        typer.echo(line)
    if found.interrupted:
        _say(f"interrupted; the same command with --run {run} goes on from here")
    return INTERRUPTED if found.interrupted else 0


def _steps(asked: _Asked) -> _Found:
    """Score the steps of the sample."""
    interrupted = False
    with Library.open(asked.db, create=False) as library:
        table, sample = _library_table(library, asked.sample)
        _warn_of_other_splits(asked, library)
        folder = begin_run(asked.run, toml({"": {"kind": "steps", **table}}), again="")
        with alone_in(folder), ContestRows(folder / ROWS) as rows:
            _enter(rows, asked)
            chosen = held_out(library, sample)
            try:
                with kit_for(library, asked.db, sample.split) as kit:
                    hints = cache(lambda source: LibraryHints(kit.library, kit.situations, kit.hints(source)))
                    score_steps(asked.contestants, chosen, rows, SystemClock(), time.time, _say, hints)
            except KeyboardInterrupt:
                interrupted = True
            within = {theorem.name for theorem in chosen}
            kept = [row for row in rows.steps() if row.theorem in within]
    found = step_findings(kept, asked.names, sample.seed)
    return _kept(folder, as_object(found), list(told_steps(found)), interrupted)


def _attempts(asked: _Asked) -> _Found:
    """Let every contestant try every problem."""
    interrupted = False
    table, problems, ground = _problems(asked)
    wrong = {one.name: fault for one in problems if (fault := faulty(one.name, ground.reading.assistant)) is not None}
    settings = asked.settings
    decides = {
        "kind": "attempts",
        **table,
        "cpu_seconds": settings.cpu_seconds,
        "expansions": settings.expansions,
        "gate": settings.gate,
        "axioms": settings.axioms,
        "seed": settings.seed,
    }
    folder = begin_run(asked.run, toml({"": decides}), again="")
    plan = Plan(asked.contestants, tuple(problems), asked.strategies, asked.candidates)
    executor: Executor = InProcess() if asked.jobs == 1 else LocalProcesses(asked.jobs)
    with alone_in(folder), ContestRows(folder / ROWS) as rows:
        _enter(rows, asked)
        try:
            opening = partial(open_bench, settings, ground, *_hints_from(asked))
            hold(plan, rows, executor, opening, SystemClock(), time.time, _say)
        except KeyboardInterrupt:
            interrupted = True
        within = {problem.name for problem in problems}
        kept = [row for row in rows.attempts() if row.theorem in within]
    found = proof_findings(kept, asked.names, asked.strategies, asked.candidates, settings.seed)
    word = "proved" if settings.gate else "found"
    lines = [*told_proofs(found, word), *(f"known to be wrong: {name}: {one.why}" for name, one in wrong.items())]
    known = {name: fault.why for name, fault in wrong.items()}
    told = {"solved_means": word, "findings": as_object(found), "known_to_be_wrong": known}
    return _kept(folder, told, lines, interrupted)


def _problems(asked: _Asked) -> tuple[dict[str, Any], list[Problem], AnyInstalled]:
    """What the run is about, for its settings, the problems in the order in which they are tried, and the assistant."""
    if asked.theorems:
        for path in asked.theorems:
            if not path.exists():
                raise BadInput(f"--theorems {path}: no such file or folder")
        readers = {suffix: language.read for suffix, language in LANGUAGES.items()}
        problems = hole_problems(asked.theorems, readers=readers)
        ground = Installation().of(language_of(problems[0].file))
        if asked.require:
            if ground.language.require is None:
                raise BadInput(f"--require: is not for {ground.language.name}")
            sentence = ground.language.require(asked.require, ground.toolchain)
            problems = [replace(problem, require=sentence) for problem in problems]
        hashed = hashlib.sha256()
        for file in sorted({problem.file for problem in problems}):
            hashed.update(file.read_bytes())
        paths = [path.as_posix() for path in asked.theorems]
        table = {"theorems": paths, "require": asked.require, "digest": hashed.hexdigest()}
        return table, asked.sample.drawn(problems), ground
    if asked.require:
        raise BadInput("--require: theorems of a library keep the imports of their files; it needs --theorems")
    with Library.open(asked.db, create=False) as library:
        table, sample = _library_table(library, asked.sample)
        _warn_of_other_splits(asked, library)
        ground = Installation().of(ROCQ)
        return table, library_problems(held_out(library, sample), ground.toolchain), ground


def _library_table(library: Library, sample: Sample) -> tuple[dict[str, Any], Sample]:
    """What says which library and split it is, and the sample of this version of the split."""
    entry = library.split(sample.split)
    split = f"{entry.name}@{entry.version}"
    table = {"library": library.place, "digest": library_stamp(library, split), "split": split}
    return table, Sample(split, sample.parts, sample.limit, sample.seed)


def _warn_of_other_splits(asked: _Asked, library: Library) -> None:
    """Say which models may have learned what they are tried on."""
    entry = library.split(asked.sample.split)
    for one in asked.contestants:
        warning = other_splits(one.folder, f"{entry.name}@{entry.version}", entry.digest)
        if warning:
            _say(f"warning: {one.name}: {warning}")


def _hints_from(asked: _Asked) -> tuple[str, str]:
    """The library and the split whose training part gives the hints, made ready for the workers; empty for none."""
    sources = {source for one in asked.contestants if (source := hint_source(one.folder))}
    if not sources:
        return "", ""
    with Library.open(asked.db, create=False) as library:
        _, sample = _library_table(library, asked.sample)
        with kit_for(library, asked.db, sample.split) as kit:
            for source in sources:
                kit.prepare_hints(source)
    return asked.db, sample.split


def _enter(rows: ContestRows, asked: _Asked) -> None:
    rows.enter({one.name: weights_digest(one.folder) for one in asked.contestants}, time.time())


def _kept(folder: Path, found: dict[str, Any], lines: Sequence[str], interrupted: bool) -> _Found:
    found = {**circumstances(), **found}
    write_beside(folder / FINDINGS, (json.dumps(found, indent=1) + "\n").encode())
    return _Found(found, lines, interrupted)


def _chosen(what: str, given: Sequence[str], valid: Sequence[str]) -> tuple[str, ...]:
    """Each once, in the order in which they are given; raises `BadInput`."""
    return tuple(choice(what, one, {name: name for name in valid}) for one in dict.fromkeys(given))


def _counts(text: str) -> tuple[int, ...]:
    parts = names(text)
    if not parts or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise BadInput(f"--candidates {text}: wanted numbers from 1 up, separated by commas")
    return tuple(sorted({int(part) for part in parts}))


def _say(line: str) -> None:
    typer.echo(f"proofloom: {line}", err=True)
