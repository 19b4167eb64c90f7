"""Writing beside and moving into place: whatever goes wrong, the old file is whole and nothing is left behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.files import write_beside
from proofloom.assistants.session import AssistantError

OLD = b"Lemma a : True. Admitted.\r\n\xe9"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "A.v"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def untouched(file: Path) -> bool:
    return file.read_bytes() == OLD and [entry.name for entry in file.parent.iterdir()] == [file.name]


@given(st.binary(max_size=200))
def test_the_bytes_arrive(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("write") / "A.v"
    write_beside(path, OLD)
    write_beside(path, data, expected=OLD)
    assert path.read_bytes() == data
    assert [entry.name for entry in path.parent.iterdir()] == ["A.v"]


def test_the_mode_is_kept_and_a_new_file_gets_the_usual_one(file: Path) -> None:
    file.chmod(0o640)
    write_beside(file, b"new")
    assert file.stat().st_mode & 0o777 == 0o640
    other, plain = file.with_name("B.v"), file.with_name("C.v")
    write_beside(other, b"new")
    plain.write_bytes(b"new")
    assert other.stat().st_mode == plain.stat().st_mode


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "Link.v"
    link.symlink_to(file)
    write_beside(link, b"new", expected=OLD)
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_change_since_the_file_was_read_is_not_overwritten(file: Path) -> None:
    with pytest.raises(AssistantError, match=r"A\.v: was changed since it was read; nothing is written"):
        write_beside(file, b"new", expected=b"other")
    assert untouched(file)
    file.unlink()
    with pytest.raises(AssistantError, match="was removed since it was read"):
        write_beside(file, b"new", expected=OLD)
    assert list(file.parent.iterdir()) == []


def test_a_change_while_the_new_bytes_are_written_is_not_overwritten(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def change_then_sync(handle: int) -> None:
        file.write_bytes(b"by somebody else")
        sync(handle)

    monkeypatch.setattr(os, "fsync", change_then_sync)
    with pytest.raises(AssistantError, match="was changed since it was read"):
        write_beside(file, b"new", expected=OLD)
    assert file.read_bytes() == b"by somebody else"
    assert [entry.name for entry in file.parent.iterdir()] == ["A.v"]


def test_of_two_runs_on_one_file_the_second_is_told(file: Path) -> None:
    refused: list[str] = []
    barrier = threading.Barrier(2)

    def run(data: bytes) -> None:
        seen = file.read_bytes()
        barrier.wait()
        if data == b"second":
            first.join()
        try:
            write_beside(file, data, expected=seen)
        except AssistantError as error:
            refused.append(str(error))

    first = threading.Thread(target=run, args=(b"first",))
    second = threading.Thread(target=run, args=(b"second",))
    first.start()
    second.start()
    second.join()
    assert file.read_bytes() == b"first"
    assert len(refused) == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_an_error_of_the_disk_leaves_the_old_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, code: int, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(AssistantError, match=os.strerror(code)) as caught:
        write_beside(file, b"new")
    assert "\n" not in str(caught.value)
    assert untouched(file)


def test_an_interrupt_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_beside(file, b"new")
    assert untouched(file)


QUOTA = """
import resource, sys
from pathlib import Path
from proofloom.assistants.files import write_beside
from proofloom.assistants.session import AssistantError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_beside(Path(sys.argv[1]), b"x" * 5000)
except AssistantError as error:
    sys.exit(str(error))
"""


def test_a_real_quota_on_file_size(file: Path) -> None:
    result = subprocess.run([sys.executable, "-c", QUOTA, str(file)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "File too large" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert untouched(file)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of 64 KiB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, timeout=60).returncode != 0:
        pytest.skip("mounting a tmpfs needs root with the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=60)


def test_a_full_disk(small_disk: Path) -> None:
    path = small_disk / "A.v"
    path.write_bytes(OLD)
    with pytest.raises(AssistantError, match="No space left on device"):
        write_beside(path, b"x" * 200_000)
    assert untouched(path)


READ_ONLY = """
import os, sys
from pathlib import Path
from proofloom.assistants.files import write_beside
from proofloom.assistants.session import AssistantError
if os.geteuid() == 0:
    os.setuid(65534)
try:
    write_beside(Path(sys.argv[1]), b"new")
except AssistantError as error:
    sys.exit(str(error))
"""


def test_a_read_only_folder_for_an_ordinary_user(file: Path) -> None:
    for folder in (file.parent, *file.parent.parents):
        if not folder.stat().st_mode & 0o001 and os.geteuid() == 0:
            folder.chmod(folder.stat().st_mode | 0o055)
        if folder.name.startswith("pytest-of"):
            break
    file.parent.chmod(0o555)
    result = subprocess.run([sys.executable, "-c", READ_ONLY, str(file)], capture_output=True, text=True, timeout=60)
    file.parent.chmod(0o755)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("cannot be written (Permission denied); it is as it was")
    assert untouched(file)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="No such file or directory"):
        write_beside(tmp_path / "nowhere" / "A.v", b"new")
