"""Makes policies from what `--policy` says, by `proofloom.policies.names`.

Some policies need a traced library or a model; a `PolicyKit` opens it when the first of them is made, so that a plain
list starts at once and what several need is read only once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType

from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.hierarchy import HintSource
from proofloom.policies.dialect import ROCQ, Dialect
from proofloom.policies.late import LatePolicy
from proofloom.policies.mixture import MixturePolicy
from proofloom.policies.model.folder import SHIPPED_NAME, check_model, hint_source, model_place, model_policy
from proofloom.policies.model.policy import ModelConfig, ModelPolicy
from proofloom.policies.names import mixed, named_in, needs_library, shared
from proofloom.policies.neighbours.knn import NearestNeighbours
from proofloom.policies.neighbours.library_memory import library_memory, memory_file
from proofloom.policies.neighbours.step_memory import StepMemory
from proofloom.policies.policy import Policy
from proofloom.policies.portfolio import Portfolio
from proofloom.policies.premises.moves import PremiseMoves
from proofloom.policies.premises.retrievers import check_retriever, premise_retriever
from proofloom.policies.tactic_lists.rocq import TacticList
from proofloom.retrieval import situation
from proofloom.retrieval.library_index import index_file
from proofloom.retrieval.situation import Reading, Situations

MODEL_CANDIDATES = 16
"""What is asked of a model at a state, at most; 32 cost half as much again (docs/experiments.md)."""


class PolicyKit:
    """Makes policies.  `library` is the place of a database (a path or a URL, empty for none).

    With `split` only the training part of that split is remembered.  `logical_name` gives the name of a source file,
    such as `Coq.Lists.List`, `tactic_list` makes the policy `list`; `reading` and `dialect` are those of the assistant
    whose theorems are proved.  `model` is a folder, empty for the model that
    comes with the package, `retriever` one of `RETRIEVERS`; models compute in `threads` threads (None for as many as
    there are cores).  What is made raises `LibraryError`, `ModelError` or `PremiseIndexError` if library, model or
    index cannot be used, and `ModuleNotFoundError` for a model without the extra `model`.
    """

    def __init__(
        self,
        library: str,
        split: str,
        logical_name: Callable[[Path], str],
        *,
        tactic_list: Callable[[], Policy] = TacticList,
        reading: Reading = situation.ROCQ,
        dialect: Dialect = ROCQ,
        model: str = "",
        retriever: str = "bm25",
        threads: int | None = None,
    ) -> None:
        self._place = library or str(DEFAULT_PLACE)
        self._split = split or None
        self._logical_name = logical_name
        self.tactic_list = tactic_list
        self.dialect = dialect
        self._reading = reading
        self._model = model_place(model or SHIPPED_NAME)
        self._retriever = retriever
        self._moves: dict[str, PremiseMoves] = {}
        self._threads = threads

    def policy(self, text: str) -> Policy | Portfolio:
        """The policy, or portfolio of policies, that `text` names; raises `ValueError` as `mixture` does.

        Of a portfolio the first is made now, each other one when its first turn comes.
        """
        named_in(text)
        (first, share), *others = shared(text)
        policy = self.mixture(first)
        if not others:
            return policy
        later = [(LatePolicy(other, partial(self.mixture, other)), share) for other, share in others]
        return Portfolio(((policy, share), *later), text)

    def mixture(self, text: str) -> Policy:
        """The one policy that `text` names; raises `ValueError` as `proofloom.policies.names.mixed` does."""
        make: dict[str, Callable[[], Policy]] = {
            "list": self.tactic_list,
            "knn": lambda: self.knn,
            "premises": lambda: self.premises,
            "model": lambda: self.model,
        }
        parts = [(make[name](), weight) for name, weight in mixed(text)]
        return parts[0][0] if len(parts) == 1 else MixturePolicy(parts, text)

    def prepare(self, text: str) -> None:
        """Make what takes long and is kept in a file, so that several workers can map it; look whether a model can be
        used.
        """
        named = named_in(text)
        if needs_library(text):
            _ = self.library
        if "knn" in named:
            _ = self.memory
        if "premises" in named:
            check_retriever(self._retriever, self.library.premises(), index_file(self._place))
        if "model" in named:
            check_model(self._model)
            if self.has_library and (source := hint_source(self._model)):
                self.prepare_hints(source)

    def prepare_hints(self, source: HintSource) -> None:
        """Make or check what hints come from."""
        if source is HintSource.NEIGHBOURS:
            _ = self.memory
        else:
            check_retriever(source, self.library.premises(), index_file(self._place))

    def hints(self, source: HintSource) -> Policy:
        """The policy that gives hints to a model."""
        return self.knn if source is HintSource.NEIGHBOURS else self.premise_moves(source)

    @cached_property
    def premises(self) -> PremiseMoves:
        """Moves with premises, found by the retriever of this kit."""
        return self.premise_moves(self._retriever)

    def premise_moves(self, retriever: str) -> PremiseMoves:
        """Moves with the premises that this retriever finds."""
        if retriever not in self._moves:
            found = premise_retriever(
                retriever, self.library.premises(), self.situations, index_file(self._place), self._threads
            )
            self._moves[retriever] = PremiseMoves(
                found, lambda name, query: self.situations.sure_name(name, query.theorem), dialect=self.dialect
            )
        return self._moves[retriever]

    @cached_property
    def library(self) -> Library:
        """The database."""
        return Library.open(self._place, create=False)

    @cached_property
    def situations(self) -> Situations:
        """Where theorems stand in the library."""
        return Situations.in_library(self.library, self._logical_name, self._reading)

    @cached_property
    def memory(self) -> StepMemory:
        """The steps; kept in a file beside a database that is a file."""
        return library_memory(self.library, memory_file(self._place, self._split), self._split)

    @cached_property
    def model(self) -> ModelPolicy:
        """The model as a policy; one that reads hints gets them from where it learned them, if there is a library."""
        source = hint_source(self._model) if self.has_library else None
        hints = self.hints(source) if source else None
        config = ModelConfig(candidates=MODEL_CANDIDATES)
        return model_policy(self._model, config, threads=self._threads, hints=hints, dialect=self.dialect)

    @cached_property
    def knn(self) -> NearestNeighbours:
        """The neighbours as a policy."""
        return NearestNeighbours(self.memory, self.situations, dialect=self.dialect)

    @property
    def has_library(self) -> bool:
        """True if there is something at the place of the database, or it is a URL."""
        return "://" in self._place or Path(self._place).is_file()

    def __enter__(self) -> PolicyKit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "library" in self.__dict__:
            self.library.close()
