"""The proof assistants that a run can work with, one record each, chosen by the ending of a file's name.

What puts a run together asks the record: how a file is read, how a session and a gate are opened, how steps become a
script.  A run may hold files of several assistants; each is looked for when the first file needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from proofloom.app.requirement import Insertion, insertion, require_sentence
from proofloom.app.toml_records import BadInput
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.gate.axioms import Allowance
from proofloom.assistants.gate.lean.gate import LeanGate
from proofloom.assistants.holes import Hole
from proofloom.assistants.lean.modules import module_name as lean_module_name
from proofloom.assistants.lean.modules import whole_names
from proofloom.assistants.lean.moves import moves, moves_after
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.text import scripts as lean_scripts
from proofloom.assistants.lean.text.source import Source as LeanSource
from proofloom.assistants.lean.text.tactics import NotATactic, tactic_text
from proofloom.assistants.lean.toolchain import CHECKER_MISSING, LeanSettings, LeanToolchain, find_lean
from proofloom.assistants.lean.toolchain import settings_for as lean_settings_for
from proofloom.assistants.rocq import scripts as rocq_scripts
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.project import settings_for as rocq_settings_for
from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.source import Source as RocqSource
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.session import Assistant, AssistantError
from proofloom.corpus.library import Library
from proofloom.policies import dialect
from proofloom.policies.dialect import Dialect
from proofloom.policies.kit import PolicyKit
from proofloom.policies.policy import Policy
from proofloom.policies.tactic_lists.moves import MovesPolicy
from proofloom.policies.tactic_lists.rocq import TacticList
from proofloom.proofs import Step, Theorem, Verdict
from proofloom.retrieval import situation
from proofloom.retrieval.situation import Reading

ToolchainT = TypeVar("ToolchainT")
SettingsT = TypeVar("SettingsT")


class Named(Protocol):
    """A theorem of a file."""

    @property
    def name(self) -> str:
        """As it is written."""
        ...

    @property
    def path(self) -> str:
        """Its full name."""
        ...


class Source(Protocol):
    """The text of one file with holes, of whatever assistant."""

    data: bytes
    file: Path | None

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The theorems that are not proved in it."""
        ...

    @property
    def proofs(self) -> Sequence[Named]:
        """The theorems that are proved in it."""
        ...

    def theorem(self, hole: Hole, gap: int = 0, scripts: Sequence[str] = ()) -> Theorem:
        """The theorem to open for one gap, with `scripts` in the gaps before it."""
        ...

    def filled(self, scripts: Mapping[str, Sequence[str]]) -> bytes:
        """The file with scripts in the gaps of the holes named by path."""
        ...


class Gate(Protocol):
    """A gate, as this package sees it."""

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: Any) -> Verdict:
        """The verdict on `theorem` (its path in the file) of `candidate` against the statement in `reference`.

        `settings` are those of the file, as the record of its language makes them.
        """
        ...

    def close(self) -> None:
        """Remove what was compiled; harmless twice."""
        ...


@dataclass(frozen=True, slots=True)
class Language(Generic[ToolchainT, SettingsT]):
    """One proof assistant.  Every field is a function of a module, so that a worker process can be given the record.

    `find` raises `AssistantError` if it is not installed, `settings_for` if a file cannot be used; `check_axioms`
    raises `ValueError` for a name that `--axioms` cannot have.  `require` and `insertion` are None where imports cannot
    be added to a file; `reading` and `dialect` are what a library and the policies need to know.
    `taught_elsewhere` are the policies that have nothing for it.  `lacking` says what a toolchain cannot do, empty if
    nothing.  Where `slow_imports`, the imports of a file may take longer than a proof; they are loaded before the clock
    of its first theorem starts.
    """

    name: str
    suffix: str
    source: Callable[[bytes, Path | None], Source]
    read: Callable[[Path], Source]
    find: Callable[[], ToolchainT]
    settings_for: Callable[[Path, ToolchainT], SettingsT]
    module_name: Callable[[Path, SettingsT], str]
    assistant: Callable[[ToolchainT], AbstractContextManager[Assistant]]
    gate: Callable[[ToolchainT, Sequence[str]], Gate]
    formatted: Callable[[Sequence[Step]], str]
    plain: Callable[[Sequence[str]], str]
    tactic_list: Callable[[], Policy]
    check_axioms: Callable[[Sequence[str]], object]
    lacking: Callable[[ToolchainT], str]
    reading: Reading
    dialect: Dialect
    require: Callable[[Sequence[str], ToolchainT], str] | None = None
    insertion: Callable[[bytes, int, str], Insertion] | None = None
    taught_elsewhere: frozenset[str] = frozenset()
    slow_imports: bool = False


@dataclass(frozen=True, slots=True)
class Installed(Generic[ToolchainT, SettingsT]):
    """A language whose assistant is on this machine."""

    language: Language[ToolchainT, SettingsT]
    toolchain: ToolchainT

    @property
    def reading(self) -> Reading:
        """How its sources are read by a library."""
        return self.language.reading

    @property
    def dialect(self) -> Dialect:
        """The words that its policies need."""
        return self.language.dialect

    def read(self, file: Path) -> Source:
        """The source in a file; raises `AssistantError`."""
        return self.language.read(file)

    def plain(self, tactics: Sequence[str]) -> str:
        """The script of some tactics."""
        return self.language.plain(tactics)

    def settings(self, file: Path) -> SettingsT:
        """How a file is compiled; raises `AssistantError`."""
        return self.language.settings_for(file, self.toolchain)

    def module_name(self, file: Path) -> str:
        """What a library calls the file; raises `AssistantError`."""
        return self.language.module_name(file, self.settings(file))

    def assistant(self) -> AbstractContextManager[Assistant]:
        """Sessions; closed at the end."""
        return self.language.assistant(self.toolchain)

    def gate(self, axioms: Sequence[str]) -> Gate:
        """The gate, to be closed by the caller."""
        return self.language.gate(self.toolchain, axioms)


