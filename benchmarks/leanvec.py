"""Speed, build time and memory of the premise index against other indexes, at the recall that each reaches.

Every system is built and searched in a process of its own, on one thread; the cheapest effort of a sweep that reaches a
recall@10 counts, and the best of some repetitions.  Times are CPU seconds, so that other work on the machine counts
less.  Two synthetic sets (`skewed_sets`), or with `--db` the premises of an indexed library, asked with states.
"""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ann_systems import systems
from proofloom.corpus.library import Library
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.policies.premises.retrievers import encoder_at
from proofloom.retrieval.library_index import index_file, origin_of, step_goals
from proofloom.retrieval.premise_index import PremiseIndex
from proofloom.retrieval.projection import SOLVERS, loss
from proofloom.retrieval.projection_choice import Trial, best, shared
from skewed_sets import Problem, directions, overlap, problem

WANTED = (0.90, 0.95, 0.99)
K = 10
BASELINE = "faiss_hnsw16"


def measured(name: str, given: Problem, true: np.ndarray, repeats: int) -> dict[str, Any]:
    """Build seconds, bytes of a vector, and for each wanted recall queries per CPU second and the recall."""
    faiss.omp_set_num_threads(1)
    started = time.process_time()
    built = systems()[name](given)
    record: dict[str, Any] = {"build_seconds": round(time.process_time() - started, 2), "note": built.note}
    record["bytes_per_vector"] = round(built.bytes_each, 1)
    wanted = list(WANTED)
    for effort in built.efforts:
        recall = shared(true, built.search(given.queries, K, effort))
        reached = [level for level in wanted if recall >= level]
        if reached:
            seconds = min(_seconds(built, given, effort) for _ in range(repeats))
            for level in reached:
                record[f"{level:.2f}"] = {
                    "queries_per_second": round(len(given.queries) / seconds),
                    "recall": round(recall, 4),
                    "effort": effort,
                }
            wanted = [level for level in wanted if level not in reached]
        if not wanted:
            break
    return record


def _seconds(built: Any, given: Problem, effort: int) -> float:
    started = time.process_time()
    built.search(given.queries, K, effort)
    return time.process_time() - started


