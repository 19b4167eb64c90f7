"""How many of the premises of a step the tracer finds, and how many of those the retrievers would have offered.

The tracer reads names from what the compiler wrote down.  Here a random sample of steps is asked about in another way:
each word of the tactic that is neither local nor part of its syntax goes to `Locate` in a Rocq that stands before the
theorem.  Recall of retrieval is the share of a step's premises among the best k of those that may be used there, for
BM25 and, if the library has an index (`proofloom index`), for the vectors of its encoder and for both together.
With a split it is told apart for premises that its training part uses and for new ones; the steps are those of the test
part, or with `--only` all of one library, which may be one that the split does not know.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from proofloom.assistants.executor import LocalProcesses
from proofloom.assistants.rocq.document import RocqDocument
from proofloom.assistants.rocq.outline import outline
from proofloom.assistants.rocq.process import ProcessLimits
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.sentences import masked, split
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.session import AssistantError
from proofloom.corpus.entries import FileEntry, StepEntry, TheoremEntry
from proofloom.corpus.library import Library
from proofloom.corpus.rocq.modules import discharged, sections_of
from proofloom.corpus.rocq.targets import STANDARD, find_target
from proofloom.corpus.rocq.trace import open_rocq_tracer
from proofloom.corpus.storage.schema import SOURCE
from proofloom.corpus.trace import Progress, trace
from proofloom.corpus.tracer import TraceLimits
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.evaluation.statistics.proportions import wilson
from proofloom.policies.premises.retrievers import RETRIEVERS, premise_retriever
from proofloom.proofs import Goal
from proofloom.retrieval.library_index import index_file
from proofloom.retrieval.situation import Situations

FILES = tuple(
    f"theories/{name}.v"
    for name in (
        "Init/Prelude", "Init/Logic", "Init/Datatypes", "Init/Peano", "Init/Specif", "Bool/Bool", "Lists/List",
        "Sorting/Permutation", "Sets/Powerset_facts", "Arith/Between",
    )
)  # fmt: skip
"""What is traced if there is no database."""

_WORD = re.compile(r"(?<![\w.'?%])@?[^\W\d][\w']*(?:\.[^\W\d][\w']*)*(?!\.\w)")
_DECLARED = re.compile(r"^([^\W\d][\w' ]*) :", re.MULTILINE)
_LOCATED = re.compile(r"^(?:Constant|Inductive|Constructor) (\S+)", re.MULTILINE)
_ABBREVIATES = re.compile(r"^Notation (\S+)", re.MULTILINE)
_TARGET = re.compile(r"Notation \S+ :=\s+@?([\w.']+)\s*$", re.MULTILINE)
# Where new names are given: intro patterns, binders, `(x := ..)`, `(H : ..)`, and the names of hint databases.
_GIVEN = re.compile(
    r"\b(?:intros?|eintros)\b[^;|.]*|\bas\b\s*(?:\[[^;]*?\](?=\s*(?:;|$|\||\]|,|\bin\b|\busing\b|\beqn\b))|[\w'?]+)"
    r"|\b(?:fun|forall|exists2?|λ|∀)\b(?=[^,;]*(?:,|=>))\s*(?:[\w' ]+(?=[:,=])|(?:\([\w' ]+:))"
    r"|\([\w']+\s*:=?|\bwith\b\s+(?=[\w ]+$)[\w ]+|\beqn:\s*[\w']+"
)
_HEADS = frozenset((
    "absurd", "admit", "after", "apply", "as", "assert", "assumption", "at", "auto", "autorewrite", "autounfold",
    "before", "btauto", "by", "case", "cbn", "cbv", "change", "clear", "cofix", "compute", "congruence", "constructor",
    "contradict", "contradiction", "cut", "decide", "decompose", "dependent", "destruct", "discrR", "discriminate",
    "do", "eapply", "eassumption", "easy", "eauto", "edestruct", "eexists", "elim", "else", "end", "exact", "exfalso",
    "exists", "f_equal", "field", "field_simplify", "first", "firstorder", "fix", "fold", "forall", "fourier", "fun",
    "functional", "generalize", "idtac", "if", "in", "induction", "injection", "into", "intuition", "inversion",
    "inversion_clear", "left", "let", "lia", "lra", "match", "move", "now", "nra", "of", "omega", "order", "pattern",
    "pose", "progress", "proof", "red", "reflexivity", "remember", "rename", "repeat", "replace", "return", "revert",
    "rewrite", "right", "ring", "ring_simplify", "set", "setoid_rewrite", "simpl", "solve", "specialize", "split",
    "split_Rabs", "subst", "symmetry", "tauto", "then", "transitivity", "trivial", "try", "unfold", "using", "with",
    "zify",
))  # fmt: skip
"""Words of tactics and terms that are names of constants too, somewhere in the library (`split` of lists)."""


@dataclass(frozen=True)
class Asked:
    """A step with its theorem and file."""

    step: StepEntry
    theorem: TheoremEntry
    file: FileEntry


@dataclass
class Agreement:
    """Mentions that both methods found, that only `Locate` found, and that only the tracer found."""

    both: int = 0
    only_located: list[str] = field(default_factory=list)
    only_traced: list[str] = field(default_factory=list)
    unread: int = 0


class Silent:
    """Shows nothing."""

    def started(self, path: str) -> None:
        """Nothing."""

    def ended(self, progress: Progress) -> None:
        """Nothing."""


def words_of(tactic: str, local: Sequence[str]) -> list[str]:
    """The words of a tactic that may be names of constants."""
    text = masked(tactic.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    given = {name for part in _GIVEN.findall(text) for name in re.findall(r"[^\W\d][\w']*", part)}
    bound = given - set(re.findall(r"(?:apply|rewrite|exact|unfold)\s+@?([\w']+)", text))
    found = [word.removeprefix("@") for word in _WORD.findall(text)]
    hidden = {*local, *bound, *_HEADS}
    return list(dict.fromkeys(word for word in found if word.split(".")[0] not in hidden))


class Locator:
    """Answers what names mean before a theorem; one process for the theorems of one file."""

    def __init__(self, document: RocqDocument, data: bytes) -> None:
        self._document = document
        self._data = data
        self._library = document.settings.logical_name
        sentences = tuple(split(data))
        inside = {sentence.start for record in outline(sentences) for sentence in record.sentences}
        self._sections = sections_of(sentence for sentence in sentences if sentence.start not in inside)
        self._position = 0

    def stand_before(self, theorem: TheoremEntry) -> None:
        """Load what stands before the statement; raises `AssistantError`."""
        self._position = theorem.start
        self._document.load(self._data[: theorem.start].decode("utf-8", "surrogateescape"), 600.0)

    def located(self, word: str) -> str | None:
        """The full name of the constant that `word` means; None if it means none."""
        answer = self._ask(f"Locate {word}.")
        first = answer.partition("\n")[0]
        if (constant := _LOCATED.match(first)) is not None:
            return discharged(constant[1], self._library, self._sections, self._position)
        if _ABBREVIATES.match(first) is not None:
            target = _TARGET.search(self._ask(f"About {word}."))
            return None if target is None else self.located(target[1])
        return None

    def _ask(self, question: str) -> str:
        try:
            return "\n".join(self._document.ask(question, 60.0))
        except AssistantError:
            return ""


@contextmanager
def opened(asked: Asked, root: Path, toolchain: RocqToolchain) -> Iterator[Locator | None]:
    """A locator for the file of a step; None if its text is not the traced one."""
    path = root / asked.file.path
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != asked.file.digest:
        yield None
        return
    document = RocqDocument(toolchain, settings_for(path, toolchain), ProcessLimits())
    try:
        yield Locator(document, data)
    finally:
        document.close()


def agreement(sample: Sequence[Asked], roots: dict[int, Path], toolchain: RocqToolchain) -> Agreement:
    """Ask about every step of the sample."""
    result = Agreement()
    ordered = sorted(sample, key=lambda one: (one.file.id, one.theorem.start, one.step.position))
    for _, of_file in groupby(ordered, key=lambda one: one.file.id):
        steps = list(of_file)
        with opened(steps[0], roots[steps[0].file.repository_id], toolchain) as locator:
            if locator is None:
                result.unread += len(steps)
                continue
            for asked in steps:
                locator.stand_before(asked.theorem)
                compare(asked.step, locator, result)
    return result


def compare(step: StepEntry, locator: Locator, result: Agreement) -> None:
    """Ask about one step."""
    local = [name for line in _DECLARED.findall(step.state_before) for name in line.split()]
    names = [locator.located(word) for word in words_of(step.tactic, local)]
    located = {name for name in names if name is not None}
    traced = set(step.premises)
    result.both += len(located & traced)
    result.only_located += [f"{name} in {step.tactic!r}" for name in sorted(located - traced)]
    result.only_traced += [f"{name} in {step.tactic!r}" for name in sorted(traced - located)]


KINDS = ("learned", "new_own_file", "new_elsewhere")
"""Premises that steps of the training part use, and others, from the theorem's own file and from others."""
FIRST = 10


