"""Decode attention: candidates that share a prompt, beside a cache for each; on a GPU, many shapes beside peers.

On a CPU, a random GPT-NeoX of 17 million parameters (that of `decode.py`, float32) reads a prompt and then decodes 32
candidates, the same given tokens in both ways: with the prompt's keys read where they lie, once for all candidates, and
with `transformers`, torch's fused attention and a static cache for each candidate.  Time is that of decoding, copying
the cache included, and in the second figure also that of reading the prompt.  Memory is the peak above what the program
held before.  Then single calls of the attention beside torch's fused attention.  Both run in one process, in turn in
each repetition; a ratio is the median over repetitions of the ratio of CPU seconds within one.  Where other programs
run, take `--threads 1`: threads that wait for each other spend CPU seconds.

With `--device cuda` see `peers/gpu_shapes.py`.
"""

from __future__ import annotations

import gc
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from decode import WORDS, random_model
from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.evaluation.measuring.costs import measured
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.models.engine.beam import Move
from proofloom.models.engine.gpt_neox import NeoxLayers

GOAL_TOKENS, GOAL_RATIO = 4096, 2.0


class Shared:
    """The prompt's keys are read where they lie."""

    def __init__(self, model: transformers.GPTNeoXForCausalLM) -> None:
        self._layers = NeoxLayers(model)

    def read(self, prompt: Tensor) -> object:
        return self._layers.read([prompt.tolist()])

    def decode(self, state: object, tokens: Tensor) -> Tensor:
        """Logits (K, V) after `tokens` (K, steps)."""
        _, prefix, tails = state
        move = Move(torch.zeros(1, dtype=torch.long), torch.zeros(1, len(tokens), dtype=torch.long), tokens[None, :, 0])
        logits, tails = self._layers.step(move, prefix, tails)
        for step in range(1, tokens.shape[1]):
            move = Move(move.prompts, torch.arange(len(tokens))[None], tokens[None, :, step])
            logits, tails = self._layers.step(move, prefix, tails)
        return logits[0]


class Copied:
    """Each candidate has a cache of its own."""

    def __init__(self, model: transformers.GPTNeoXForCausalLM) -> None:
        model.set_attn_implementation("sdpa")
        self._model = model

    def read(self, prompt: Tensor) -> object:
        return self._model(prompt[None], use_cache=True, logits_to_keep=1).past_key_values

    def decode(self, state: object, tokens: Tensor) -> Tensor:
        """Logits (K, V) after `tokens` (K, steps)."""
        held = state.layers[0].keys.shape[2]
        cache = transformers.StaticCache(self._model.config, max_cache_len=held + tokens.shape[1])
        for number, layer in enumerate(state.layers):
            copies = [one.expand(len(tokens), -1, -1, -1) for one in (layer.keys, layer.values)]
            cache.update(*copies, number)
        for step in range(tokens.shape[1]):
            logits = self._model(tokens[:, step : step + 1], past_key_values=cache, use_cache=True).logits
        return logits[:, -1]


