"""Executors: streaming, one retry, workers that are killed, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from proofloom.assistants.executor import Crash, Done, Executor, InProcess, LocalProcesses, Started

# A shell that starts tests in the background has SIGINT ignored; programs started here must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

Work = Callable[[str], str]


@contextmanager
def opening(folder: Path) -> Iterator[Work]:
    """A worker that leaves a mark when it is opened and when it is closed, and does what the task says."""
    mark = folder / f"open-{os.getpid()}"
    mark.touch()
    try:
        yield partial(work, folder)
    finally:
        mark.rename(folder / f"closed-{os.getpid()}")


def work(folder: Path, task: str) -> str:
    kind, _, name = task.partition(":")
    runs = folder / f"runs-{name}"
    runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
    if kind == "kill" or (kind == "kill-once" and runs.read_text() == "x"):
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "raise" or (kind == "raise-once" and runs.read_text() == "x"):
        raise RuntimeError(f"no luck with {name}")
    if kind == "hang":
        time.sleep(600)
    if kind == "slow":
        time.sleep(2)
    return f"{name} done"


def results(executor: Executor, folder: Path, tasks: list[str]) -> dict[str, str]:
    ended: dict[str, str] = {}
    for event in executor.map(partial(opening, folder), tasks):
        if isinstance(event, Done):
            ended[event.task] = event.value
        elif isinstance(event, Crash):
            ended[event.task] = f"crash: {event.reason}"
    return ended


EXECUTORS = [InProcess(), LocalProcesses(2)]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_task_starts_once_and_ends_once(executor: Executor, tmp_path: Path) -> None:
    tasks = [f"do:{i}" for i in range(7)]
    events = list(executor.map(partial(opening, tmp_path), tasks))
    assert sorted(e.task for e in events if isinstance(e, Started)) == tasks
    assert sorted((e.task, e.value) for e in events if isinstance(e, Done)) == [(t, f"{t[3:]} done") for t in tasks]
    assert len(events) == 14
    assert not list(tmp_path.glob("open-*")) and list(tmp_path.glob("closed-*"))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_no_tasks_no_workers(executor: Executor, tmp_path: Path) -> None:
    assert results(executor, tmp_path, []) == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_is_tried_once_more_and_does_not_reach_the_others(executor: Executor, tmp_path: Path) -> None:
    ended = results(executor, tmp_path, ["do:a", "raise:b", "raise-once:c", "do:d"])
    assert ended == {
        "do:a": "a done",
        "raise:b": "crash: RuntimeError: no luck with b; RuntimeError: no luck with b",
        "raise-once:c": "c done",
        "do:d": "d done",
    }
    assert (tmp_path / "runs-b").read_text() == "xx"


def test_a_worker_that_is_killed_costs_one_retry_of_its_own_task(tmp_path: Path) -> None:
    ended = results(LocalProcesses(2), tmp_path, ["kill:a", "do:b", "kill-once:c", "do:d"])
    died = "the worker process died (signal SIGKILL)"
    assert ended == {"kill:a": f"crash: {died}; {died}", "do:b": "b done", "kill-once:c": "c done", "do:d": "d done"}
    assert (tmp_path / "runs-a").read_text() == "xx"
    assert (tmp_path / "runs-b").read_text() == "x"


def test_an_opening_that_fails_is_a_crash_with_its_reason(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    ended = results(LocalProcesses(1), missing, ["do:a"])
    assert ended["do:a"].count("FileNotFoundError") == 2


def test_results_stream_while_others_still_run(tmp_path: Path) -> None:
    with closing(LocalProcesses(2).map(partial(opening, tmp_path), ["hang:a", "do:b", "do:c"])) as events:
        done = []
        while len(done) < 2:
            event = next(events)
            if isinstance(event, Done):
                done.append(event.task)
        give_up = time.monotonic() + 60
        while len(list(tmp_path.glob("open-*"))) < 2 and time.monotonic() < give_up:
            time.sleep(0.02)  # the hanging worker may start later than the other one is done
    assert done == ["do:b", "do:c"]
    # Closing ended the hanging worker through its own closing code.
    assert not list(tmp_path.glob("open-*")) and len(list(tmp_path.glob("closed-*"))) == 2


PROGRAM = """
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

sys.path.insert(0, {tests!r})
from test_executor import opening
from proofloom.assistants.executor import Done, LocalProcesses

if __name__ == "__main__":
    tasks = ["do:a", "hang:b", "do:c"]
    try:
        with closing(LocalProcesses(2).map(partial(opening, Path({folder!r})), tasks)) as events:
            for event in events:
                if isinstance(event, Done):
                    print(event.task, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


@pytest.mark.parametrize("whole_group", [False, True])
def test_ctrl_c_keeps_what_is_finished_and_ends_the_workers(tmp_path: Path, whole_group: bool) -> None:
    """A terminal sends Ctrl-C to the whole process group; `kill -INT` sends it to the parent alone."""
    folder = tmp_path / "marks"
    folder.mkdir()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(tests=str(Path(__file__).parent), folder=str(folder)))
    process = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert {process.stdout.readline(), process.stdout.readline()} == {"do:a\n", "do:c\n"}
    while not (folder / "runs-b").exists():
        time.sleep(0.05)
    if whole_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("interrupted\n", 130)
    assert "Traceback" not in err
    assert not list(folder.glob("open-*")) and len(list(folder.glob("closed-*"))) == 2


def test_workers_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "marks"
    folder.mkdir()
    program = tmp_path / "program.py"
    text = PROGRAM.format(tests=str(Path(__file__).parent), folder=str(folder))
    program.write_text(text.replace('"hang:b"', '"slow:b"').replace('"do:c"', '"slow:c"'))
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
    while not ((folder / "runs-b").exists() and (folder / "runs-c").exists()):
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while list(folder.glob("open-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(list(folder.glob("closed-*"))) == 2


def test_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="workers=0: wanted at least 1"):
        LocalProcesses(0)
