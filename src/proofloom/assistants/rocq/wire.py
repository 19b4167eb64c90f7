"""The XML protocol of `coqidetop` (version 20220205): calls as bytes out, answers as bytes in.

A client of it spends its time here, so nothing is built that is not asked for: answers are cut at `</value>`, goals are
read by position, and what was read before is looked up by its bytes.  Facts of the protocol: Coq's
`dev/doc/xml-protocol.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from proofloom.proofs import Goal, Hypothesis, ProofState

VALUE_END = b"</value>"
INIT = b'<call val="Init"><option val="none"/></call>'
GOAL = b'<call val="Goal"><unit/></call>'
STATUS = b'<call val="Status"><bool val="false"/></call>'

_ADD = (
    b'<call val="Add"><pair><pair><pair><pair><string>%b</string><int>-1</int></pair>'
    b'<pair><state_id val="%d"/><bool val="false"/></pair></pair><int>0</int></pair>'
    b"<pair><int>0</int><int>0</int></pair></pair></call>"
)
_QUERY = (
    b'<call val="Query"><pair><route_id val="0"/><pair><string>%b</string><state_id val="%d"/></pair></pair></call>'
)
_TAG = re.compile(rb"<[^>]*>")
_CHARACTER = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_STATE_ID = re.compile(rb'<state_id val="(\d+)"/>')
_RICHPP = re.compile(rb"<richpp>(.*?)</richpp>", re.DOTALL)
_NOTICE = re.compile(rb'<message_level val="notice"/>.*?<richpp>(.*?)</richpp>', re.DOTALL)
_FRAME = re.compile(rb"<(/?)(list|pair|goal)(/?)>")
_CURRENT_PROOF = re.compile(rb'</list><option val="some"><string>(.*?)</string></option>', re.DOTALL)
_NAME = re.compile(rb"<option val=\"some\">(.*?)</option>", re.DOTALL)
_CACHE_LIMIT = 100_000


def add(sentence: str, state: int) -> bytes:
    """The call that puts `sentence` on top of `state`, which must be the tip."""
    return _ADD % (_escape(sentence), state)


def query(sentence: str, state: int) -> bytes:
    """The call that runs `sentence` on top of `state` and drops the result."""
    return _QUERY % (_escape(sentence), state)


def edit_at(state: int) -> bytes:
    """The call that drops everything after `state`."""
    return b'<call val="Edit_at"><state_id val="%d"/></call>' % state


def _escape(text: str) -> bytes:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.encode("utf-8", "surrogateescape")


def plain(pretty: bytes) -> str:
    """Pretty-printed XML as plain text."""
    text = _TAG.sub(b"", pretty).decode("utf-8", "replace")
    if "&" in text:
        text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
        text = _CHARACTER.sub(lambda m: chr(int(m[1], 16) if m[1] else int(m[2])), text)
        text = text.replace("&apos;", "'").replace("&amp;", "&")
    return text


@dataclass(frozen=True, slots=True)
class Answer:
    """One `<value>`: its bytes, and the bytes of the feedback that came before it."""

    value: bytes
    feedback: bytes

    @property
    def good(self) -> bool:
        """True unless the call failed."""
        return self.value.startswith(b'<value val="good"')

    @property
    def state_id(self) -> int:
        """The first state id in the value; raises `ValueError` if there is none."""
        match = _STATE_ID.search(self.value)
        if match is None:
            raise ValueError(f"no state id in {self.value[:200]!r}")
        return int(match[1])

    @property
    def message(self) -> str:
        """The text of a failure, on one line."""
        match = _RICHPP.search(self.value)
        return " ".join(plain(match[1] if match else self.value).split())

    @property
    def notices(self) -> list[str]:
        """What the command printed (level notice), in order."""
        return [plain(text) for text in _NOTICE.findall(self.feedback)]

    @property
    def current_proof(self) -> str | None:
        """The short name of the open proof, in the answer of `Status`."""
        match = _CURRENT_PROOF.search(self.value)
        return plain(match[1]) if match else None


class GoalReader:
    """Turns the answers of `Goal` into proof states; equal bytes give the same object."""

    def __init__(self) -> None:
        self._goals: dict[bytes, Goal] = {}
        self._hypotheses: dict[bytes, Hypothesis] = {}

    def read(self, answer: Answer) -> tuple[ProofState, int] | None:
        """The focused goals and the number of goals behind them, or None outside a proof."""
        body = answer.value
        start = body.find(b"<goals>")
        if start < 0:
            return None
        counts = [0, 0, 0, 0]
        focused: list[Goal] = []
        field, depth, position = -1, 0, start + 7
        while (match := _FRAME.match(body, position)) is not None:
            closing, tag, empty = match.groups()
            position = match.end()
            if tag == b"goal":
                end = body.index(b"</goal>", position)
                counts[field] += 1
                if field == 0:
                    focused.append(self._goal(body[body.index(b"</string>", position) + 9 : end]))
                position = end + 7
            elif closing:
                depth -= 1
            else:
                if depth == 0:
                    field += 1
                if not empty:
                    depth += 1
        return ProofState(tuple(focused), counts[2], counts[3]), counts[1]

    def _goal(self, body: bytes) -> Goal:
        goal = self._goals.get(body)
        if goal is None:
            if len(self._goals) > _CACHE_LIMIT:
                self._goals.clear()
                self._hypotheses.clear()
            *hypotheses, conclusion = _RICHPP.findall(body)
            name = _NAME.search(body, body.rindex(b"</richpp>"))
            goal = Goal(
                tuple(self._hypothesis(text) for text in hypotheses),
                " ".join(plain(conclusion).split()),
                plain(name[1]) if name else None,
            )
            self._goals[body] = goal
        return goal

    def _hypothesis(self, body: bytes) -> Hypothesis:
        hypothesis = self._hypotheses.get(body)
        if hypothesis is None:
            hypothesis = self._hypotheses[body] = parse_hypothesis(" ".join(plain(body).split()))
        return hypothesis


def parse_hypothesis(text: str) -> Hypothesis:
    """`n, m : nat` or `x := body : nat`, as Rocq prints them on one line."""
    colon, define = text.find(" : "), text.find(" := ")
    if define >= 0 and (colon < 0 or define < colon):
        cut = _last_colon(text, define + 4)
        return Hypothesis(_names(text[:define]), text[cut + 3 :], text[define + 4 : cut])
    return Hypothesis(_names(text[:colon]), text[colon + 3 :])


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _last_colon(text: str, start: int) -> int:
    """The last ` : ` outside brackets at or after `start`: it separates a body from its type."""
    depth, found = 0, -1
    for position in range(start, len(text)):
        character = text[position]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and character == ":" and text[position - 1 : position + 2] == " : ":
            found = position - 1
    if found < 0:
        raise ValueError(f"hypothesis {text!r}: wanted 'name := body : type'")
    return found