def apart(name: str, given: Problem, true: np.ndarray, repeats: int) -> dict[str, Any] | None:
    """`measured` in a process of its own; None if that process ended without an answer."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, name, given, true, repeats))
    process.start()
    sender.close()
    try:
        answer: dict[str, Any] | None = receiver.recv()
    except EOFError:
        answer = None
    process.join()
    return answer


def _answer(sender: Connection, name: str, given: Problem, true: np.ndarray, repeats: int) -> None:
    sender.send(measured(name, given, true, repeats))


def of_library(place: str, queries: int, seed: int) -> Problem:
    """The vectors of an indexed library, with states of its training part to learn from and others to ask with."""
    file = index_file(place)
    if file is None:
        raise SystemExit(f"{place}: wanted a library in a file, with an index beside it")
    with Library.open(place, create=False) as library:
        index = PremiseIndex.load(file)
        encoder = encoder_at(origin_of(index, file, library.premises()).source, 1)
        goals = list(dict.fromkeys(step_goals(library, 3 * queries)))
    order = np.random.default_rng(seed).permutation(len(goals))
    states = encoder.goals([goals[place] for place in order.tolist()])
    return Problem(index._vectors.decoded(), states[queries:], states[:queries])


def compare(label: str, given: Problem, names: list[str], repeats: int, figures: Figures) -> dict[str, Any]:
    """All systems on one problem, with a line for each."""
    true = best(given.queries, given.data, K)
    width = min(160, given.data.shape[1] // 4)
    figures.say(
        f"{label}: {len(given.data):,} vectors of {given.data.shape[1]}; 80 % of the variance in "
        f"{directions(given.data[:20_000], 0.8)} directions; queries' leading {width} overlap by "
        f"{overlap(given.data[:20_000], given.training, width):.2f}"
    )
    records: dict[str, Any] = {}
    for name in names:
        record = apart(name, given, true, repeats)
        if record is None:
            figures.say(f"  {name:22} ended without an answer")
            continue
        records[name] = record
        shown = [_cell(record.get(f"{level:.2f}"), level) for level in WANTED]
        size = f"{record['build_seconds']:7.1f} s {record['bytes_per_vector']:7.0f} B"
        figures.say(f"  {name:22} {size}  {'  '.join(shown)}  {record['note']}")
    return records


def _cell(reached: dict[str, Any] | None, level: float) -> str:
    if reached is None:
        return f">={level:.2f}: {'-':>15}"
    return f">={level:.2f}: {reached['queries_per_second']:>7,} ({reached['recall']:.3f})"


def candidates(given: Problem, figures: Figures, label: str, seed: int) -> None:
    """Candidate recall (the true ten among fifty) and loss of each solver, on queries that were held out."""
    trial = Trial.of(given.data, given.training, np.random.default_rng(seed))
    for width in (given.data.shape[1] * 5 // 24, given.data.shape[1] // 3):
        for name, solve in SOLVERS.items():
            started = time.process_time()
            found = solve(trial.data, trial.queries, width)
            spent = time.process_time() - started
            record = {
                "recall": round(trial.recall(found), 4),
                "loss": round(loss(found, trial.data, trial.queries), 4),
                "seconds": round(spent, 2),
            }
            figures.say(f"  {name:22} d={width}: {record}")
            figures.figure(f"{label}_{name}_{width}", record)


def goals(records: dict[str, Any], dimension: int, figures: Figures) -> None:
    """What set B is meant to show, at its full size."""
    our, base = records["ours"], records[BASELINE]
    speed = _speed(our, "0.90") / max(1.0, _speed(base, "0.90"))
    figures.goal("B_speed_over_faiss_hnsw16_at_0.90", round(speed, 3), 1.8)
    figures.goal(
        "B_build_over_faiss_hnsw16", round(our["build_seconds"] / base["build_seconds"], 3), 0.6, better="lower"
    )
    figures.goal("B_bytes_over_float32", round(our["bytes_per_vector"] / (4 * dimension), 3), 0.5, better="lower")
    if "svs" in records:
        over = _speed(our, "0.90") / max(1.0, _speed(records["svs"], "0.90"))
        figures.goal("B_speed_over_svs_vamana_f16_at_0.90", round(over, 3), 1.0)


def _speed(record: dict[str, Any], level: str) -> float:
    return float(record.get(level, {}).get("queries_per_second", 0))


def single(given: Problem, figures: Figures) -> None:
    """What one exact query costs, and how many vectors cost 25 ms: below that a graph is not needed."""
    index = PremiseIndex.build(range(len(given.data)), given.data, exact_below=len(given.data))
    spent = []
    for query in given.queries[:50]:
        started = time.process_time()
        index.search(query[None], K)
        spent.append(1000 * (time.process_time() - started))
    middle = float(np.median(spent))
    figures.figure("exact_milliseconds_one_query", round(middle, 3))
    figures.figure("vectors_in_25_milliseconds", round(25 / middle * len(given.data)))


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--db", help="a library with an index (`proofloom index`), instead of the synthetic sets")
    parser.add_argument("--sets", default="A,B", help="synthetic sets (default A,B)")
    parser.add_argument("--size", type=int, default=50_000, metavar="N", help="vectors of a set (default 50000)")
    parser.add_argument("--dimension", type=int, default=768, metavar="D", help="numbers of a vector (default 768)")
    parser.add_argument("--systems", help="names of systems, separated by commas (default: all that are installed)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="the best of so many counts (default 5)")
    options = parser.parse_args()
    figures = Figures("leanvec_library" if options.db else "leanvec", quiet=options.json)
    size, dimension = (4_000, 192) if options.quick else (options.size, options.dimension)
    names = [name for name in systems() if options.systems is None or name in options.systems.split(",")]
    if options.db:
        given = of_library(str(Path(options.db)), 200 if options.quick else 1000, options.seed)
        figures.figure("library", compare("library", given, names, options.repeats, figures))
        single(given, figures)
    else:
        for label in options.sets.split(","):
            training, queries = (1000, 300) if options.quick else (5000, 1000)
            given = problem(label, size, dimension, training, queries, options.seed)
            records = compare(f"set {label}", given, names, options.repeats, figures)
            figures.figure(label, records)
            candidates(given, figures, label, options.seed)
            if label == "B" and not options.quick and {"ours", BASELINE} <= records.keys():
                goals(records, dimension, figures)
        single(given, figures)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
