"""What `--policy` says: weights, mixtures, portfolios, and what needs a library."""

from __future__ import annotations

import pytest

from proofloom.policies.names import default_policy, mixed, named_in, needs_library, shared, without


def test_weights_stand_before_names() -> None:
    assert mixed("list") == [("list", 1.0)]
    assert mixed("0.5*knn+list+2*premises") == [("knn", 0.5), ("list", 1.0), ("premises", 2.0)]


def test_a_stroke_divides_those_who_take_turns() -> None:
    assert shared("0.5*knn+list/model:0.25") == [("0.5*knn+list", 1.0), ("model", 0.25)]
    assert named_in("0.5*knn+list:2/model:.5") == {"knn", "list", "model"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lst", "unknown policy 'lst'; valid: list, knn, premises, model, mixed with `\\+`, in turns with `/`"),
        ("list+", "unknown policy ''"),
        ("list/", "unknown policy ''"),
        ("knn/lst", "unknown policy 'lst'"),
        ("x*list", "'x' is not a weight; wanted a number above 0"),
        ("list/0*knn", "'0' is not a weight"),
        ("list/knn:0", "policy 'knn:0': '0' is not a weight"),
        ("list/knn:x", "'x' is not a weight"),
    ],
)
def test_what_is_wrong_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        named_in(text)


def test_what_needs_a_library() -> None:
    assert not needs_library("2*list") and not needs_library("list/model")
    assert needs_library("list+0.5*knn") and needs_library("premises") and needs_library("list/knn")


def test_what_is_left_out_takes_its_place_with_it() -> None:
    assert without("2*knn+premises+model+0.5*list", {"model"}) == ("2*knn+premises+0.5*list", ("model",))
    assert without("knn+model/model/list", {"model"}) == ("knn/list", ("model",))
    assert without("list:2/model:0.5", {"model"}) == ("list:2", ("model",))
    assert without("model+list:0.5/knn", {"model"}) == ("list:0.5/knn", ("model",))
    assert without("model", {"model"}) == ("", ("model",))


def test_the_default_is_what_can_be_used() -> None:
    assert default_policy(library=False, model=False) == "list"
    assert default_policy(library=True, model=False) == "knn+premises+list"
    assert default_policy(library=True, model=True) == "knn+premises+list/model:0.15"
    assert default_policy(library=False, model=True) == "list/model:0.15"
