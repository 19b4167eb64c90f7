"""Texts by trees: paragraphs, sentences and tokens of documentation, told apart by the module that they document.

    python recipes/text_classification.py [--seeds 3] [--epochs 8]

The texts are docstrings of Python's standard library, which is on every machine that can run this; their classes are
the modules and packages that hold most of them.  Hierarchical attention, flat attention and no attention are trained
from the same seeds on the same texts (the paper's setting: one layer, the mean over the leaves, a network with one
hidden layer); accuracy is on held-out texts, its interval over them.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.paired import bootstrap_mean
from proofloom.hierarchy.signals import PARAGRAPHS, SENTENCES, TOKENS, text_tree
from proofloom.models.tree_encoder import Arm, EncoderSizes, TreeEncoder, TreeText

SHORTEST = 12
"""Words of a text, at least."""
_WORD = re.compile(r"\w+|[^\w\s]")
_LEFT_OUT = ("test", "idlelib", "lib2to3", "site-packages", "__pycache__")


def documents(folder: Path) -> Iterator[tuple[str, str]]:
    """The module or package and the text of every docstring of the library in `folder`, each text once."""
    seen: set[str] = set()
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).parts
        if set(parts) & set(_LEFT_OUT):
            continue
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                if len(_WORD.findall(text)) >= SHORTEST and text not in seen:
                    seen.add(text)
                    yield parts[0].removesuffix(".py"), text


def encoded(texts: Sequence[str], words: dict[str, int]) -> list[TreeText]:
    """Words as numbers, those that are not known as 0, and the tree of each text."""
    found = []
    for text in texts:
        matches = list(_WORD.finditer(text))
        tree = text_tree(text, [match.span() for match in matches])
        found.append(TreeText(tuple(words.get(match[0].lower(), 0) for match in matches), tree))
    return found


class Classifier(nn.Module):
    """An encoder and a network with one hidden layer."""

    def __init__(self, vocabulary: int, classes: int, arm: Arm) -> None:
        super().__init__()
        domains = (PARAGRAPHS.name, SENTENCES.name, TOKENS.name)
        self.encoder = TreeEncoder(vocabulary, domains, arm, EncoderSizes(heads=3))
        self.network = nn.Sequential(nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, classes))

    def forward(self, texts: Sequence[TreeText]) -> Tensor:
        """(B, classes): scores."""
        scores: Tensor = self.network(self.encoder(texts))
        return scores


def trained(model: Classifier, texts: Sequence[TreeText], labels: Sequence[int], epochs: int, seed: int) -> None:
    """Train in place, 64 texts at a time."""
    chance = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    steps = epochs * -(-len(texts) // 64)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.02, steps)
    for _ in range(epochs):
        order = chance.permutation(len(texts)).tolist()
        for start in range(0, len(texts), 64):
            places = order[start : start + 64]
            scores = model([texts[place] for place in places])
            loss = nn.functional.cross_entropy(scores, torch.tensor([labels[place] for place in places]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


def right(model: Classifier, texts: Sequence[TreeText], labels: Sequence[int]) -> list[float]:
    """1.0 for every text that is told right."""
    found: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(texts), 256):
            guessed = model(texts[start : start + 256]).argmax(-1).tolist()
            found += [float(one == other) for one, other in zip(guessed, labels[start : start + 256], strict=True)]
    return found


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8, help="passes over the texts (default 8)")
    parser.add_argument("--seeds", type=int, default=3, help="how often each arm is trained (default 3)")
    parser.add_argument("--classes", type=int, default=20, help="modules to tell apart (default 20)")
    options = parser.parse_args()
    figures = Figures("text_classification", quiet=options.json)
    found = list(documents(Path(sysconfig.get_path("stdlib"))))
    names = [name for name, _ in Counter(name for name, _ in found).most_common(options.classes)]
    found = [(name, text) for name, text in found if name in names]
    held_out = [hashlib.sha256(text.encode()).digest()[0] < 51 for _, text in found]  # a fifth, the same everywhere
    train = [one for one, held in zip(found, held_out, strict=True) if not held]
    test = [one for one, held in zip(found, held_out, strict=True) if held]
    if options.quick:
        train, test = train[::8], test[::4]
    counts = Counter(word.lower() for _, text in train for word in _WORD.findall(text))
    words = {word: number for number, (word, count) in enumerate(counts.most_common(8000), start=1) if count > 1}
    most = Counter(name for name, _ in test).most_common(1)[0][1] / len(test)
    figures.say(f"{len(train):,} texts to learn from, {len(test):,} held out, {len(names)} classes, largest {most:.3f}")
    figures.figure("largest_class", round(most, 4))
    texts, asked = (encoded([text for _, text in part], words) for part in (train, test))
    labels, answers = ([names.index(name) for name, _ in part] for part in (train, test))
    scores: dict[Arm, list[float]] = {}
    for arm in Arm:
        runs = []
        for seed in range(options.seed, options.seed + (1 if options.quick else options.seeds)):
            torch.manual_seed(seed)
            model = Classifier(len(words) + 1, len(names), arm)
            trained(model, texts, labels, 2 if options.quick else options.epochs, seed)
            runs.append(right(model, asked, answers))
            figures.figure(f"{arm}_seed_{seed}_accuracy", round(float(np.mean(runs[-1])), 4))
        scores[arm] = np.mean(runs, 0).tolist()
        made = bootstrap_mean(scores[arm], np.random.default_rng(options.seed))
        figures.say(f"{arm:8} accuracy {made.value:.4f} (95 %: {made.low:.4f} to {made.high:.4f})")
        figures.figure(f"{arm}_accuracy", [round(one, 4) for one in (made.value, made.low, made.high)])
    differences = [one - other for one, other in zip(scores[Arm.HSA], scores[Arm.FSA], strict=True)]
    made = bootstrap_mean(differences, np.random.default_rng(options.seed))
    figures.say(f"hsa - fsa {made.value:+.4f} (95 %: {made.low:+.4f} to {made.high:+.4f})")
    figures.figure("hsa_minus_fsa_interval", [round(made.low, 4), round(made.high, 4)])
    figures.goal("hsa_minus_fsa", round(made.value, 4), 0.0)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
