"""The examples: each file compiles as it is, and every true hole has a proof made of plain tactics."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain

EXAMPLES = Path(__file__).parents[2] / "examples"

PROOFS: dict[str, dict[str, list[str]]] = {
    "Arithmetic": {
        "add_zero_right": ["intros n.\nlia."],
        "add_succ_right": ["lia."],
        "double_is_plus": ["induction n.\n- reflexivity.\n- simpl.\n  lia."],
        "sum_to_formula": ["induction n.\n- reflexivity.\n- simpl.\n  lia."],
        "between": ["intros.\nlia."],
    },
    "Lists": {
        "snoc_length": ["induction l.\n- reflexivity.\n- intros.\n  simpl.\n  rewrite IHl.\n  reflexivity."],
        "reverse_length": [
            "induction l.\n- reflexivity.\n- simpl.\n  rewrite snoc_length.\n  rewrite IHl.\n  reflexivity."
        ],
        "snoc_is_append": ["induction l.\n- reflexivity.\n- intros.\n  simpl.\n  rewrite IHl.\n  reflexivity."],
        "reverse_snoc": ["induction l.\n- reflexivity.\n- intros.\n  simpl.\n  rewrite IHl.\n  reflexivity."],
        "reverse_twice": [
            "induction l.\n- reflexivity.\n- simpl.\n  rewrite reverse_snoc.\n  rewrite IHl.\n  reflexivity."
        ],
        "map_append": ["induction l.\n- reflexivity.\n- intros.\n  simpl.\n  rewrite IHl.\n  reflexivity."],
    },
    "Booleans": {
        "xor_symmetric": ["intros a b.\ndestruct a.\n- destruct b; reflexivity.\n- destruct b; reflexivity."],
        "xor_associative": ["intros a b c.\ndestruct a; destruct b; destruct c; reflexivity."],
        "de_morgan": ["intros a b.\ndestruct a; reflexivity."],
        "andb_true": ["intuition.", ""],
    },
    "Connectives": {
        "and_commutes": ["intuition."],
        "curry": ["intuition."],
        "distributes": ["intuition."],
        "not_both": ["intuition."],
        "not_exists": ["firstorder."],
        "forall_and": ["firstorder."],
    },
    "Trees": {
        "Tree.mirror_twice": ["rewrite IHl.\nrewrite IHr.\nreflexivity.", ""],
        "Tree.mirror_size": ["induction t.\n- reflexivity.\n- simpl.\n  lia."],
        "Tree.height_at_most_size": ["induction t.\n- reflexivity.\n- simpl.\n  lia."],
    },
    "NotTrue": {"minus_then_plus_if_smaller": ["intros.\nlia."]},
}
FALSE = {"NotTrue": ["minus_then_plus"]}


def test_every_example_is_listed_here_and_in_the_readme() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.v")} == set(PROOFS)
    readme = (EXAMPLES / "README.md").read_text()
    for file in EXAMPLES.glob("*.v"):
        holes = Source.read(file).holes
        assert sorted(hole.path for hole in holes) == sorted([*PROOFS[file.stem], *FALSE.get(file.stem, [])])
        assert all(not hole.unsupported for hole in holes)
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{file.name}`")]
        assert row.endswith(f"| {len(holes)} |")


@pytest.mark.rocq
@pytest.mark.parametrize("name", sorted(PROOFS))
def test_an_example_compiles_as_it_is_and_filled(name: str, tmp_path: Path) -> None:
    source = Source.read(EXAMPLES / f"{name}.v")
    toolchain = find_toolchain()
    compile_file(toolchain, tmp_path / "Before.v", source.data)
    filled = source.filled(PROOFS[name])
    assert [hole.path for hole in Source(filled).holes] == FALSE.get(name, [])
    compile_file(toolchain, tmp_path / "After.v", filled)


def compile_file(toolchain: RocqToolchain, file: Path, data: bytes) -> None:
    file.write_bytes(data)
    result = subprocess.run(
        [*toolchain.coqc, "-q", file.name], cwd=file.parent, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
