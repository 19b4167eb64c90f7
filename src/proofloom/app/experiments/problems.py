"""The verb `problems`: the statements of a benchmark as files with holes, for `prove`, `screen` and `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofloom.app.toml_records import BadInput
from proofloom.evaluation.statements.errata import faulty
from proofloom.evaluation.statements.json_lines import StatementError, read_statements, write_statements


def problems(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSON lines, as miniF2F and ProofNet for Lean 4 are handed out.")
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where NAME.lean is written for each; inside your Lean project.")
    ],
    without_faulty: Annotated[
        bool, typer.Option("--without-faulty", help="Leave out statements that are known to be wrong.")
    ] = False,
) -> int:
    """Write the statements of a benchmark as Lean files with holes.

    Exit status: 0, or 2 for bad input.
    """
    try:
        statements = read_statements(file)
        wrong = {one.name: fault for one in statements if (fault := faulty(one.name, "lean")) is not None}
        kept = [one for one in statements if not (without_faulty and one.name in wrong)]
        write_statements(kept, folder)
    except StatementError as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from error
    typer.echo(f"{len(kept)} files in {folder}")
    for name, fault in wrong.items():
        typer.echo(f"{'left out' if without_faulty else 'known to be wrong'}: {name}: {fault.why} ({fault.source})")
    return 0
