"""Terms as Rocq prints them, read as trees; and that nothing makes the reader fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.policies.printed.term import Node, nodes, read_term

PIECES = [
    "forall", "exists", "fun", "fix", "match", "with", "end", "let", "in", "if", "then", "else", "=>", ":=", ":", ",",
    ";", "|", "(", ")", "[", "]", "{", "}", "->", "<->", "/\\", "\\/", "~", "=", "<>", "+", "-", "/", "::", "++", "mod",
    "x", "nat", "Nat.add", "@eq", "?Goal0", "?", "3", "%nat", '"a"', '"', ".", ".(", "_", "é", "≡", "'", "as", "return",
]  # fmt: skip


def shown(node: Node) -> str:
    bound = f"[{' '.join(node.bound)}]" if node.bound else ""
    inner = f"({', '.join(map(shown, node.arguments))})" if node.arguments else ""
    return node.head + bound + inner


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("length (rev l) = length l", "=(length(rev(l)), length(l))"),
        ("a + b * c ^ 2 - d", "-(+(a, *(b, ^(c, 2))), d)"),
        ("A -> B -> C", "->(A, ->(B, C))"),
        ("n <= 3 /\\ ~ n = m \\/ P", "\\/(/\\(<=(n, 3), ~.(=(n, m))), P)"),
        ("x :: l ++ m = [a; b]", "=(::(x, ++(l, m)), [;](a, b))"),
        ("n mod m = - x + / y", "=(mod(n, m), +(-.(x), /.(y)))"),
        ("(a && b || c)%bool = true", "=(||(&&(a, b), c), true)"),
        ("forall (A : Type) (l : list A), P l", "forall[A](Type, forall[l](list(A), P(l)))"),
        ("forall x y : A, x = y", "forall[x](A, forall[y](A, =(x, y)))"),
        ("exists n, n = 0", "exists[n](=(n, 0))"),
        ("f (fun x : nat => g x) 3", "f(fun[x](nat, g(x)), 3)"),
        ("(forall x, P x) -> Q", "->(forall[x](P(x)), Q)"),
        ("{x = y} + {x <> y}", "+({}(=(x, y)), {}(<>(x, y)))"),
        ("(a, b, c) = d", "=((,)(a, b, c), d)"),
        ("match r with | 0 => a | S (S n) => f n end = b", "=(match[n](r, a, f(n)), b)"),
        ("(if n =? m then x else y) = z", "=(if(=?(n, m), x, y), z)"),
        ("let (q, r) := f x in q = r", "let[q r](f(x), =(q, r))"),
        ("@eq nat ?Goal0 b", "eq(nat, ?, b)"),
        ("(fun x => x) a", "@(fun[x](x), a)"),
    ],
)
def test_trees(text: str, tree: str) -> None:
    assert shown(read_term(text)) == tree


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_nothing_makes_it_fail_and_the_tree_is_no_larger_than_the_text(pieces: list[str]) -> None:
    assert sum(1 for _ in nodes(read_term(" ".join(pieces)))) <= 4 * len(pieces) + 4


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(read_term(text), Node)


@pytest.mark.parametrize("piece", ["(", "f (", "~ ", "x -> ", "forall x, ", "match x with | y => ", "[", "x :: ", "{ "])
def test_depth_is_bounded(piece: str) -> None:
    assert isinstance(read_term(piece * 5000), Node)


def test_redundant_brackets_make_no_difference() -> None:
    assert read_term("((a + (b)) = (f (c)))") == read_term("a + b = f c")


@pytest.mark.parametrize(
    ("lean", "rocq"),
    [
        ("∀ (n m : Nat), n = m → ∃ x, p x ∧ ¬q x", "forall (n m : Nat), n = m -> exists x, p x /\\ ~q x"),
        ("n ≠ 0 ↔ p m ∨ n ≤ m", "n <> 0 <-> p m \\/ n <= m"),
        ("¬∃ x, p x", "~exists x, p x"),
        ("f (fun x ↦ x)", "f (fun x => x)"),
    ],
)
def test_the_signs_of_lean_read_as_those_of_rocq(lean: str, rocq: str) -> None:
    assert read_term(lean) == read_term(rocq)
