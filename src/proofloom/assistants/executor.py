"""Runs many tasks, here or in several processes, and streams the results back as they end.

The one idea is that a task which dies takes nothing with it: each worker process owns what its tasks need (an
assistant, a model), a dead worker is replaced and its task is tried once more, and all other results are kept.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import Any, Generic, Protocol, TypeVar

from proofloom.assistants.worker import Raised, Returned, serve

Task = TypeVar("Task")
Value = TypeVar("Value")

Opening = Callable[[], AbstractContextManager[Callable[[Task], Value]]]
"""Called once in each worker: enters a context that gives the task function and, on leaving, frees what it held.
For worker processes it must be picklable, and so must tasks and values."""

_TRIES = 2
_CLOSING_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Started(Generic[Task]):
    """A task was handed to a worker."""

    task: Task


@dataclass(frozen=True, slots=True)
class Done(Generic[Task, Value]):
    """A task ended with a value."""

    task: Task
    value: Value


@dataclass(frozen=True, slots=True)
class Crash(Generic[Task]):
    """A task raised an error, or its worker died, twice."""

    task: Task
    reason: str


class Executor(Protocol):
    """Where tasks run."""

    def map(
        self, opening: Opening[Task, Value], tasks: Sequence[Task]
    ) -> Generator[Started[Task] | Done[Task, Value] | Crash[Task], None, None]:
        """For each task a `Started`, later a `Done` or a `Crash`; results come as they end, not in order.

        Closing the iterator early, or an exception such as `KeyboardInterrupt`, ends all workers; what was yielded
        before is the caller's.  Wrap it in `contextlib.closing` if the loop over it can raise.
        """
        ...


class InProcess:
    """This process, one task after the other."""

    def map(
        self, opening: Opening[Task, Value], tasks: Sequence[Task]
    ) -> Generator[Started[Task] | Done[Task, Value] | Crash[Task], None, None]:
        """See `Executor.map`; results are in order."""
        function: Callable[[Task], Value] | None = None
        with ExitStack() as stack:
            for task in tasks:
                yield Started(task)
                reasons: list[str] = []
                while len(reasons) < _TRIES:
                    try:
                        function = function or stack.enter_context(opening())
                        value = function(task)
                    except Exception as error:  # noqa: BLE001 - one task's error is its own result, not the others'
                        stack.close()
                        function = None
                        reasons.append(f"{type(error).__name__}: {error}")
                    else:
                        yield Done(task, value)
                        break
                else:
                    yield Crash(task, "; ".join(reasons))


@dataclass(slots=True)
class _Job(Generic[Task]):
    task: Task
    reasons: list[str] = field(default_factory=list)


class _Worker(Generic[Task]):
    """A process and our end of the pipe to it; at most one job at a time."""

    def __init__(self, opening: Opening[Task, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, opening), daemon=False)
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the worker is not to hear Ctrl-C
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
            theirs.close()
        self.job: _Job[Task] | None = None

    def give(self, job: _Job[Task]) -> None:
        """Hand over a job; a worker that is already dead is noticed when its answer is read."""
        self.job = job
        try:
            self.connection.send((job.task,))
        except BrokenPipeError:
            return

    def take(self) -> tuple[_Job[Task], Returned | Raised]:
        """The job in hand and the answer to it; the death of the worker is one too."""
        job, self.job = self.job, None
        assert job is not None  # only busy workers are waited for
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            self._process.join(_CLOSING_SECONDS)
            return job, Raised(f"the worker process died ({_exit(self._process.exitcode)})")
        assert isinstance(message, Returned | Raised)
        return job, message

    def dismiss(self) -> None:
        """Tell the process to end: an idle one reads the end of the pipe, a busy one is interrupted."""
        self.connection.close()
        if self.job is not None:
            self._process.terminate()

    def join(self) -> None:
        """Wait until the process has closed what it owns; kill it if that takes too long.

        A busy one is told again each second, since a signal can be given to a thread that does not care.
        """
        for _ in range(_CLOSING_SECONDS):
            self._process.join(1.0)
            if self.job is not None and self._process.is_alive():
                self._process.terminate()
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


class LocalProcesses:
    """`workers` processes of this machine, started afresh (spawn)."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"workers={workers}: wanted at least 1")
        self._workers = workers

    def map(
        self, opening: Opening[Task, Value], tasks: Sequence[Task]
    ) -> Generator[Started[Task] | Done[Task, Value] | Crash[Task], None, None]:
        """See `Executor.map`."""
        waiting = deque(_Job(task) for task in tasks)
        idle: list[_Worker[Task]] = []
        busy: dict[object, _Worker[Task]] = {}
        try:
            while waiting or busy:
                while waiting and len(busy) < self._workers:
                    job = waiting.popleft()
                    worker = idle.pop() if idle else _Worker(opening)
                    busy[worker.connection] = worker
                    worker.give(job)
                    if not job.reasons:
                        yield Started(job.task)
                for connection in wait([worker.connection for worker in busy.values()]):
                    worker = busy[connection]
                    job, answer = worker.take()
                    del busy[connection]
                    if isinstance(answer, Returned):
                        idle.append(worker)
                        yield Done(job.task, answer.value)
                        continue
                    _end([worker])
                    job.reasons.append(answer.reason)
                    if len(job.reasons) < _TRIES:
                        waiting.appendleft(job)
                    else:
                        yield Crash(job.task, "; ".join(job.reasons))
        finally:
            _end([*idle, *busy.values()])


def _end(workers: Sequence[_Worker[Any]]) -> None:
    """End workers side by side."""
    for worker in workers:
        worker.dismiss()
    for worker in workers:
        worker.join()


def _exit(code: int | None) -> str:
    if code is None:
        return "still running"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
