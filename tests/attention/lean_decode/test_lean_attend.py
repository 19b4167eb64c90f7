"""Decode attention against softmax over all keys: the walk of a schedule, the path of the CPU, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from lean_cases import BATCHES, drawn, exact, paged

from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.fused import pieces
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.lean_decode.schedule import Schedule
from proofloom.attention.lean_decode.walk import plain, walk
from proofloom.attention.softmax_merge import finish, merge, unfinish

CLOSE = {"rtol": 1e-11, "atol": 1e-12}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([8, 16, 64]),
    st.integers(1, 40),
    st.none() | st.sampled_from([1, 5, 16]),
)
def test_the_walk_is_exact_for_any_cut(
    lengths: list[int], heads: int, group: int, rows: int, tile: int, programs: int, page: int | None
) -> None:
    query, held = drawn(lengths, heads, group, rows, 8)
    outputs = exact(query, held)
    held = held if page is None else paged(held, page)
    packed = query.view(len(lengths), heads, group * rows, 8)
    found = walk(packed, held, 8**-0.5, Schedule.over(lengths, heads, tile, programs), tile)
    torch.testing.assert_close(found[0].view(query.shape), outputs[0], **CLOSE)
    torch.testing.assert_close(found[1].view(query.shape[:3]), outputs[1], **CLOSE)


def test_the_path_of_other_devices_is_exact() -> None:
    query, held = drawn([300, 2, 70], 2, 3, 1, 16)
    found = plain(query.view(3, 2, 3, 16), paged(held, 32), 0.25, tile=64)
    for one, wanted in zip(found, exact(query, held), strict=True):
        torch.testing.assert_close(one.reshape(wanted.shape), wanted, **CLOSE)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch", BATCHES)
def test_the_cpu_path_is_exact(batch: tuple[list[int], int, int, int, int], threads: int) -> None:
    torch.set_num_threads(threads)
    query, held = drawn(*batch)
    for cache in (held, paged(held, 48)):
        for found, wanted in zip(attend(query, cache), exact(query, held), strict=True):
            torch.testing.assert_close(found, wanted, **CLOSE)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_the_cpu_path_in_other_types(dtype: torch.dtype, error: float) -> None:
    query, held = drawn([1700], 1, 4, 2, 64)
    torch.set_num_threads(3)
    query, keys, values = (one.to(dtype) for one in (query, held.keys, held.values))
    output, logsumexp = attend(query, KeyValues(keys, values, held.lengths))
    assert output.dtype == dtype
    wanted = exact(query.double(), KeyValues(keys.double(), values.double(), held.lengths))
    torch.testing.assert_close(output.double(), wanted[0], rtol=0, atol=error)
    torch.testing.assert_close(logsumexp.double(), wanted[1], rtol=error, atol=error)


@pytest.mark.parametrize("page", [None, 7])
def test_keys_before_the_start_are_not_read(page: int | None) -> None:
    query, held = drawn([50, 90, 9], 2, 2, 1, 16)
    held = replace(held, starts=torch.tensor([1, 0, 9]), lengths=torch.tensor([31, 90, 4]))
    wanted = exact(query, held)
    for found, one in zip(attend(query, held if page is None else paged(held, page)), wanted, strict=True):
        torch.testing.assert_close(found, one, **CLOSE)


def test_a_cache_without_lengths_is_read_to_its_end() -> None:
    query, held = drawn([20, 20], 2, 1, 1, 16)
    whole = KeyValues(held.keys, held.values)
    assert whole.extents() == [(0, 23), (0, 23)]
    torch.testing.assert_close(attend(query, whole)[0], exact(query, whole)[0], **CLOSE)


def test_keys_that_lie_apart_merge_to_the_attention_over_all() -> None:
    query, held = drawn([60, 60], 2, 3, 1, 16)
    parts = [KeyValues(held.keys[:, :, a:b], held.values[:, :, a:b]) for a, b in ((0, 10), (10, 11), (11, 63))]
    one, other, third = (unfinish(*attend(query, part)) for part in parts)
    wanted = exact(query, KeyValues(held.keys, held.values))
    for found, all_keys in zip(finish(merge(merge(one, third), other)), wanted, strict=True):
        torch.testing.assert_close(found, all_keys, **CLOSE)


def test_keys_are_cut_only_where_cores_would_wait() -> None:
    assert pieces(tasks=8, keys=10**6, threads=2) == 1
    assert pieces(tasks=1, keys=10**6, threads=2) == 2
    assert pieces(tasks=3, keys=10**6, threads=8) == 8
    assert pieces(tasks=1, keys=1023, threads=2) == 1
    assert pieces(tasks=1, keys=1024, threads=2) == 2


KEYS = torch.zeros(2, 3, 10, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KeyValues(KEYS, KEYS[:, :, :5]), r"\(2, 3, 10, 4\) and values \(2, 3, 5, 4\)"),
        (lambda: KeyValues(KEYS[0], KEYS[0]), r"wanted the same \(B, G, S, D\)"),
        (lambda: KeyValues(KEYS, KEYS.half()), "float32, values of torch.float16"),
        (lambda: KeyValues(KEYS.int(), KEYS.int()), "one floating type"),
        (lambda: KeyValues(KEYS, KEYS.transpose(2, 3).contiguous().transpose(2, 3)), "values step 10 elements"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([3, 11])), "sequence 1 reads keys 0 to 11: the cache holds 10"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([0, 4])), "sequence 0 reads 0 keys: wanted at least 1"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([4])), r"lengths of shape \(1,\).*wanted \(2,\)"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([1.0, 2.0])), "float32: wanted .* int32 or int64"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([5, 5]), torch.tensor([0, 6])), "keys 6 to 11"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([5, 5]), torch.tensor([-1, 0])), "keys -1 to 4"),
        (lambda: KeyValues(KEYS, KEYS, table=torch.tensor([[0, 2]])), "pages 0 to 2: wanted 0 to 1"),
        (lambda: KeyValues(KEYS, KEYS, torch.tensor([7]), table=torch.tensor([[0, 1]])), "holds 6 for each"),
        (lambda: KeyValues(KEYS, KEYS, table=torch.tensor([0, 1])), "table of shape"),
    ],
)
def test_keys_that_do_not_fit_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (torch.zeros(2, 4, 1, 4), "4 query heads over 3 key heads"),
        (torch.zeros(1, 3, 1, 4), "1 sequences and width 4: the keys have 2 and 4"),
        (torch.zeros(2, 3, 1, 5), "width 5: the keys have 2 and 4"),
        (torch.zeros(2, 3, 1, 4).half(), "float16 on cpu, keys of torch.float32"),
        (torch.zeros(2, 3, 4), r"shape \(2, 3, 4\): wanted \(B, H, T, D\)"),
        (torch.zeros(2, 3, 0, 4), r"each at least 1"),
        (torch.zeros(2, 3, 1, 4, requires_grad=True), "no gradient"),
    ],
)
def test_queries_that_do_not_fit_are_refused(query: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attend(query, KeyValues(KEYS, KEYS))
