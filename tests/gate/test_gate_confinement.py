"""One confined process: limits, what is recorded of them, and that nothing outlives it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from proofloom.assistants.gate import GateLimits, confinement
from proofloom.assistants.gate.confinement import Ending, run

LIMITS = GateLimits(seconds=20, cpu_seconds=20, memory_mib=512, file_mib=1, output_mib=1)


def test_a_program_sees_its_own_folder_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "xyzzy")
    done = run(["sh", "-c", 'echo "$HOME $TMPDIR $(pwd) ${SECRET-none}"; echo oops >&2'], tmp_path, LIMITS)
    assert done.good
    assert done.out.split() == [str(tmp_path)] * 3 + ["none"]
    assert done.error == "oops\n"


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("exit 0", Ending.EXIT),
        ("exit 3", Ending.EXIT),
        ("kill -SEGV $$", Ending.SIGNAL),
        ("yes", Ending.OUTPUT),
        ("yes >&2", Ending.OUTPUT),
        ("dd if=/dev/zero of=big bs=1M count=3 2>/dev/null", Ending.FILE),
        ("exec >&- 2>&-; sleep 60", Ending.WALL),
        ("sleep 60", Ending.WALL),
    ],
)
def test_endings(script: str, ending: Ending, tmp_path: Path) -> None:
    limits = GateLimits(seconds=2, cpu_seconds=20, memory_mib=512, file_mib=1, output_mib=1)
    done = run(["sh", "-c", script], tmp_path, limits)
    assert done.ending is ending
    assert done.good is (script == "exit 0")


def test_cpu_limit(tmp_path: Path) -> None:
    limits = GateLimits(seconds=60, cpu_seconds=1, memory_mib=512, file_mib=1, output_mib=1)
    assert run(["sh", "-c", "while :; do :; done"], tmp_path, limits).ending is Ending.CPU


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space")
def test_memory_limit_is_on(tmp_path: Path) -> None:
    done = run(["sh", "-c", "ulimit -v"], tmp_path, LIMITS)
    assert int(done.out) == 512 * 1024
    assert done.limits["memory"] == "512 MiB"


@pytest.mark.parametrize("how", ["", "setsid"])
def test_nothing_is_left_behind(how: str, tmp_path: Path) -> None:
    """A daemon in the group is always killed; one that leaves the group is where process namespaces work."""
    if how and "--pid" not in confinement.network_isolation():
        pytest.skip("no process namespaces on this machine")
    done = run(["sh", "-c", f"{how} sh -c 'sleep 3; echo late > {tmp_path}/late' & echo started"], tmp_path, LIMITS)
    assert done.out == "started\n"
    assert done.seconds < 2.5
    os.waitpid(os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "3.5"), 0)
    assert not (tmp_path / "late").exists()


def test_no_network_where_the_record_says_so(tmp_path: Path) -> None:
    program = "import socket; print(len([name for _, name in socket.if_nameindex() if name != 'lo']))"
    done = run([sys.executable, "-I", "-c", program], tmp_path, GateLimits(seconds=20))
    assert (done.out.strip() == "0") or done.limits["network"] != "none"


def test_a_limit_that_could_not_be_set_is_recorded_as_such() -> None:
    record = confinement.limits_record(LIMITS, ["cpu"], ("unshare", "--net", "--"))
    assert (record["cpu"], record["memory"], record["file"]) == ("20 s", "not set", "not set")
    assert (record["network"], record["processes"]) == ("none", "own group")
    assert confinement.limits_record(LIMITS, [], ())["network"] == "not isolated"


def test_limits_have_to_be_above_zero() -> None:
    with pytest.raises(ValueError, match="memory_mib=0"):
        GateLimits(memory_mib=0)