@dataclass
class Offered:
    """What one retriever offered at each step: recall at each k, reciprocal rank of the first used; ms per query.

    `within` says by kind of premise (`KINDS`) of each whether it was among the first `FIRST`.
    """

    recall: dict[int, list[float]]
    within: dict[str, list[bool]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    reciprocal: list[float] = field(default_factory=list)
    milliseconds: float = 0.0


@dataclass
class Retrieval:
    """What each retriever offered; counts of used premises and of steps whose first goal is not whole."""

    offered: dict[str, Offered]
    used: int = 0
    usable: int = 0
    cut: int = 0


def retrieval(
    sample: Sequence[Asked], library: Library, index: Path | None, ks: Sequence[int], split: str | None
) -> Retrieval:
    """Ask at every step; what a step uses and the library does not offer there counts as used only."""
    premises = library.premises()
    files = {premise.full_name: premise.file_id for premise in premises}
    trained = library.steps(by=SOURCE, split=split, part="train") if split else ()
    learned = {name for step in trained for name in step.premises}
    place = {premise.id: number for number, premise in enumerate(premises)}
    situations = Situations.in_library(library, lambda path: path.stem)
    names = RETRIEVERS if index is not None and index.is_file() else RETRIEVERS[:1]
    rankers = {name: premise_retriever(name, premises, situations, index, threads=1) for name in names}
    result = Retrieval({name: Offered({k: [] for k in ks}) for name in names})
    for asked in sorted(sample, key=lambda one: one.theorem.id):
        usable = np.array([place[int(number)] for number in library.accessible(asked.theorem.id)], dtype=np.int64)
        used = set(asked.step.premises)
        wanted = used & {premises[number].full_name for number in usable}
        result.used += len(used)
        result.usable += len(wanted)
        first = asked.step.state_before.split("\n\n")[0]
        if "⊢" not in first:
            result.cut += 1
            continue
        goal = Goal.parse(first)
        ranked: dict[str, list[int]] = {}
        for name, ranker in rankers.items():
            begun = time.process_time()
            ranked[name] = [place[one.premise.id] for one in ranker.among(goal, usable, max(ks))]
            result.offered[name].milliseconds += 1000 * (time.process_time() - begun) / len(sample)
        for name, order in ranked.items() if wanted else ():
            offer = [premises[number].full_name for number in order]
            rank = next((rank for rank, full_name in enumerate(offer[: max(ks)], 1) if full_name in wanted), None)
            result.offered[name].reciprocal.append(0.0 if rank is None else 1 / rank)
            for k in ks:
                result.offered[name].recall[k].append(len(wanted & set(offer[:k])) / len(wanted))
            for used_name in sorted(wanted) if split else ():
                own = files[used_name] == asked.file.id
                kind = KINDS[0] if used_name in learned else KINDS[1] if own else KINDS[2]
                result.offered[name].within[kind].append(used_name in offer[:FIRST])
    return result


def drawn(
    library: Library,
    size: int,
    seed: int,
    *,
    with_premises: bool,
    of: tuple[str | None, str | None] = (None, None),
    only: str | None = None,
) -> list[Asked]:
    """Random steps of proofs that stand in Rocq files, `of` a part of a split or `only` of one repository if given."""
    found = [entry for entry in library.repositories() if entry.repository.assistant == "rocq"]
    rocq = {entry.id for entry in found if only in (None, entry.repository.url.removeprefix("rocq:"))}
    if not rocq:
        raise SystemExit(f"--only {only}: no such repository; there are {', '.join(e.repository.url for e in found)}")
    files = {file.id: file for file in library.files() if file.repository_id in rocq}
    theorems = {theorem.id: theorem for theorem in library.theorems() if theorem.file_id in files}
    generator = random.Random(seed)
    kept: list[StepEntry] = []
    seen = 0
    for step in library.steps(by=SOURCE, split=of[0], part=of[1]):
        if step.theorem_id in theorems and (step.premises or not with_premises):
            seen += 1
            if len(kept) < size:
                kept.append(step)
            elif (number := generator.randrange(seen)) < size:
                kept[number] = step
    return [Asked(step, theorems[step.theorem_id], files[theorems[step.theorem_id].file_id]) for step in kept]


def roots_of(library: Library, toolchain: RocqToolchain) -> dict[int, Path]:
    """The folder below which the files of each repository stand."""
    installed = {f"rocq:{STANDARD}": toolchain.library}
    return {
        entry.id: installed.get(entry.repository.url, toolchain.contributions)
        if entry.repository.url.startswith("rocq:")
        else Path(entry.repository.url)
        for entry in library.repositories()
    }


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with its 95 % interval, from the spread of the values."""
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1) / len(values))
    return mean, max(0.0, mean - 1.96 * spread), min(1.0, mean + 1.96 * spread)


def traced_few(place: Path, toolchain: RocqToolchain) -> None:
    """Trace a few files of the standard library."""
    target = find_target(STANDARD, toolchain, date.today())
    few = replace(target, files=tuple(file for file in target.files if file.path in FILES))
    with Library.open(place) as library:
        tracer = partial(open_rocq_tracer, toolchain, TraceLimits())
        trace(few, library, LocalProcesses(2), tracer, Silent(), time.monotonic)


@contextmanager
def library_place(given: str | None, toolchain: RocqToolchain) -> Iterator[str]:
    """The database that was `given`, or a temporary one of a few files."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="proofloom-library-") as folder:
        place = Path(folder) / "library.sqlite"
        traced_few(place, toolchain)
        yield str(place)


def report_agreement(asked: Sequence[Asked], same: Agreement, figures: Figures) -> None:
    """How the tracer and `Locate` agree."""
    for name, examples in (("only Locate", same.only_located), ("only the tracer", same.only_traced)):
        figures.say(f"{len(examples)} mentions found by {name} has, such as:" if examples else f"none by {name}")
        for example in examples[:10]:
            figures.say(f"    {example[:110]}")
    located = same.both + len(same.only_located)
    low, high = wilson(same.both, located)
    share = same.both / max(1, located)
    figures.say(f"{same.both} of {located} located mentions were traced: {share:.1%} ({low:.1%} to {high:.1%})")
    figures.figure("steps_asked_about", len(asked) - same.unread)
    figures.figure("steps_without_their_file", same.unread)
    figures.figure("located", located)
    figures.figure("only_traced", len(same.only_traced))
    figures.figure("recall_of_names_interval", [round(low, 4), round(high, 4)])
    figures.goal("recall_of_names", round(share, 4), 0.98)


def report_retrieval(steps: int, offered: Retrieval, figures: Figures) -> None:
    """What each retriever offered, with intervals."""
    figures.figure("steps_with_premises", steps)
    figures.figure("steps_without_their_goal", offered.cut)
    figures.figure("used_premises_that_may_be_used", round(offered.usable / max(1, offered.used), 4))
    for name, offer in offered.offered.items():
        columns = {f"recall_at_{k}": values for k, values in offer.recall.items()} | {"mrr": offer.reciprocal}
        shown = []
        for column, values in columns.items():
            mean, low, high = interval(values)
            shown.append(f"{column} {mean:.3f} ({low:.3f} to {high:.3f})")
            figures.figure(f"{name}_{column}", round(mean, 4))
            figures.figure(f"{name}_{column}_interval", [round(low, 4), round(high, 4)])
        figures.say(f"{name:7} {', '.join(shown)}, {offer.milliseconds:.1f} ms CPU, {len(offer.reciprocal)} steps")
        for kind, hits in offer.within.items():
            if hits:
                low, high = wilson(sum(hits), len(hits))
                told = f"{sum(hits) / len(hits):.3f} ({low:.3f} to {high:.3f})"
                figures.say(f"        of {len(hits)} premises {kind.replace('_', ' ')}: {told} among the first {FIRST}")
                figures.figure(f"{name}_{kind}", [sum(hits), len(hits)])
        figures.figure(f"{name}_milliseconds", round(offer.milliseconds, 2))


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", help="a library that `proofloom trace` made (default: a few files are traced)")
    parser.add_argument("--split", metavar="NAME", help="retrieval is asked about steps of the test part of this split")
    parser.add_argument("--only", metavar="NAME", help="steps of this library alone, such as Coquelicot")
    parser.add_argument("--sample", type=int, default=300, metavar="N", help="steps asked about (default 300)")
    parser.add_argument("--retrieval-only", action="store_true", help="leave out the comparison with Locate")
    options = parser.parse_args()
    figures = Figures(f"premises_{options.only.lower()}" if options.only else "premises", quiet=options.json)
    toolchain = find_toolchain()
    size = min(options.sample, 200) if options.quick else options.sample
    with library_place(options.db, toolchain) as place, Library.open(place, create=False) as library:
        if not options.retrieval_only:
            asked = drawn(library, size, options.seed, with_premises=False, only=options.only)
            report_agreement(asked, agreement(asked, roots_of(library, toolchain), toolchain), figures)
        asked_of = (None, None) if options.split is None or options.only else (options.split, "test")
        steps = drawn(library, 5 * size, options.seed, with_premises=True, of=asked_of, only=options.only)
        report_retrieval(len(steps), retrieval(steps, library, index_file(place), (1, 10, 100), options.split), figures)
        figures.figure("premises", library.counts()["premises"])
    figures.finish(options.out)


if __name__ == "__main__":
    main()
