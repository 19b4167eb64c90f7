"""The messages of the Language Server Protocol that a session needs, as bytes out and values in.

A session speaks to one worker of Lean's language server (`lean --worker FILE`), which is what the server itself starts
for a document.  A client spends its time on what it reads, so messages that nobody asked for are told by their bytes
and dropped unread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_HEADER = b"Content-Length: "
_END = b"\r\n\r\n"
_PUBLISHED = b'"textDocument/publishDiagnostics"'
_METHOD = b'"method":"'
ERROR = 1
WARNING = 2


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a text: line from 0, column in UTF-16 code units, as the protocol counts."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that Lean says about a text."""

    severity: int
    start: Place
    text: str


@dataclass(frozen=True, slots=True)
class Published:
    """All that Lean says about one version of the document, so far."""

    version: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to the request with this number; `error` is empty if it is good."""

    number: int
    error: str = ""
    result: Any = None


class WireError(ValueError):
    """Bytes that are not a message of the protocol."""


def initialize() -> bytes:
    """The first request; without the delay every answer would wait for a fifth of a second."""
    options = {"editDelay": 0, "hasWidgets": False}
    return framed(
        {
            "id": 0,
            "method": "initialize",
            "params": {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options},
        }
    )


def did_open(uri: str, version: int, text: str) -> bytes:
    """The notification that a document is open; imports are not built."""
    document = {"uri": uri, "languageId": "lean", "version": version, "text": text}
    return _notification("textDocument/didOpen", {"textDocument": document, "dependencyBuildMode": "never"})


def did_change(uri: str, version: int, text: str) -> bytes:
    """The notification that the document has another text."""
    document = {"uri": uri, "version": version}
    return _notification("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


def wait(uri: str, version: int) -> bytes:
    """The request that is answered when all is said about a version; its number is the version."""
    params = {"uri": uri, "version": version}
    return framed({"id": version, "method": "textDocument/waitForDiagnostics", "params": params})


def at_place(method: str, number: int, uri: str, place: Place) -> bytes:
    """A request about a place in the document, such as `textDocument/hover`."""
    params = {"textDocument": {"uri": uri}, "position": {"line": place.line, "character": place.column}}
    return framed({"id": number, "method": method, "params": params})


class Frames:
    """Cuts what comes into the bodies of messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are complete with `data`; raises `WireError`."""
        self._buffer += data
        while (end := self._buffer.find(_END)) >= 0:
            header = bytes(self._buffer[:end])
            try:
                length = next(int(line[len(_HEADER) :]) for line in header.split(b"\r\n") if line.startswith(_HEADER))
            except (StopIteration, ValueError):
                raise WireError(f"no length in the header {header[:80]!r}") from None
            start = end + len(_END)
            if len(self._buffer) < start + length:
                return
            body = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            yield body


class Reader:
    """Reads the messages that a session asked for."""

    def __init__(self) -> None:
        self._frames = Frames()

    def feed(self, data: bytes) -> Iterator[Published | Answered]:
        """The messages that are complete with `data` and that a session asked for; raises `WireError`."""
        for body in self._frames.feed(data):
            message = _read(body)
            if message is not None:
                yield message


def _read(body: bytes) -> Published | Answered | None:
    if _PUBLISHED not in body and _METHOD in body:
        return None
    try:
        message: dict[str, Any] = json.loads(body)
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            return Published(params.get("version", -1), tuple(map(_diagnostic, params["diagnostics"])))
        if "method" in message:
            return None
        error = message.get("error")
        result = message.get("result")
        return Answered(int(message["id"]), "" if error is None else str(error.get("message", error)), result)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WireError(f"not a message of the language server: {body[:80]!r}") from error


def _diagnostic(item: dict[str, Any]) -> Diagnostic:
    start = item["range"]["start"]
    return Diagnostic(item.get("severity", ERROR), Place(start["line"], start["character"]), item["message"])


def _notification(method: str, params: dict[str, Any]) -> bytes:
    return framed({"method": method, "params": params})


def framed(content: Mapping[str, Any]) -> bytes:
    """The bytes of one message with these members."""
    body = json.dumps({"jsonrpc": "2.0", **content}, ensure_ascii=False, separators=(",", ":"))
    data = body.encode("utf-8", "replace")
    return b"%b%d%b%b" % (_HEADER, len(data), _END, data)
