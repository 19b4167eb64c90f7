"""The verb `inspect`: shows the level of every line of a state, and where the attention of models goes in it.

The levels need nothing but the state; torch is imported for a model, matplotlib for its pictures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proofloom.app.extras import model_extra
from proofloom.app.inspection.flow_report import (
    ModelFlows,
    inspection_page,
    model_names,
    model_object,
    state_object,
    told_flows,
    told_state,
    told_tree,
)
from proofloom.app.inspection.given_states import given_states
from proofloom.app.inspection.heat_maps import level_map, token_map
from proofloom.app.toml_records import BadInput
from proofloom.assistants.files import write_beside
from proofloom.evaluation.attention_flows import attention_flows, token_attention
from proofloom.hierarchy import LevelledText, levelled_state
from proofloom.policies.model.folder import loaded_model, model_place
from proofloom.proofs import ProofState

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CONSTRAINED = 4
PAGE, LEVELS, TOKENS = "inspect.html", "levels.png", "tokens.png"
"""The files of the folder."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of every model: the layers that count as constrained and those that are drawn, from 1."""

    constrained: int | None
    layers: tuple[int, ...]


def inspect(
    state: Annotated[
        str,
        typer.Argument(
            metavar="STATE",
            help="A proof state as it is printed, a file that holds one, a file of JSON lines with the field state "
            "or state_before, or - for standard input.",
        ),
    ],
    model: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="A model to look into, or shipped for the one of the package; may be given several times.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help=f"Write {PAGE} and, for models, {LEVELS} and {TOKENS} there.")
    ] = None,
    states: Annotated[
        int, typer.Option(metavar="N", min=1, help="States of a file of JSON lines that are read, at most.")
    ] = 100,
    constrained: Annotated[
        int | None,
        typer.Option(
            metavar="L",
            min=0,
            help=f"The tables set the first L layers apart, the constrained ones (default {_CONSTRAINED}).",
        ),
    ] = None,
    layers: Annotated[
        str,
        typer.Option(
            metavar="N,...",
            help="Layers that are drawn by token, from 1 (default: first, last constrained, last).",
        ),
    ] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Draw the tree of goals, declarations and words too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, for other programs.")] = False,
) -> int:
    """Show the level of every line of a proof state, and how much attention models pay to which level.

    The tables say for each level of the reading token how much goes to lower levels (guided), to its own
    (unrestricted) and to higher ones (limited), with the first token of the prompt and without it. They are the mean
    over all states; of the first state, the attention between tokens is drawn. Models need the extra `model`.

    Exit status: 0, or 2 for bad input.
    """
    question = _Question(constrained, _layers(layers))
    given = given_states(state, states)
    levelled = [levelled_state(one) for one in given.states]
    folders = list(dict.fromkeys(model or ()))
    with model_extra("inspect", "matplotlib"):
        models = _models(folders, given.states, question)
        pictures = {LEVELS: level_map(models), TOKENS: token_map(models)} if models and output is not None else {}
    shown = levelled[:1] if models else levelled
    files: dict[str, bytes] = {}
    if output is not None:
        title = f"{len(levelled):,} proof states" if len(levelled) > 1 else "A proof state"
        captions = {_CAPTIONS[name]: data for name, data in pictures.items()}
        page = inspection_page(title, levelled, len(shown), models, captions, trees=tree)
        files = {PAGE: page.encode(), **pictures}
    written = _write(files, output) if output is not None else []
    for line in _printed(shown, levelled, models, written, tree, as_json):
        typer.echo(line)
    for line in given.left_out:
        _say(f"left out: {line}")
    return 0


_CAPTIONS: Mapping[str, str] = {
    LEVELS: "Layer by query level and key level, in %; what is limited is framed.",
    TOKENS: "The first state by tokens: rows read columns; the colour is the square root of the attention.",
}


def _printed(
    shown: Sequence[LevelledText],
    states: Sequence[LevelledText],
    models: Sequence[ModelFlows],
    written: Sequence[Path],
    tree: bool,
    as_json: bool,
) -> Iterator[str]:
    if as_json:
        for state in shown:
            drawn = {"tree": told_tree(state)} if tree else {}
            yield json.dumps({**state_object(state), **drawn})
        yield from (json.dumps(model_object(one)) for one in models)
        yield from (json.dumps({"file": path.as_posix()}) for path in written)
        return
    for number, state in enumerate(shown):
        if number:
            yield "-" * 10
        yield from told_state(state)
        if tree:
            yield ""
            yield from told_tree(state)
    if models:
        yield ""
        yield from told_flows(models, states)
    if written:
        yield ""
        yield from (path.as_posix() for path in written)


def _layers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise BadInput(f"--layers {text}: wanted numbers from 1 up, separated by commas")
    return tuple(sorted({int(part) for part in parts}))


def _models(folders: Sequence[Path], states: Sequence[ProofState], question: _Question) -> list[ModelFlows]:
    """Each model measured, in order; raises `BadInput`."""
    if not folders:
        return []
    from proofloom.models.errors import ModelError

    measured = []
    for folder, name in zip(folders, model_names(folders), strict=True):
        _say(f"{folder}: reading {len(states):,} state{'s' * (len(states) != 1)}")
        try:
            measured.append(_measured(folder, name, states, question))
        except ModelError as error:
            raise BadInput(f"--model {error}") from error
        except ValueError as error:
            raise BadInput(f"--model {folder}: {error}") from error
    return measured


def _measured(folder: Path, name: str, states: Sequence[ProofState], question: _Question) -> ModelFlows:
    from proofloom.attention.interface import use_flow_attention
    from proofloom.models.prompt import Cut, prompts
    from proofloom.models.reading import remembered_reading
    from proofloom.training.examples import Limits

    loaded = loaded_model(model_place(folder))
    tokenizer, model = loaded.tokenizer, loaded.model.float()
    use_flow_attention(model)
    config = model.config.get_text_config()
    depth = config.num_hidden_layers
    constrained = min(_CONSTRAINED, depth) if question.constrained is None else question.constrained
    panels = question.layers or tuple(sorted({1, max(constrained, 1), depth}))
    for option, layer in (("--constrained", constrained), ("--layers", panels[-1])):
        if layer > depth:
            raise BadInput(f"{option} {layer}: {folder} has {depth} layers")
    reading = remembered_reading(tokenizer)
    levelled = [reading.of_state(state) for state in states]
    made = prompts(tokenizer, levelled, min(Limits().prompt, loaded.room))
    return ModelFlows(
        name,
        constrained,
        sum(prompt.cut is not Cut.NOTHING for prompt in made),
        attention_flows(model, made),
        token_texts(tokenizer, made[0].tokens),
        made[0].levels,
        token_attention(model, made[0]),
        [layer - 1 for layer in panels],
    )


def token_texts(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> list[str]:
    """What each token adds to the text; a character of several tokens is the last one's."""
    texts, known = [], ""
    for end in range(1, len(tokens) + 1):
        text = str(tokenizer.decode(list(tokens[:end]), clean_up_tokenization_spaces=False))
        whole = not text.endswith("\ufffd")
        texts.append(text[len(known) :] if whole else "")
        known = text if whole else known
    return texts


def _write(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files into `folder`, which is made; raises `BadInput`, or `AssistantError` for a single file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--output {folder}: no folder can be made there ({error.strerror})") from error
    for name, data in files.items():
        write_beside(folder / name, data)
    return [folder / name for name in files]


def _say(line: str) -> None:
    typer.echo(f"proofloom: {line}", err=True)
