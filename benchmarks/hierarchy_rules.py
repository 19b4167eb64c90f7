"""How often line rules give a proof state other levels than its structure, by level, and in what kinds of states.

States come from a traced library of Rocq (`--db`; those that it holds in full), from JSONL files of Lean states with a
field `state` or `goal`, or, if neither is given, from replaying one file of Rocq's standard library.  Two sets of rules
are compared with the structure: those of the paper, as far as its figure shows them, and those of
`proofloom.hierarchy`.  A line counts as wrong if any of its characters has another level.  A text that is no state
has no structure, and is counted apart.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.corpus.library import Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.hierarchy import (
    FIVE_LEVELS,
    LINE_RULES,
    PAPER_RULES,
    Level,
    LineRules,
    Universes,
    state_spans,
    text_spans,
)
from proofloom.proofs import ProofState, StateSyntaxError, Step

RULES: dict[str, LineRules] = {"paper": PAPER_RULES, "ours": LINE_RULES}
EXAMPLES = 12
"""How many kinds of errors are shown for each set of rules."""


class Tally:
    """Lines of states by level, and the lines that each set of rules gets wrong."""

    def __init__(self, universes: Universes) -> None:
        self._universes = universes
        self.states = self.unreadable = self.flowing = 0
        self.lines: Counter[Level] = Counter()
        self.wrong: dict[str, Counter[Level]] = {name: Counter() for name in RULES}
        self.states_wrong: Counter[str] = Counter()
        self.kinds: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in RULES}
        self.shown: dict[tuple[str, str], str] = {}
        self.refusals: Counter[str] = Counter()

    def add(self, text: str, state: ProofState | None = None) -> None:
        """Count one state; its structure is read back from the text if `state` is not given."""
        try:
            state = ProofState.parse(text) if state is None else state
        except StateSyntaxError as error:
            self.unreadable += 1
            self.refusals[_without_the_line(str(error))] += 1
            return
        text = state.text
        spans = state_spans(state, self._universes)
        self.states += 1
        self.lines.update(Level(span.level) for span in spans)
        self.flowing += FIVE_LEVELS.can_flow([Level.CONTEXT, *(span.level for span in spans)])
        for name, rules in RULES.items():
            found = text_spans(text, rules)
            if [(one.start, one.level) for one in found] == [(one.start, one.level) for one in spans]:
                continue
            read = [one.level for one in found for _ in range(one.start, one.end)]
            clean = True
            for span in spans:
                others = set(read[span.start : span.end]) - {span.level}
                if others:
                    clean = False
                    self.wrong[name][Level(span.level)] += 1
                    line = text[span.start : span.end].rstrip("\n")
                    kind = (f"{Level(span.level).name} read as {'/'.join(Level(i).name for i in others)}", _shape(line))
                    self.kinds[name][kind] += 1
                    self.shown.setdefault(kind, line)
            self.states_wrong[name] += not clean


def _shape(line: str) -> str:
    """What a wrong line looks like: how it starts, the head of its type, and whether it is wrapped."""
    wrapped = ", wrapped" if "\n" in line else ""
    if line.startswith("case"):
        return "starts with 'case'" + wrapped
    _, colon, rest = line.partition(" : ")
    return (f"type starts with {rest.split()[0]!r}" if colon and rest.split() else "no colon") + wrapped


def _without_the_line(message: str) -> str:
    return message.split(": wanted")[-1] if ": wanted" in message else "lines after the conclusion"


def from_library(place: Path) -> Iterator[tuple[str, None]]:
    """States before each step, but for those whose end was dropped because they were too long."""
    with Library.open(place, create=False) as library:
        for step in library.steps():
            if not step.cut:
                yield step.state_before, None


def from_file(path: Path) -> Iterator[tuple[str, None]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        record = json.loads(line)
        text = record.get("state", record.get("goal"))
        if not isinstance(text, str):
            raise ValueError(f"{path.name}:{number}: no field 'state' or 'goal' with a text in it")
        yield text, None


def from_proofs() -> Iterator[tuple[str, ProofState]]:
    """The states on the way of the proofs of `Lists/List.v`, as Rocq gives them."""
    toolchain = find_toolchain()
    source = Source.read(toolchain.standard_folder / "Lists" / "List.v")
    rocq = Rocq(toolchain)
    for proof in source.proofs:
        if proof.ending != "Qed.":
            continue
        session = rocq.open(source.restated(proof))
        state = session.root
        for tactic in proof.tactics:
            yield state.text, state
            result = session.apply(state, tactic, 5.0)
            if not isinstance(result, Step):
                break
            state = result.after
        session.close()


def report(name: str, tally: Tally, figures: Figures) -> None:
    lines, states = tally.lines.total(), tally.states
    figures.say(f"\n{name}: {states} states, {lines} lines, {tally.unreadable} texts without a structure")
    for refusal, count in tally.refusals.most_common(3):
        figures.say(f"  {count:6} refused: wanted{refusal}")
    figures.say(f"  {tally.flowing} states ({tally.flowing / max(states, 1):.1%}) have forbidden flow at all")
    for key, value in (("states", states), ("unreadable", tally.unreadable), ("flowing", tally.flowing)):
        figures.figure(f"{name}_{key}", value)
    for rules in RULES:
        wrong = tally.wrong[rules]
        figures.say(f"  rules: {rules}; {tally.states_wrong[rules]} states with an error")
        figures.figure(f"{name}_{rules}_states_wrong", tally.states_wrong[rules])
        for level in Level:
            count, of = wrong[level], tally.lines[level]
            figures.say(f"    {level.name:9} {count:8} of {of:8} lines wrong {count / max(of, 1):8.3%}")
            figures.figure(f"{name}_{rules}_{level.name.lower()}_error_rate", round(count / max(of, 1), 6))
        for kind, count in tally.kinds[rules].most_common(EXAMPLES):
            example = tally.shown[kind].replace("\n", "\\n")
            figures.say(f"      {count:8} {kind[0]}, {kind[1]}: {example[:80]}")
    share = tally.wrong["ours"].total() / max(lines, 1)
    figures.goal(f"{name}_ours_error_rate", round(share, 6), 0.001, better="lower")


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="JSONL files with a state in 'state' or 'goal'")
    parser.add_argument("--db", type=Path, help="a traced library")
    options = parser.parse_args()
    figures = Figures("hierarchy_rules", quiet=options.json)
    sources: dict[str, tuple[Universes, Iterator[tuple[str, ProofState | None]]]] = {
        path.stem: (Universes.LEAN, from_file(path)) for path in options.files
    }
    if options.db is not None:
        sources["library"] = (Universes.ROCQ, from_library(options.db))
    if not sources:
        sources["list"] = (Universes.ROCQ, from_proofs())
    for name, (universes, states) in sources.items():
        tally = Tally(universes)
        seen: set[int] = set()
        try:
            for text, state in islice(states, 2000 if options.quick else None):
                if hash(text) not in seen:
                    seen.add(hash(text))
                    tally.add(text, state)
        except (OSError, ValueError, LibraryError) as error:
            print(f"hierarchy_rules: {error}", file=sys.stderr)
            raise SystemExit(2) from error
        report(name, tally, figures)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
