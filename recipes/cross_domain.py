"""Does the flow loss help on structured text that is no proof?  Python programs, their levels from how code is nested.

A state is the lines before a line of a function; the tactic is that line.  Levels: lines of the module are context,
`class` lines are cases, `def` lines and decorators types, statements of a function instances, and statements inside
those goals.  A `def` that looks at the body of the function above it looks up, so there is much for the loss to forbid.
The programs are those of Python's own library, whole files apart for validation.  Plain, flow and the reversed
hierarchy are trained from the same weights in the same order, and compared line by line, files drawn whole.
"""

from __future__ import annotations

import random
import re
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from proofloom.attention.flow_loss import FlowSettings
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.paired import bootstrap_ratio
from proofloom.hierarchy import FIVE_LEVELS, Level, LevelledText, Span
from proofloom.models.neox import SIZES, build_model
from proofloom.models.tokenizer import train_tokenizer
from proofloom.training.batches import collate
from proofloom.training.config import FitConfig, Optimiser
from proofloom.training.examples import Examples, Limits, Pair, encode
from proofloom.training.fit import TrainingData, fit
from proofloom.training.loss import losses
from proofloom.training.metrics import JsonLines

LINES = 24
"""Lines before the one that is to be written."""
LIMITS = Limits(prompt=128, tactic=48)
HELD_OUT = 8
"""One file of so many is held out."""
PLAIN = FlowSettings(strength=0.0)
FLOW = FlowSettings(strength=0.1, layers=4)
ARMS = {"plain": PLAIN, "flow": FLOW, "reversed": replace(FLOW, hierarchy=FIVE_LEVELS.reversed())}
_HEADER = re.compile(r"\s*(class|def|async def|@)\b|\s*@")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a program and its level."""

    text: str
    level: Level


def levelled_lines(program: str) -> list[Line]:
    """The lines of a program that are not empty, each with its level; a line inside brackets or a text keeps its own
    indentation, and is taken for what that says.
    """
    lines: list[Line] = []
    functions: list[int] = []  # indentations of the functions around
    for text in program.splitlines():
        if not text.strip():
            continue
        indent = len(text) - len(text.lstrip())
        while functions and indent <= functions[-1]:
            functions.pop()
        header = _HEADER.match(text)
        if header is not None and header[1] == "class":
            level = Level.CASE
        elif header is not None:
            level = Level.TYPE
            if header[1] in ("def", "async def"):
                functions.append(indent)
        elif not functions:
            level = Level.CONTEXT
        else:
            level = Level.INSTANCE if indent <= functions[-1] + 4 else Level.GOAL
        lines.append(Line(text, level))
    return lines


def pairs(program: str) -> list[Pair]:
    """A pair for each line in a function: what stands before it, and the line."""
    lines = levelled_lines(program)
    made = []
    for place, line in enumerate(lines):
        if line.level >= Level.INSTANCE and place >= 2:
            made.append(Pair(_joined(lines[max(0, place - LINES) : place]), line.text))
    return made


def _joined(lines: Sequence[Line]) -> LevelledText:
    spans, position = [], 0
    for line in lines:
        spans.append(Span(position, position + len(line.text) + 1, line.level))
        position += len(line.text) + 1
    return LevelledText("".join(f"{line.text}\n" for line in lines), tuple(spans))


def programs() -> list[Path]:
    """The modules of Python's library, without its tests and what was installed beside it."""
    root = Path(sysconfig.get_paths()["stdlib"])
    away = {"test", "tests", "site-packages", "dist-packages", "idlelib", "lib2to3", "encodings", "config"}
    found = (file for file in root.rglob("*.py") if not away & set(file.relative_to(root).parts))
    return sorted(file for file in found if "config-" not in str(file))


def read(files: Sequence[Path]) -> Iterator[list[Pair]]:
    """The pairs of each file that can be read."""
    for file in files:
        try:
            yield pairs(file.read_text("utf-8"))
        except UnicodeDecodeError:
            continue


def scores(model: PreTrainedModel, examples: Examples, padding: int) -> list[float]:
    """Nats that the line of each example costs."""
    model.train(False)
    depth = model.config.num_hidden_layers
    with torch.no_grad():
        return [
            float(losses(model, collate(examples, np.array([one]), padding), PLAIN, depth).tactic)
            for one in range(len(examples))
        ]