def available() -> int:
    """Bytes that the machine can still give."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/meminfo has no MemAvailable: this program looks at memory on Linux only")


def candidates(figures: Figures, length: int, count: int, steps: int, repetitions: int, seed: int) -> None:
    """Both ways of decoding `count` candidates of `steps` tokens from a prompt of `length`."""
    model = random_model(seed, length + steps).eval()
    copies = 2 * 4 * count * (length + steps) * model.config.hidden_size * model.config.num_hidden_layers
    if copies * 1.3 > available():
        figures.say(f"prompt {length:6}: caches for each need {copies / 2**30:.1f} GiB, more than there is; left out")
        figures.figure(f"prompt_{length}", "left out: too little memory for a cache for each candidate")
        return
    prompt = torch.randint(1, WORDS, (length,))
    tokens = torch.randint(1, WORDS, (count, steps))
    ways = {"shared": Shared(model), "copied": Copied(model)}
    runs: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in ways}
    written: dict[str, Tensor] = {}
    for _ in range(repetitions):
        for name, way in ways.items():
            before = time.process_time()
            state = way.read(prompt)
            reading = time.process_time() - before

            def decoded(name: str = name, way: Shared | Copied = way, state: object = state) -> None:
                written[name] = way.decode(state, tokens)

            taken = measured(decoded)
            runs[name].append((taken.seconds, taken.wall, taken.memory / 2**20, reading))
            del state, decoded
            gc.collect()
    error = (written["shared"] - written["copied"]).abs().max().item()
    for name in ways:
        cpu, wall, memory, reading = (statistics.median(numbers) for numbers in zip(*runs[name], strict=True))
        figures.say(
            f"prompt {length:6} {name}: decoding {cpu:7.2f} s CPU {wall:7.2f} s wall {memory:7.0f} MiB, "
            f"reading {reading:6.2f} s CPU"
        )
        for what, value in (("cpu_seconds", cpu), ("wall_seconds", wall), ("mebibytes", memory)):
            figures.figure(f"prompt_{length}_{name}_{what}", round(value, 3))
        figures.figure(f"prompt_{length}_{name}_reading_cpu_seconds", round(reading, 3))
    pairs = list(zip(runs["copied"], runs["shared"], strict=True))
    ratio = statistics.median(theirs[0] / ours[0] for theirs, ours in pairs)
    whole = statistics.median((theirs[0] + theirs[3]) / (ours[0] + ours[3]) for theirs, ours in pairs)
    saved = statistics.median(theirs[2] / max(ours[2], 1) for theirs, ours in pairs)
    figures.say(
        f"  {ratio:.2f}x in decoding, {whole:.2f}x with reading, {saved:.0f}x less memory, logits to {error:.0e}"
    )
    figures.figure(f"prompt_{length}_largest_difference_of_logits", error)
    figures.figure(f"prompt_{length}_copied_over_shared_with_reading", round(whole, 3))
    figures.figure(f"prompt_{length}_copied_over_shared_memory", round(saved, 1))
    if length == GOAL_TOKENS:
        figures.goal(f"prompt_{length}_copied_over_shared", round(ratio, 3), GOAL_RATIO)
    else:
        figures.figure(f"prompt_{length}_copied_over_shared", round(ratio, 3))


def attention(figures: Figures, scale: int, repetitions: int) -> None:
    """Single calls beside torch's fused attention, for one new token of each sequence."""
    cases = {
        "one sequence, 8 heads over 8": ([16384], 8, 8),
        "one sequence, 8 heads over 1": ([32768], 8, 1),
        "one sequence, 1 head": ([65536], 1, 1),
        "one long, 15 short": ([16384] + [512] * 15, 8, 2),
    }
    for name, (lengths, heads, key_heads) in cases.items():
        lengths = [max(1, length // scale) for length in lengths]
        query = torch.randn(len(lengths), heads, 1, 64)
        keys, values = (torch.randn(len(lengths), key_heads, max(lengths), 64) for _ in range(2))
        ragged = torch.tensor(lengths) if len(set(lengths)) > 1 else None
        mask = None if ragged is None else (torch.arange(max(lengths)) < ragged[:, None])[:, None, None]
        held = KeyValues(keys, values, ragged)

        def theirs(
            query: Tensor = query, keys: Tensor = keys, values: Tensor = values, mask: Tensor | None = mask
        ) -> None:
            F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, enable_gqa=True)

        def ours(query: Tensor = query, held: KeyValues = held) -> None:
            attend(query, held)

        pairs = [(_spent(theirs), _spent(ours)) for _ in range(repetitions)]
        cpu, wall = (statistics.median(one[clock] / other[clock] for one, other in pairs) for clock in (0, 1))
        first, second = (statistics.median(pair[place][0] for pair in pairs) * 1e3 for place in (0, 1))
        figures.say(
            f"{name:30} torch {first:7.2f} ms CPU, ours {second:7.2f} ms CPU, {cpu:.2f}x ({wall:.2f}x in wall time)"
        )
        figures.figure(f"{name}: torch over ours, CPU", round(cpu, 3))
        figures.figure(f"{name}: torch over ours, wall", round(wall, 3))


def _spent(call: Callable[[], None], times: int = 5) -> tuple[float, float]:
    """CPU and wall seconds of one call."""
    call()
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        call()
    return (time.process_time() - cpu) / times, (time.perf_counter() - wall) / times


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", help="prompts (default 1024 4096 16384; with --quick 1024)")
    parser.add_argument("--candidates", type=int, default=32, help="candidates of a prompt (default 32)")
    parser.add_argument("--steps", type=int, default=16, help="new tokens of a candidate (default 16)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    parser.add_argument("--repetitions", type=int, help="how often each is measured (default 3, with --quick 2)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    figures = Figures("lean_attention", quiet=options.json)
    if options.device == "cpu":
        # The name of an argument changes with the version; this one is known to all.
        warnings.simplefilter("ignore", FutureWarning)
        transformers.logging.set_verbosity_error()
        torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        repetitions = options.repetitions or (2 if options.quick else 3)
        with torch.inference_mode():
            attention(figures, 4 if options.quick else 1, 2 * repetitions + 1)
            for length in options.tokens or ([1024] if options.quick else [1024, 4096, 16384]):
                candidates(figures, length, options.candidates, options.steps, repetitions, options.seed)
    else:
        from peers.gpu_shapes import measure  # needs triton

        with torch.inference_mode():
            measure(figures, torch.device(options.device), options.seed, options.quick)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
