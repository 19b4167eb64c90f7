"""Prints the reference of the command line as Markdown: `python -m proofloom.app.reference > docs/cli.md`.

It is made from the same functions as the parser, so that it cannot say anything else; a test compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from proofloom.app.cli import app

_HEAD = """# The command line

Made by `python -m proofloom.app.reference`; do not edit. What the verbs do for you is told in [prove.md](prove.md).

Every verb leaves with 0 for yes, 1 when the work was done and the answer is no, 2 for bad input (one line on standard
error), 130 after Ctrl-C. `proofloom --version` prints the version, `proofloom VERB --help` what is below.
"""


def reference() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    return "\n".join([_HEAD, *(line for name, command in _verbs(group) for line in _verb(name, command))])


def _verbs(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb by name; those of a group after its name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _verb(name: str, command: Any) -> Iterator[str]:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join(["proofloom", name, *(argument.metavar for argument in arguments), "[OPTIONS]"])
    yield from (f"## {name}", "", f"```text\n{usage}\n```", "", _unfolded(command.help), "")
    yield from ("| | |", "|---|---|")
    for argument in arguments:
        yield f"| `{argument.metavar}` | {_cell(argument.help)} |"
    for option in options:
        if "--help" not in option.opts:
            shown = " ".join([max(option.opts, key=len), *([option.metavar] if not option.is_flag else [])])
            yield f"| `{shown}` | {_cell(option.help)} |"
    yield ""


def _unfolded(text: str) -> str:
    """Paragraphs on one line each."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
