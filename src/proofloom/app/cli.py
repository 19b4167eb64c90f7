"""The command line: verbs, each a function whose typed parameters are the options.

A verb answers with its exit code: 0 for yes, 1 when the work was done and the answer is no, 2 for bad input with one
line on standard error, 130 after Ctrl-C with what was found kept.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from proofloom import __version__
from proofloom.app.doctor import dialogue, examination
from proofloom.app.experiments.evaluate import evaluate
from proofloom.app.experiments.problems import problems
from proofloom.app.experiments.train import train
from proofloom.app.inspection.inspect import inspect
from proofloom.app.languages import SUFFIXES, language_of
from proofloom.app.libraries.corpus import corpus
from proofloom.app.libraries.premises import index, search
from proofloom.app.libraries.split import split
from proofloom.app.libraries.trace import trace
from proofloom.app.proving import checking
from proofloom.app.proving.prove import INTERRUPTED, Request, prove_files, speak_any_text
from proofloom.app.proving.run import Destination
from proofloom.app.proving.settings import STRATEGIES, ProveSettings, names, read_settings
from proofloom.app.screening.screen import screen
from proofloom.app.toml_records import BadInput, choice
from proofloom.assistants.gate.axioms import BUNDLES
from proofloom.assistants.lean.toolchain import find_lean
from proofloom.assistants.session import AssistantError
from proofloom.corpus.library import DEFAULT_PLACE
from proofloom.models.errors import ModelError
from proofloom.policies.model.folder import can_load
from proofloom.policies.names import NAMES, default_policy
from proofloom.policies.premises.retrievers import RETRIEVERS
from proofloom.search.row_file import JournalError
from proofloom.search.strategies import SinglePassConfig

app = typer.Typer(
    name="proofloom",
    help="Prove Rocq and Lean theorems. Nothing is called proved that an independent check has not accepted.",
    add_completion=False,
    rich_markup_mode=None,
)

_AXIOMS_HELP = (
    "Axioms that a proof may rest on, separated by commas: names of bundles "
    f"({', '.join(BUNDLES)}) or full names of axioms of a library. None by default; what the file rests on already is "
    "no new axiom. For Lean, full names beside propext, Quot.sound and Classical.choice."
)
Axioms = Annotated[str, typer.Option("--axioms", metavar="BUNDLE,...", help=_AXIOMS_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, for other programs.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"proofloom {__version__}")
        raise typer.Exit


@app.callback()
def proofloom(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Prove Rocq and Lean theorems. Nothing is called proved that an independent check has not accepted."""


@app.command()
def doctor(
    as_json: AsJson = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hold a small dialogue with Lean and write every message of it to FILE."),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(metavar="LEAN_FILE", help="Try Lean with the imports and in the project of this Lean file."),
    ] = None,
) -> int:
    """Say what is installed, whether it works, and what each missing part would add.

    Exit status: 0 if proofs can be found and checked here, else 1.
    """
    if record is not None:
        for line in dialogue.record(record, like, find_lean):
            typer.echo(line)
        return 0
    fit = True
    for part in examination.examine_all(like):
        fit = fit and (part.works or not part.needed)
        typer.echo(json.dumps(part.as_json()) if as_json else part.told())
    if not as_json:
        typer.echo("ready to prove" if fit else "not ready: see what is MISSING")
    return 0 if fit else 1