AnyLanguage = Language[Any, Any]
AnyInstalled = Installed[Any, Any]


class MissingAssistant(AssistantError):
    """No file of this language can be worked on here."""

    def __init__(self, language: AnyLanguage, reason: str) -> None:
        super().__init__(reason)
        self.language = language


class Installation:
    """The assistants of this machine; `found` are known, the others are looked for once, when they are needed."""

    def __init__(self, found: Mapping[str, AnyInstalled] | None = None) -> None:
        self._found = dict(found or {})

    def of(self, language: AnyLanguage) -> AnyInstalled:
        """The assistant of a language; raises `MissingAssistant`."""
        if language.suffix not in self._found:
            try:
                self._found[language.suffix] = Installed(language, language.find())
            except AssistantError as error:
                raise MissingAssistant(language, str(error)) from error
        return self._found[language.suffix]

    def has(self, language: AnyLanguage) -> bool:
        """True if the assistant of a language is here."""
        try:
            self.of(language)
        except MissingAssistant:
            return False
        return True

    @property
    def found(self) -> tuple[AnyInstalled, ...]:
        """Those that were needed so far."""
        return tuple(self._found.values())


def _rocq_name(file: Path, settings: FileSettings) -> str:
    return settings.logical_name


def _rocq_gate(toolchain: RocqToolchain, axioms: Sequence[str]) -> Gate:
    return RocqGate(toolchain, axioms=axioms)


def _allowance(names: Sequence[str]) -> Allowance:
    return Allowance(tuple(names))


def _nothing_lacks(toolchain: RocqToolchain) -> str:
    return ""


def _lean_name(file: Path, settings: LeanSettings) -> str:
    return lean_module_name(file)


def _lean_gate(toolchain: LeanToolchain, axioms: Sequence[str]) -> Gate:
    return LeanGate(toolchain, axioms=axioms)


def _lean_list() -> Policy:
    return MovesPolicy(moves, after=moves_after)


def _lean_tactic(text: str) -> str | None:
    try:
        return tactic_text(text)
    except NotATactic:
        return None


def _any_axioms(names: Sequence[str]) -> None:
    """Lean's gate compares full names, and a name that no axiom has allows nothing."""


def _lean_lacks(toolchain: LeanToolchain) -> str:
    return "" if toolchain.checker else CHECKER_MISSING


ROCQ: Language[RocqToolchain, FileSettings] = Language(
    name="Rocq",
    suffix=".v",
    source=RocqSource,
    read=RocqSource.read,
    find=find_toolchain,
    settings_for=rocq_settings_for,
    module_name=_rocq_name,
    assistant=Rocq,
    gate=_rocq_gate,
    formatted=rocq_scripts.format_script,
    plain=rocq_scripts.plain_script,
    tactic_list=TacticList,
    check_axioms=_allowance,
    lacking=_nothing_lacks,
    reading=situation.ROCQ,
    dialect=dialect.ROCQ,
    require=require_sentence,
    insertion=insertion,
)
LEAN: Language[LeanToolchain, LeanSettings] = Language(
    name="Lean",
    suffix=".lean",
    source=LeanSource,
    read=LeanSource.read,
    find=find_lean,
    settings_for=lean_settings_for,
    module_name=_lean_name,
    assistant=Lean,
    gate=_lean_gate,
    formatted=lean_scripts.format_script,
    plain=lean_scripts.plain_script,
    tactic_list=_lean_list,
    check_axioms=_any_axioms,
    lacking=_lean_lacks,
    reading=Reading("lean", whole_names, qualified=False),
    dialect=Dialect("apply {}", "rw [{}]", "rw [← {}]", "apply {} <;> assumption", unnamed="", tactic=_lean_tactic),
    taught_elsewhere=frozenset(("model",)),
    slow_imports=True,
)
LANGUAGES: Mapping[str, AnyLanguage] = {language.suffix: language for language in (ROCQ, LEAN)}
"""Every language by the ending of its files."""
SUFFIXES = " or ".join(LANGUAGES)


def language_of(file: Path) -> AnyLanguage:
    """The language of a file, by its name; raises `BadInput`."""
    if file.suffix not in LANGUAGES:
        raise BadInput(f"{file.name}: wanted a file that ends in {SUFFIXES}")
    return LANGUAGES[file.suffix]


def language_traced(library: Library) -> AnyLanguage:
    """The language of all that a library holds; Rocq if it holds several, or nothing."""
    traced = {entry.repository.assistant for entry in library.repositories()}
    return next((one for one in LANGUAGES.values() if traced == {one.reading.assistant}), ROCQ)


def kit_for(library: Library, place: str, split: str) -> PolicyKit:
    """What proposes at the theorems of a library itself, in the words of its assistant."""
    language = language_traced(library)
    return PolicyKit(place, split, str, reading=language.reading, dialect=language.dialect)
