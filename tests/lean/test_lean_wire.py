"""The protocol without Lean: messages cut from any pieces, old versions left aside, a server that lies or dies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.process import LeanWorker, OutOfTime, WorkerLimits
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.assistants.processes import ProcessDied

SERVER = """#!{python}
import sys, time
from proofloom.assistants.doubles.server import done, edits, publish, say
for edit in edits():
    number = edit.version
{answers}
"""


def frame(**message: object) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def worker(folder: Path, answers: str, **limits: float) -> LeanWorker:
    program = folder / "lean"
    lines = "\n".join("    " + line for line in answers.split("\n"))
    program.write_text(SERVER.format(python=sys.executable, answers=lines), encoding="utf-8")
    program.chmod(0o755)
    settings = WorkerLimits(grace_seconds=0.2, **limits)  # type: ignore[arg-type]
    return LeanWorker(LeanToolchain((4, 35, 0), str(program)), LeanSettings(folder), settings)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_messages_are_cut_from_any_pieces(size: int) -> None:
    place = {"line": 3, "character": 5}
    item = {"severity": 2, "message": "𝔸 ✝", "range": {"start": place, "end": place}}
    data = frame(method="$/lean/fileProgress", params={})
    data += frame(method="textDocument/publishDiagnostics", params={"uri": "u", "version": 4, "diagnostics": [item]})
    data += (
        frame(id=4, result={})
        + frame(id=9, method="workspace/inlayHint/refresh")
        + frame(id=5, error={"message": "no"})
    )
    reader = wire.Reader()
    found = [m for start in range(0, len(data), size) for m in reader.feed(data[start : start + size])]
    said = wire.Published(4, (wire.Diagnostic(wire.WARNING, wire.Place(3, 5), "𝔸 ✝"),))
    assert found == [said, wire.Answered(4, result={}), wire.Answered(5, "no")]


@pytest.mark.parametrize(
    "data", [b"Length: 3\r\n\r\n{}", b"Content-Length: 2\r\n\r\n[]", b"Content-Length: 1\r\n\r\n{"]
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        list(wire.Reader().feed(data))


def test_requests_carry_the_text_and_the_version() -> None:
    _, _, body = wire.did_change("file:///x", 7, "a ≤ b").partition(b"\r\n\r\n")
    params = json.loads(body)["params"]
    assert params == {"textDocument": {"uri": "file:///x", "version": 7}, "contentChanges": [{"text": "a ≤ b"}]}
    header, _, body = wire.wait("file:///x", 7).partition(b"\r\n\r\n")
    assert header == b"Content-Length: %d" % len(body)
    assert json.loads(body)["id"] == 7


def test_what_is_said_about_another_version_is_left_aside(tmp_path: Path) -> None:
    answers = 'publish(number, "now")\npublish(number - 1, "old")\npublish(number + 1, "new")\n'
    answers += "done(number - 1)\ndone(number)"
    lean = worker(tmp_path, answers)
    for _ in range(2):
        assert [item.text for item in lean.check("text", 10)] == ["now"]
    lean.kill()


def test_the_last_that_is_said_counts(tmp_path: Path) -> None:
    lean = worker(tmp_path, 'publish(number, "first")\npublish(number, "last")\ndone(number)')
    assert [item.text for item in lean.check("text", 10)] == ["last"]
    lean.kill()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ("sys.exit('boom')", "ended unexpectedly: boom"),
        ("say(id=number, error={'code': -1, 'message': 'worker crashed'})", "answered worker crashed"),
        ("print('forged', flush=True); print(flush=True)\nprint('\\r\\n\\r', flush=True)", "no length in the header"),
        ("while True: publish(number, 'x' * 10000)", "more than 50000 bytes"),
    ],
)
def test_a_server_that_breaks_off_is_a_dead_process(tmp_path: Path, answers: str, words: str) -> None:
    lean = worker(tmp_path, answers, answer_bytes=50_000)
    with pytest.raises(ProcessDied, match=words):
        lean.check("text", 10)
    lean.kill()


def test_a_silent_server_is_given_up_and_killed(tmp_path: Path) -> None:
    lean = worker(tmp_path, "time.sleep(60)")
    with pytest.raises(OutOfTime):
        lean.check("text", 0.2)
    with pytest.raises(ProcessDied, match="did not stop in time"):
        lean.stop("other text")


def test_a_server_that_does_not_read_is_killed(tmp_path: Path) -> None:
    lean = worker(tmp_path, "time.sleep(60)")
    with pytest.raises(OutOfTime):
        lean.check("text", 0.2)
    with pytest.raises(ProcessDied, match="did not read its input"):
        lean.check("x" * 3_000_000, 0.2)
