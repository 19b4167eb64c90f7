"""The endpoint against a server on this machine that speaks the protocol, well and badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from proofloom.models.engine.endpoint import Endpoint, EndpointConfig, EndpointError
from proofloom.models.engine.protocol import Decoding, Method
from proofloom.models.engine.text import Asked
from proofloom.proofs import Goal, ProofState

SAMPLE = Decoding(Method.SAMPLE, most_tokens=9, temperature=0.8, seed=5)
STATES = [ProofState((Goal((), name),)) for name in "ab"]


def choice(text: str, *logprobs: float, reason: str = "stop") -> dict[str, Any]:
    tokens = [f"{text}{place}" for place in range(len(logprobs))]
    return {"text": text, "finish_reason": reason, "logprobs": {"tokens": tokens, "token_logprobs": list(logprobs)}}


@contextmanager
def server(answer: Callable[[dict[str, Any]], Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address and the requests it got; `answer` gives an object, raw bytes, or a status with a text."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"path": self.path, "key": self.headers["Authorization"], **body})
            said = answer(body)
            status, text = said if isinstance(said, tuple) else (200, said)
            data = text if isinstance(text, bytes) else json.dumps(text).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except BrokenPipeError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}/v1", seen
        finally:
            served.shutdown()
            thread.join()


def test_completions_come_with_their_log_probabilities_the_likeliest_first() -> None:
    def answer(body: dict[str, Any]) -> Any:
        name = "a" if "⊢ a" in body["prompt"] else "b"
        return {"choices": [choice(name, -1.0, -2.0), choice(f"{name}!", -0.5), choice("cut", -0.1, reason="length")]}

    with server(answer) as (url, seen):
        config = EndpointConfig(f"{url}/", "small", key_variable="OUR_KEY", stop=("\n\n",))
        engine = Endpoint(config, SAMPLE, {"OUR_KEY": "secret"})
        found = engine.complete([Asked(state, ("hint",)) for state in STATES], 3)
        assert engine.complete([], 3) == []
    assert [[(one.text, one.logprob, one.finished) for one in some] for some in found] == [
        [("cut", -0.1, False), (f"{name}!", -0.5, True), (name, -3.0, True)] for name in "ab"
    ]
    assert found[0][2].tokens == ("a0", "a1")
    assert sorted(one["prompt"] for one in seen) == ["[GOAL]⊢ a[PROOFSTEP]", "[GOAL]⊢ b[PROOFSTEP]"]
    wanted = {"path": "/v1/completions", "key": "Bearer secret", "model": "small", "n": 3, "max_tokens": 9}
    wanted |= {"temperature": 0.8, "seed": 5, "logprobs": 1, "stop": ["\n\n"]}
    assert all(one.items() >= wanted.items() for one in seen)


def test_a_server_that_gives_one_choice_is_asked_again_with_other_seeds() -> None:
    with server(lambda body: {"choices": [choice(f"t{body['seed']}", -1.0)]}) as (url, seen):
        found = Endpoint(EndpointConfig(url, "small"), SAMPLE).complete([Asked(one) for one in STATES[:1]], 3)
    assert [one.text for one in found[0]] == ["t5", "t6", "t7"]
    assert [(one["n"], one["seed"], one["key"]) for one in seen] == [(3, 5, None), (2, 6, None), (1, 7, None)]


def test_a_prompt_is_cut_to_what_is_allowed() -> None:
    with server(lambda body: {"choices": [choice("x", -1.0)]}) as (url, seen):
        Endpoint(EndpointConfig(url, "small", most_prompt_characters=20), SAMPLE).complete(
            [Asked(ProofState((Goal((), "abcdef"),)))], 1
        )
    assert seen[0]["prompt"] == "[GOAL]def[PROOFSTEP]"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ((500, {"error": "no\nmemory"}), r'status 500: {"error": "no\\nmemory"}'),
        ((404, b""), "status 404: Not Found"),
        (b"<html>", "the answer is not JSON"),
        ({"choices": []}, "no choices in the answer"),
        ({"error": "?"}, "not a completion with log-probabilities .KeyError: 'choices'"),
        ({"choices": [{"text": "x", "logprobs": None}]}, "logprobs is null"),
        ({"choices": [{"text": None, "logprobs": {"token_logprobs": [], "tokens": []}}]}, "text is NoneType"),
        ([], "not a completion"),
    ],
)
def test_an_answer_that_cannot_be_used_is_an_error_of_one_line(said: Any, message: str) -> None:
    with server(lambda body: said) as (url, _), pytest.raises(EndpointError, match=message) as raised:
        Endpoint(EndpointConfig(url, "small"), SAMPLE).complete([Asked(one) for one in STATES], 2)
    assert str(raised.value).startswith(f"endpoint {url}/completions: ")
    assert "\n" not in str(raised.value)


def test_a_server_that_is_slow_or_not_there_is_an_error() -> None:
    def slow(body: dict[str, Any]) -> Any:
        time.sleep(0.6)
        return {}

    with server(slow) as (url, _), pytest.raises(EndpointError, match=r"no answer within 0\.2 s"):
        Endpoint(EndpointConfig(url, "small", seconds=0.2), SAMPLE).complete([Asked(one) for one in STATES[:1]], 1)
    with pytest.raises(EndpointError, match="refused"):
        Endpoint(EndpointConfig(url, "small"), SAMPLE).complete([Asked(one) for one in STATES[:1]], 1)


def test_what_cannot_be_is_refused_before_anything_is_sent() -> None:
    config = EndpointConfig("http://127.0.0.1:1/v1", "small", key_variable="OUR_KEY")
    with pytest.raises(EndpointError, match="the environment variable OUR_KEY is not set"):
        Endpoint(config, SAMPLE, {})
    with pytest.raises(ValueError, match="decoding method 'beam': wanted 'sample'"):
        Endpoint(config, Decoding(), {"OUR_KEY": "x"})
    for options, message in {"seconds": "seconds=0", "requests": "requests=0"}.items():
        with pytest.raises(ValueError, match=message):
            EndpointConfig("http://127.0.0.1:1/v1", "small", **{options: 0})
    with pytest.raises(ValueError, match="wanted one that starts with http"):
        EndpointConfig("127.0.0.1:1/v1", "small")