@app.command()
def prove(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help=f"Files that end in {SUFFIXES}, or folders (with all below them)."),
    ],
    theorem: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the hole of this name (`t`, or `Module.t`).")
    ] = None,
    time: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Seconds for each theorem (default 30).")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Who proposes tactics: {', '.join(NAMES)}; `+` mixes several, `/` lets them take turns. "
            f"`:` gives one a share of the time. Default: {default_policy(True, True)}, without model if the extra of "
            "this name is not installed, and without the parts for which there is no library.",
        ),
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(
            metavar="DB",
            help=f"The traced library to learn from: a file, or a URL (default {DEFAULT_PLACE}, if it is there).",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The model that `model` asks (default the one that comes with Proofloom)."),
    ] = None,
    retriever: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"What finds premises for `premises`: {', '.join(RETRIEVERS)} (default bm25; the others need "
            "`proofloom index`).",
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"How to search: {' or '.join(STRATEGIES)} (default best-first)."),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Theorems tried at the same time, each in its own process.")
    ] = 1,
    write: Annotated[
        bool, typer.Option("--write", help="Replace each file by the filled one. Without it no file is changed.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the filled files into this folder instead.")
    ] = None,
    axioms: Axioms = "",
    require: Annotated[
        str,
        typer.Option(
            metavar="MODULES",
            help="Modules of Rocq's standard library that may be loaded for the proofs, such as Lia,Lra: one sentence "
            "`From Coq Require Import ...` is put before the first filled theorem.",
        ),
    ] = "",
    run: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the run in runs/NAME; the same name again goes on where it stopped."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings in TOML, such as runs/NAME/config.toml.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Seed of the single-pass strategy (default 0).")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Find proofs for the holes of Rocq files (theorems that end in Admitted, and admit inside proofs) and of Lean
    files (sorry, as a term or as a tactic).

    Every proof that is found is put into a copy of the file and checked in a fresh process. Only what that check
    accepts counts as proved. Without --write or --output the proofs are printed and no file is changed.

    Exit status: 0 if every hole is proved, 1 if one is not, 2 for bad input, 130 after Ctrl-C.
    """
    if write and output is not None:
        raise BadInput("--write and --output cannot be used together")
    settings = read_settings(config) if config else ProveSettings()
    if config is None and policy is None:
        policy = default_policy(bool(library or DEFAULT_PLACE.exists()), bool(model) or can_load())
    settings = _overridden(settings, time, policy, library, model, retriever, strategy, axioms, require, seed)
    destination = Destination(in_place=write, folder=output)
    return prove_files(Request(tuple(paths), settings, destination, theorem, workers, run, as_json), _say)


@app.command()
def check(
    reference: Annotated[
        Path, typer.Argument(metavar="REFERENCE", help="The file that states the theorems, with holes; you trust it.")
    ],
    candidate: Annotated[Path, typer.Argument(metavar="CANDIDATE", help="The file that is said to prove them.")],
    theorem: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this theorem; default: every hole of REFERENCE.")
    ] = None,
    axioms: Axioms = "",
    as_json: AsJson = False,
) -> int:
    """Check that a file proves what another file states.

    Both are compiled in fresh processes; the statements are compared in full, the axioms are asked for, and the
    proof is replayed by the independent checker of Rocq or Lean.

    Exit status: 0 if all is accepted, 1 if a theorem is refused, 2 if the check could not be made.
    """
    source, data = language_of(reference).read(reference), checking.read_bytes(candidate)
    theorems = checking.theorems_to_check(source, theorem)
    verdicts = []
    with checking.judge(reference, names(axioms)) as verdict_on:
        for path in theorems:
            verdict = verdict_on(data, path)
            verdicts.append(verdict)
            typer.echo(json.dumps(verdict.as_json()) if as_json else checking.told(verdict))
    return checking.exit_code(verdicts)


app.command()(trace)
app.command()(screen)
app.command()(inspect)
app.command()(split)
app.command()(train)
app.command()(index)
app.command()(search)
app.command()(evaluate)
app.command()(problems)
app.add_typer(corpus)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with the exit code.  SIGTERM is heard as Ctrl-C, so that a time limit set by
    another program keeps what was found.
    """
    speak_any_text()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_code(arguments))


def _code(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        code: Any = app(args=given, prog_name="proofloom", standalone_mode=False)
        sys.stdout.flush()
    except (BadInput, AssistantError, JournalError, ModelError) as error:
        return _bad(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; nothing more is to be said, also not when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _USAGE as error:
        return _bad(f"{error.format_message()} (see proofloom --help)")
    return code if isinstance(code, int) else 0


def _usage_error() -> type[Any]:
    """The class of errors in the arguments; newer Typer has its own copy of click, so it is found by name."""
    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


_USAGE = _usage_error()


def _say(line: str) -> None:
    """One line for people on standard error."""
    typer.echo(f"proofloom: {' '.join(line.split())}", err=True)


def _bad(line: str) -> int:
    _say(line)
    return 2


def _overridden(
    settings: ProveSettings,
    time: float | None,
    policy: str | None,
    library: str | None,
    model: Path | None,
    retriever: str | None,
    strategy: str | None,
    axioms: str,
    require: str,
    seed: int | None,
) -> ProveSettings:
    """`settings` with the options that were given; raises `BadInput`."""
    if strategy is not None and strategy != settings.strategy_name:
        settings = replace(settings, strategy=choice("strategy", strategy, STRATEGIES)())
    if seed is not None and isinstance(settings.strategy, SinglePassConfig):
        settings = replace(settings, strategy=replace(settings.strategy, seed=seed))
    if policy is not None:
        settings = replace(settings, policy=policy)
    if library is not None:
        settings = replace(settings, library=library)
    if model is not None:
        settings = replace(settings, model=str(model))
    if retriever is not None:
        settings = replace(settings, retriever=retriever)
    if axioms:
        settings = replace(settings, axioms=names(axioms))
    if require:
        settings = replace(settings, require=names(require))
    if time is not None:
        if not time > 0:
            raise BadInput(f"--time {time:g}: wanted a number of seconds above 0")
        settings = replace(settings, budget=replace(settings.budget, seconds=time))
    return settings
