"""A model behind an endpoint that speaks OpenAI's completions protocol and tells log-probabilities.

vLLM, llama.cpp and others serve it: `POST {url}/completions`, answers in `choices` with `logprobs.token_logprobs`.
Prompts go in separate requests, side by side, because not every server takes several at once; servers batch anyway.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from proofloom.models.engine.protocol import Decoding, Method
from proofloom.models.engine.text import Asked, Completion
from proofloom.models.prompt import prompt_text

_MOST_SHOWN = 200


class EndpointError(RuntimeError):
    """The endpoint gave no usable answer; one line says which endpoint and why."""


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """Where the `model` is: `url` ends before `/completions`, as in `http://localhost:8000/v1`.

    `key_variable` names the environment variable that holds the key (empty: none is sent).  A request may take
    `seconds`, and `requests` of them run side by side.  Prompts are cut to `most_prompt_characters`, because only the
    endpoint knows its tokens; a text ends at the model's end of text or before one of `stop`.
    """

    url: str
    model: str
    key_variable: str = ""
    seconds: float = 60.0
    requests: int = 8
    most_prompt_characters: int = 4000
    stop: tuple[str, ...] = ("[GOAL]", "[PROOFSTEP]")

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"endpoint url={self.url!r}: wanted one that starts with http:// or https://")
        if self.seconds <= 0:
            raise ValueError(f"endpoint seconds={self.seconds}: wanted more than 0")
        if self.requests < 1:
            raise ValueError(f"endpoint requests={self.requests}: wanted at least 1")


class Endpoint:
    """Draws completions from an endpoint, with the temperature and seed of `decoding`; it cannot do beam search.

    Log-probabilities are what the endpoint says.  Whether they hold for the temperature asked for or for 1, and
    whether they include the end of the text, is the server's choice (vLLM: for 1, and yes).  Hints are not sent: how a
    served model was taught to read them is not known.
    """

    def __init__(self, config: EndpointConfig, decoding: Decoding, environment: Mapping[str, str] = os.environ) -> None:
        if decoding.method is not Method.SAMPLE:
            raise ValueError(f"endpoint with decoding method {decoding.method.value!r}: wanted 'sample'")
        self._config, self._decoding = config, decoding
        self._headers = {"Content-Type": "application/json"}
        if config.key_variable:
            key = environment.get(config.key_variable)
            if not key:
                raise EndpointError(f"endpoint {config.url}: the environment variable {config.key_variable} is not set")
            self._headers["Authorization"] = f"Bearer {key}"
        self._address = f"{config.url.rstrip('/')}/completions"
        self.name = f"endpoint {config.model}"

    def complete(self, asked: Sequence[Asked], n: int) -> list[list[Completion]]:
        """For each state `n` completions, the likeliest first; raises `EndpointError`."""
        if not asked:
            return []
        texts = [prompt_text(one.state, self._config.most_prompt_characters) for one in asked]
        with ThreadPoolExecutor(min(self._config.requests, len(texts))) as pool:
            return list(pool.map(lambda text: self._completions(text, n), texts))

    def _completions(self, prompt: str, n: int) -> list[Completion]:
        """Asks again for what is missing: some servers give one choice however many are asked for."""
        found: list[Completion] = []
        while len(found) < n:
            found += self._asked(prompt, n - len(found), self._decoding.seed + len(found))
        return sorted(found[:n], key=lambda one: -one.logprob)

    def _asked(self, prompt: str, n: int, seed: int) -> list[Completion]:
        answer = self._answer(
            {
                "model": self._config.model,
                "prompt": prompt,
                "n": n,
                "max_tokens": self._decoding.most_tokens,
                "temperature": self._decoding.temperature,
                "seed": seed,
                "logprobs": 1,
                "stop": list(self._config.stop),
            }
        )
        try:
            found = [_completion(choice) for choice in answer["choices"]]
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(f"not a completion with log-probabilities ({type(error).__name__}: {error})") from error
        if not found:
            raise self._error("no choices in the answer")
        return found

    def _answer(self, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(self._address, json.dumps(body).encode(), self._headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=self._config.seconds) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(4 * _MOST_SHOWN).decode("utf-8", "replace")
            raise self._error(f"status {error.code}: {said or error.reason}") from error
        except TimeoutError as error:
            raise self._error(f"no answer within {self._config.seconds:g} s") from error
        except urllib.error.URLError as error:
            late = isinstance(error.reason, TimeoutError)
            raise self._error(f"no answer within {self._config.seconds:g} s" if late else str(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._error(f"{type(error).__name__}: {error}") from error
        except ValueError as error:
            raise self._error(f"the answer is not JSON ({error})") from error

    def _error(self, problem: str) -> EndpointError:
        return EndpointError(f"endpoint {self._address}: {' '.join(problem.split())[:_MOST_SHOWN]}")


def _completion(choice: Mapping[str, Any]) -> Completion:
    details = choice["logprobs"]
    if details is None:
        raise ValueError("logprobs is null")
    logprob = sum(float(one) for one in details["token_logprobs"])
    text = choice["text"]
    if not isinstance(text, str):
        raise ValueError(f"text is {type(text).__name__}")
    tokens = tuple(str(token) for token in details["tokens"])
    return Completion(text, tokens, min(logprob, 0.0), choice.get("finish_reason") == "stop")
