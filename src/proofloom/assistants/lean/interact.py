"""Starts a REPL of Lean with the library LeanInteract (extra `lean-repl`), from a REPL that was built beforehand.

Nothing is fetched and nothing is built.  LeanInteract makes a folder inside its own package when it is imported, so it
is imported only here, when a REPL is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proofloom.assistants.processes import cpu_seconds
from proofloom.assistants.session import AssistantError

_INSTALL = 'install it with: pip install "proofloom[lean-repl]"'


class InteractRepl:
    """The REPL built in the folder `repl`, run in the Lake project `project`; both for the same version of Lean.

    `memory_mib` limits the address space of the process, into which Lean maps all of a library: less than 8 GiB is too
    little for Mathlib.  Raises `AssistantError` if LeanInteract is missing, `ValueError` or `OSError` if the REPL is.
    """

    def __init__(self, repl: Path, project: Path, *, lake: str = "lake", memory_mib: int | None = None) -> None:
        try:
            from lean_interact import LeanREPLConfig, LeanServer, LocalProject
        except ImportError as error:
            raise AssistantError(f"LeanInteract is not installed; {_INSTALL}") from error
        program = repl / ".lake" / "build" / "bin" / "repl"
        if not program.is_file():
            raise ValueError(f"{program}: there is no REPL; build it with 'lake build' in {repl}")
        config = LeanREPLConfig(
            project=LocalProject(directory=str(project), auto_build=False),
            local_repl_path=str(repl),
            build_repl=False,
            lake_path=lake,
            memory_hard_limit_mb=memory_mib,
            enable_parallel_elaboration=False,
        )
        self._server: Any = LeanServer(config)
        self._cpu = 0.0

    def run(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer; raises `TimeoutError` (the process is dead then), `OSError`, `ValueError`."""
        answer = self._server.run_dict(dict(request), timeout=seconds)
        if not isinstance(answer, dict):
            raise ValueError(f"the REPL answered {str(answer)[:80]!r}, wanted an object")
        return answer

    def restart(self) -> None:
        """Another process, whose numbers begin anew."""
        self._cpu = self.cpu_seconds
        self._server.restart()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes so far; those of a process that a time-out has ended are not known."""
        return self._cpu + sum(map(cpu_seconds, self._processes()))

    @property
    def memory_mib(self) -> float:
        """Resident memory of the process now."""
        return float(self._server.get_memory_usage())

    def close(self) -> None:
        """End the process; harmless twice."""
        self._server.kill()

    def _processes(self) -> list[int]:
        """The process that was started and all below it, as far as they live."""
        import psutil

        process = self._server._proc
        if process is None or process.poll() is not None:
            return []
        try:
            below = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [process.pid, *(one.pid for one in below)]
