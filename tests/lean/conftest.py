"""The small Lean, installed once for all tests of a worker process."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_lean import install, unavailable


@pytest.fixture(scope="session")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `lean`; tests that ask for it are skipped where it cannot run."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    return install(tmp_path_factory.mktemp("small-lean"))
