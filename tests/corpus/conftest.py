"""The places where a library may be: every test of the library runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import NoServer, Server, start

from proofloom.corpus.library import Library


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server | str]:
    """A server, or the reason why there is none."""
    try:
        server = start()
    except NoServer as reason:
        yield str(reason)
        return
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a library."""
    if request.param == "sqlite":
        return str(tmp_path / "library.sqlite")
    server = request.getfixturevalue("postgres")
    if isinstance(server, str):
        pytest.skip(f"no PostgreSQL: {server}")
    return str(server.new_database())


@pytest.fixture
def library(place: str) -> Iterator[Library]:
    """An empty library."""
    with Library.open(place) as opened:
        yield opened
