"""Examples hold what was said, with its levels; what is cut or left out is counted; they come back from their file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.hierarchy import HIERARCHIES, OUTSIDE, Hierarchy, Level, Universes, example, levelled_text
from proofloom.training.examples import CLOSINGS, FROM_LINES, LEFT_OUT, Examples, Limits, Pair, encode
from proofloom.training.library_pairs import levelled_pair


def test_an_example_is_the_text_of_llmstep_with_the_levels_of_the_state(pairs: list[Any], tokenizer: Any) -> None:
    examples = encode(pairs, tokenizer, Limits())
    assert len(examples) == len(pairs)
    for number, pair in enumerate(pairs):
        start, end, prompt = examples.starts[number], examples.starts[number + 1], examples.prompts[number]
        whole = example(pair.state, pair.tactic)
        assert tokenizer.decode(examples.tokens[start:end].tolist()) == whole.text + "<|endoftext|>"
        encoded = tokenizer(whole.text + "<|endoftext|>", return_offsets_mapping=True)
        levels = whole.token_levels([(s, min(e, len(whole.text))) for s, e in encoded["offset_mapping"][:-1]])
        assert examples.levels[start:end].tolist() == [*levels, OUTSIDE]
        assert tokenizer.decode(examples.tokens[start : start + prompt].tolist()) == example(pair.state).text
    assert set(examples.levels.tolist()) == {OUTSIDE, Level.CONTEXT, Level.TYPE, Level.INSTANCE, Level.GOAL}
    assert examples.counts["whole"] == len(pairs)
    assert sum(examples.counts.values()) == len(pairs)
    assert examples.tactic_lengths.sum() == examples.lengths.sum() - examples.prompts.sum()


def test_what_does_not_fit_is_cut_or_left_out_and_counted(pairs: list[Any], tokenizer: Any) -> None:
    short = Pair(levelled_text("⊢ A"), "assumption")
    two = Pair(levelled_text("⊢ A\n\n" + pairs[0].state.text), "assumption")
    long = Pair(pairs[5].state, "assumption", structured=False)
    wordy = Pair(short.state, "exact (" * 50, closing=True)
    examples = encode([short, two, long, wordy], tokenizer, Limits(prompt=20, tactic=30))
    assert examples.counts == {
        "whole": 1,
        "cut: later goals": 1,
        "cut: hypotheses": 1,
        LEFT_OUT: 1,
        FROM_LINES: 1,
        CLOSINGS: 1,
    }
    assert examples.prompts.tolist()[1:] == [20, 20]
    for number, pair in enumerate([short, two, long]):
        start, prompt, end = examples.starts[number], examples.prompts[number], examples.starts[number + 1]
        assert tokenizer.decode(examples.tokens[start + prompt : end].tolist()) == pair.tactic + "<|endoftext|>"


@pytest.mark.parametrize("hierarchy", HIERARCHIES.values(), ids=HIERARCHIES)
def test_those_whose_loss_can_be_above_0_are_counted(hierarchy: Hierarchy, pairs: list[Any], tokenizer: Any) -> None:
    texts = ("n : nat\nA : Type\n⊢ A", "⊢ A\n\n⊢ B", "A : Type\na : A\n⊢ A")
    more = [Pair(levelled_text(text), "intro") for text in texts]
    examples = encode([*pairs, *more], tokenizer, Limits())
    each = [
        hierarchy.can_flow(examples.levels[start:end].tolist()) for start, end in pairwise(examples.starts.tolist())
    ]
    assert examples.flowing(hierarchy) == sum(each)
    assert 0 < sum(each) < len(each) or hierarchy.name == "five-reversed"


def test_they_come_back_from_their_file_and_another_stamp_does_not_open_it(examples: Examples, tmp_path: Path) -> None:
    file = tmp_path / "train.arrays"
    examples.write(file, "stamp")
    found = Examples.read(file, "stamp")
    assert found is not None
    assert found.digest == examples.digest
    assert found.counts == examples.counts
    assert np.array_equal(found.levels, examples.levels)
    assert not found.tokens.flags.owndata
    assert Examples.read(file, "other") is None
    assert Examples.read(tmp_path / "none", "stamp") is None


def test_levels_come_from_structure_where_there_is_one() -> None:
    whole = levelled_pair("s : Sort u\n⊢ s", "intro", Universes.ROCQ)
    assert [span.level for span in whole.state.spans] == [Level.INSTANCE, Level.GOAL]
    lean = levelled_pair("s : Sort u\n⊢ s", "intro", Universes.LEAN)
    assert [span.level for span in lean.state.spans] == [Level.TYPE, Level.GOAL]
    cut = levelled_pair("n : nat\nH : n =", "intro")
    assert (whole.structured, cut.structured) == (True, False)
    assert cut.state == levelled_text("n : nat\nH : n =")


def test_bad_limits_and_a_tokenizer_without_an_end_are_refused(pairs: list[Any], tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="prompt=2: wanted at least 3 tokens"):
        Limits(prompt=2)
    with pytest.raises(ValueError, match="tactic=1: wanted at least 2 tokens"):
        Limits(tactic=1)
    endless = type(tokenizer)(tokenizer_object=tokenizer.backend_tokenizer)
    with pytest.raises(ValueError, match="eos_token_id=None"):
        encode(pairs, endless, Limits())
