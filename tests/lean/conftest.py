"""The small Lean, installed once for all tests of a worker process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_lean import install, unavailable

from proofloom.assistants.lean.process import WorkerLimits
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.toolchain import LeanToolchain, find_lean


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `lean`; tests that ask for it are skipped where it cannot run."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    return install(tmp_path_factory.mktemp("small-lean"))


@pytest.fixture(scope="session")
def toolchain(lean: Path) -> LeanToolchain:
    """The small Lean as the package finds an installed one, with a kernel replay."""
    return find_lean(lambda name: str(lean.with_name(name)) if name in ("lean", "leanchecker") else None)


@pytest.fixture
def assistant(toolchain: LeanToolchain, tmp_path: Path) -> Iterator[Lean]:
    """The real Lean with short limits, in a folder of its own."""
    limits = SessionLimits(load_seconds=60, worker=WorkerLimits(memory_mib=1500, grace_seconds=1.0))
    with Lean(toolchain, limits) as opened:
        yield opened
