"""A PostgreSQL of our own for the tests: Debian's server binaries, a temporary cluster, loopback only.

`initdb` refuses root, so root runs it as `postgres` (or `nobody`); where it cannot run, the reason is told to pytest.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy

SECONDS = 240


class NoServer(Exception):
    """Why there is no PostgreSQL to test with."""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`, the newest version; raises `NoServer`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NoServer("PostgreSQL's initdb is not installed (apt install postgresql)")
    return Path(on_path).resolve().parent


@dataclass
class Server:
    """A running server; `url` is of its maintenance database."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    made: int = field(default=0)

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://tester@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        self.made += 1
        self.administer(f"CREATE DATABASE test{self.made}")
        return self.url_of(f"test{self.made}")

    def administer(self, command: str) -> None:
        """Run one SQL command outside a transaction."""
        engine = sqlalchemy.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(command)
        engine.dispose()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    """Make a cluster and start it; raises `NoServer` with the reason if that cannot be done."""
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="proofloom-pg-"))
    prefix = _unprivileged(folder)
    data = folder / "data"
    command = ["initdb", "-D", str(data), "-U", "tester", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
    made = subprocess.run(
        [*prefix, str(programs / command[0]), *command[1:]], capture_output=True, check=False, cwd="/"
    )
    if made.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoServer(f"initdb failed: {made.stderr.decode(errors='replace').strip()[-200:]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, str(programs / "postgres"), "-D", str(data), *options],
            stdout=log, stderr=log, cwd="/",
        )  # fmt: skip
    server = Server(folder, port, process)
    ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(SECONDS):
        if process.poll() is not None:
            break
        if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
            return server
        try:
            process.wait(0.3)
        except subprocess.TimeoutExpired:
            continue
    reason = (folder / "log").read_text(errors="replace").strip()[-200:]
    server.stop()
    raise NoServer(f"PostgreSQL did not start: {reason}")


def _unprivileged(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root, with the folder given to that user.

    The command also ends when the tests do, however they end.
    """
    if shutil.which("setpriv") is None:
        raise NoServer("setpriv is not installed (apt install util-linux)")
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=QUIT"]
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT"]