@dataclass(frozen=True)
class Corpus:
    """Lines to learn from and lines to measure on; `files` says of which file each of the latter is."""

    tokenizer: PreTrainedTokenizerBase
    train: Examples
    validation: Examples
    files: list[int]

    @property
    def padding(self) -> int:
        """The token that fills up rows."""
        return int(self.tokenizer.pad_token_id)

    @property
    def flowing(self) -> float:
        """The share of the lines to learn from that have any forbidden flow before them."""
        starts = self.train.starts.tolist()
        found = [FIVE_LEVELS.can_flow(self.train.levels[a:b].tolist()) for a, b in pairwise(starts)]
        return sum(found) / len(found)


def corpus(seed: int, count: int, held_out: int) -> Corpus:
    """`count` lines to learn from, and about `held_out` of other files, as many of each where it has so many."""
    files = programs()
    random.Random(seed).shuffle(files)
    apart = files[::HELD_OUT]
    learned = [pair for some in read([file for file in files if file not in set(apart)]) for pair in some]
    random.Random(seed + 1).shuffle(learned)
    learned = learned[:count]
    tokenizer = train_tokenizer((text for pair in learned for text in (pair.state.text, pair.tactic)), 1024)
    measured: list[Pair] = []
    numbers: list[int] = []
    for number, some in enumerate(read(apart)):
        short = [pair for pair in some if len(encode([pair], tokenizer, LIMITS))]
        drawn = random.Random(seed + number).sample(short, min(len(short), max(1, held_out // len(apart))))
        measured += drawn
        numbers += [number] * len(drawn)
    return Corpus(tokenizer, encode(learned, tokenizer, LIMITS), encode(measured, tokenizer, LIMITS), numbers)


def trained(data: Corpus, flow: FlowSettings, seed: int) -> PreTrainedModel:
    """A small model after one pass over the lines; the same weights and order for the same seed."""
    model = build_model(SIZES["nano"], data.tokenizer, seed, LIMITS.prompt + LIMITS.tactic)
    config = FitConfig(
        epochs=1.0, batch=32, micro_tokens=4096, pool=64, optimiser=Optimiser.MUON, learning_rate=1e-2, prompt_loss=0.2,
        seed=seed, evaluate_every=10**9, evaluation_examples=200, flow=flow,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        log = JsonLines(Path(folder) / "metrics.jsonl", time.monotonic)
        fit(model, TrainingData(data.train, data.validation, data.padding), config, log)
    return model


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=16_000, help="lines to learn from (default 16000)")
    parser.add_argument("--held-out", type=int, default=1_500, help="lines to measure on (default 1500)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each arm (default 3)")
    options = parser.parse_args()
    count, held_out, seeds = (640, 100, 1) if options.quick else (options.examples, options.held_out, options.seeds)
    figures = Figures("cross_domain", quiet=options.json)
    data = corpus(options.seed, count, held_out)
    figures.say(f"{len(data.train):,} lines to learn from, {100 * data.flowing:.0f} % with forbidden flow")
    figures.say(f"{len(data.validation):,} lines of {len(set(data.files))} other files to measure on")
    figures.figure("examples", len(data.train))
    figures.figure("flowing_share", round(data.flowing, 4))
    words = np.bincount(data.files, data.validation.tactic_lengths)
    lost = {arm: np.zeros(len(words)) for arm in ARMS}
    for seed in range(options.seed, options.seed + seeds):
        for arm, flow in ARMS.items():
            found = scores(trained(data, flow, seed), data.validation, data.padding)
            lost[arm] += np.bincount(data.files, found) / seeds
            each = sum(found) / float(words.sum())
            figures.say(f"seed {seed} {arm:8}: {each:.4f} nats per token of a line")
            figures.figure(f"{arm}_{seed}_nats", round(each, 4))
    present = words > 0
    for arm in ("flow", "reversed"):
        more = (lost[arm] - lost["plain"])[present].tolist()
        change = bootstrap_ratio(more, words[present].tolist(), np.random.default_rng(options.seed))
        figures.say(f"{arm} - plain: {change.value:+.4f} nats a token (95 %: {change.low:+.4f} to {change.high:+.4f})")
        figures.figure(f"{arm}_minus_plain", asdict(change))
    figures.finish(options.out)


if __name__ == "__main__":
    main()
