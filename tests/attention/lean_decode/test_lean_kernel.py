"""The Triton kernel against attention over all keys in double precision: on a GPU, or in Triton's interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("triton", reason="triton is not installed (Linux only): pip install triton")

from lean_cases import BATCHES, drawn, exact, paged
from torch import Tensor

from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.lean_decode.launch import Processor, Workspace, launch
from proofloom.attention.lean_decode.schedule import Schedule

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def moved(held: KeyValues, dtype: torch.dtype) -> KeyValues:
    numbers = {name: getattr(held, name) for name in ("lengths", "starts", "table")}
    there = {name: one if one is None else one.to(DEVICE) for name, one in numbers.items()}
    return KeyValues(held.keys.to(DEVICE, dtype), held.values.to(DEVICE, dtype), **there)


def launched(query: Tensor, held: KeyValues, dtype: torch.dtype = torch.float32, **options: object) -> list[Tensor]:
    batch, heads, rows, width = query.shape
    packed = query.to(DEVICE, dtype).reshape(batch, held.heads, heads // held.heads * rows, width)
    output, logsumexp = launch(packed, moved(held, dtype), width**-0.5, **options)
    return [output.view(query.shape).cpu(), logsumexp.view(query.shape[:3]).cpu()]


def close(found: list[Tensor], wanted: tuple[Tensor, Tensor], error: float = 1e-5) -> None:
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=error, atol=error)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("page", [None, 24])
@pytest.mark.parametrize("batch", BATCHES)
def test_the_kernel_is_exact(batch: tuple[list[int], int, int, int, int], page: int | None, same: bool) -> None:
    query, held = drawn(*batch)
    cache = held if page is None else paged(held, page)
    close(launched(query, cache, tile=16, same_in_any_batch=same), exact(query, held))


@pytest.mark.parametrize("lengths", [[500, 20], [16, 16, 16], [40, 130, 7, 90]])
def test_the_kernel_leaves_in_slots_what_the_schedule_says(lengths: list[int]) -> None:
    workspace = Workspace()
    query, held = drawn(lengths, 2, 1, 1, 16)
    launched(query, held, tile=16, programs=7, workspace=workspace)
    ((*_, flags, launches),) = workspace._held.values()
    guests = [segment.program for segment in Schedule.over(lengths, 2, 16, 7).segments() if not segment.host]
    assert flags.nonzero()[:, 0].tolist() == guests
    assert launches.tolist() == [1] * 7


@pytest.mark.parametrize("programs", [1, 2, 5])
def test_any_number_of_programs_gives_the_same(programs: int) -> None:
    query, held = drawn([90, 1, 40], 2, 2, 1, 16)
    close(launched(query, held, tile=16, programs=programs), exact(query, held))


@pytest.mark.parametrize("width", [64, 96, 128, 256])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)])
def test_widths_of_heads_in_half_precision(width: int, dtype: torch.dtype, error: float) -> None:
    if dtype == torch.bfloat16 and DEVICE.type == "cpu":
        pytest.skip("Triton's interpreter does not multiply bfloat16; the kernel is compiled for it below")
    query, held = drawn([130, 7], 1, 8, 1, width)
    query = query.to(dtype).double()
    held = replace(held, keys=held.keys.to(dtype).double(), values=held.values.to(dtype).double())
    close(launched(query, held, dtype), exact(query, held), error)


@pytest.mark.parametrize("page", [None, 7])
def test_keys_before_the_start_are_not_read_by_the_kernel(page: int | None) -> None:
    query, held = drawn([50, 90, 9], 2, 2, 1, 16)
    held = replace(held, starts=torch.tensor([1, 0, 9]), lengths=torch.tensor([31, 90, 3]))
    close(launched(query, held if page is None else paged(held, page), tile=16), exact(query, held))


def test_many_rows_are_read_in_blocks() -> None:
    query, held = drawn([33], 1, 5, 32, 16)
    close(launched(query, held, tile=16), exact(query, held))


def test_a_cache_without_lengths_and_keys_that_lie_apart() -> None:
    query, held = drawn([40, 40], 2, 1, 1, 16)
    tail = torch.cat((held.keys, held.values), -1)
    whole = KeyValues(*tail.chunk(2, -1))
    assert not whole.keys.is_contiguous()
    close(launched(query, whole, tile=16), exact(query, KeyValues(held.keys, held.values)))


def test_the_result_is_the_same_bit_for_bit_in_any_batch() -> None:
    query, held = drawn([600, 5, 260], 1, 2, 1, 16)
    keep = {"tile": 16, "same_in_any_batch": True}
    together = launched(query, held, **keep)
    for programs in (2, 3):
        for one, other in zip(launched(query, held, programs=programs, **keep), together, strict=True):
            assert torch.equal(one, other)
    for chosen in ([0], [2, 0]):
        some = KeyValues(held.keys[chosen], held.values[chosen], held.lengths[chosen])
        for one, other in zip(launched(query[chosen], some, **keep), together, strict=True):
            assert torch.equal(one, other[chosen])


def test_the_result_on_a_cpu_is_the_same_bit_for_bit_in_any_batch() -> None:
    torch.set_num_threads(3)
    query, held = drawn([3000, 1500, 5], 1, 2, 1, 16)
    together = attend(query, held, same_in_any_batch=True)
    for chosen in ([0], [1, 0]):
        some = KeyValues(held.keys[chosen], held.values[chosen], held.lengths[chosen])
        for one, other in zip(attend(query[chosen], some, same_in_any_batch=True), together, strict=True):
            assert torch.equal(one, other[chosen])


def test_a_workspace_serves_launch_after_launch_and_holds_valid_rows_only() -> None:
    workspace = Workspace()
    for lengths in ([90, 40], [3, 120], [90, 40]):
        query, held = drawn(lengths, 2, 3, 1, 16)
        close(launched(query, held, tile=16, programs=4, workspace=workspace), exact(query, held))
    (tensors,) = workspace._held.values()
    peaks, totals, weighted, flags, launches = tensors
    assert sum(one.numel() for one in (peaks, totals, weighted)) == 4 * 3 * (16 + 2)
    assert flags.shape == (4,)
    assert launches.tolist() == [3] * 4


def test_lengths_that_change_after_the_checks_do_no_harm() -> None:
    query, held = drawn([40, 40, 40], 1, 2, 1, 16)
    replayed = moved(held, torch.float32)
    replayed.lengths.copy_(torch.tensor([0, 40, 10**6]))
    rows = query.to(DEVICE, torch.float32).transpose(1, 2)
    output, logsumexp = launch(rows, replayed, 0.25, tile=16)
    assert not output[0].any()
    assert (logsumexp[0] == -torch.inf).all()
    wanted = exact(query, replace(held, lengths=torch.tensor([1, 40, 43])))[0].transpose(1, 2)
    torch.testing.assert_close(output[1:].cpu().double(), wanted[1:], rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(DEVICE.type == "cpu", reason="a graph is captured on a GPU")
def test_a_captured_graph_follows_the_lengths() -> None:
    query, held = drawn([90, 40], 2, 2, 1, 64)
    cache = moved(held, torch.float16)
    rows = query.to(DEVICE, torch.float16).view(2, 2, 2, 64)
    launch(rows, cache, 0.125)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output, logsumexp = launch(rows, cache, 0.125)
    for lengths in (torch.tensor([90, 40]), torch.tensor([1, 93])):
        cache.lengths.copy_(lengths)
        graph.replay()
        found = [output.view(query.shape).cpu(), logsumexp.view(query.shape[:3]).cpu()]
        close(found, exact(query, replace(held, lengths=lengths)), 4e-3)


def test_more_programs_than_can_be_resident_are_refused() -> None:
    query, held = drawn([90], 1, 1, 1, 16)
    close(launched(query, held, tile=16, programs=8), exact(query, held))
    with pytest.raises(ValueError, match=r"programs=1000000: \d+ can be resident on .* at once"):
        launched(query, held, tile=16, programs=10**6)
    if DEVICE.type == "cpu":
        with pytest.raises(ValueError, match="programs=9: 8 can be resident on cpu at once"):
            launched(query, held, tile=16, programs=9)


@pytest.mark.parametrize(
    ("registers", "shared", "warps", "resident"),
    [(255, 71680, 4, 2), (128, 71680, 4, 3), (32, 0, 4, 16), (32, 0, 1, 32), (64, 200_000, 8, 1), (64, 300_000, 8, 0)],
)
def test_how_many_programs_a_processor_holds(registers: int, shared: int, warps: int, resident: int) -> None:
    hopper = Processor(registers=65536, shared=233472, threads=2048)
    assert hopper.holds(registers, shared, warps) == resident


def test_rows_for_other_heads_are_refused() -> None:
    _, held = drawn([5], 2, 1, 1, 16)
    with pytest.raises(ValueError, match=r"rows of \(B, G\) \(1, 3\): the keys have \(1, 2\)"):
        launch(torch.zeros(1, 3, 1, 16), held, 1.0)


@pytest.mark.parametrize(
    ("options", "width", "dtype", "message"),
    [
        ({"programs": 0}, 16, torch.float32, "programs=0: wanted at least 1"),
        ({"tile": 24}, 16, torch.float32, "tile=24: wanted a power of 2"),
        ({}, 16, torch.float64, "float64: the kernel knows float16"),
        pytest.param(
            *({}, 16, torch.bfloat16, "bfloat16: Triton's interpreter multiplies float16 and float32 only"),
            marks=pytest.mark.skipif(DEVICE.type == "cuda", reason="a GPU multiplies it"),
        ),
        ({}, 300, torch.float32, "width 300: the kernel knows 256"),
    ],
)
def test_what_the_kernel_does_not_know_is_refused(
    options: dict[str, int], width: int, dtype: torch.dtype, message: str
) -> None:
    query, held = drawn([5], 1, 1, 1, width)
    with pytest.raises(ValueError, match=message):
        launched(query, held, dtype, **options)


@pytest.mark.parametrize("architecture", [80, 90])
def test_the_kernel_compiles_for_gpus_and_publishes_with_a_release(architecture: int) -> None:
    program = Path(__file__).with_name("compiled_kernel.py")
    plain = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    run = subprocess.run(
        [sys.executable, str(program), str(architecture)], env=plain, capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)
    assert [one.replace(".global", "") for one in found["atomics"]] == [
        "atom.acquire.gpu.cas.b32",
        "atom.gpu.release.exch.b32",
    ]
    assert found["asynchronous copies of 16 bytes"]
    assert found["binary"] > 0
    assert Processor(registers=65536, shared=167936, threads=2048).holds(255, found["shared"], 4) == 2
