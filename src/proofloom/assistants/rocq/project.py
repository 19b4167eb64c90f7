"""Which logical name a file has and which options Rocq needs for it: installed library, project, or lone file.

The answer is what `coqc` would be given by the file's own build, written with absolute paths, so that a session or a
check can run in any folder.  Options that would weaken the logic, or load code before the file begins, are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.rocq.sentences import SourceError, split
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.vernacular import NAME
from proofloom.assistants.session import AssistantError

PROJECT_FILES = ("_CoqProject", "_RocqProject")

# Arguments of coqc that may stand in a project file, with the number of values that follow.
_KEPT = {"-w": 1, "-set": 1, "-unset": 1, "-noinit": 0, "-nois": 0, "-indices-matter": 0, "-compat": 1}
_KEPT |= {"-allow-sprop": 0, "-disallow-sprop": 0, "-mangle-names": 1, "-bytecode-compiler": 1}
# They only change what is printed or written, or are set by every session itself.
_DROPPED = {"-q": 0, "-quiet": 0, "-noglob": 0, "-no-glob": 0, "-dump-glob": 1, "-time": 0, "-time-file": 1}
_DROPPED |= {"-verbose": 0, "-bt": 0, "-color": 1, "-diffs": 1, "-profile": 1, "-profile-ltac": 0, "-emacs": 0}
_DROPPED |= {"-native-compiler": 1, "-nI": 1, "-native-output-dir": 1, "-async-proofs": 1, "-async-proofs-j": 1}
_DROPPED |= {"-m": 0, "--memory": 0, "-d": 1, "-vos": 0, "-vok": 0, "-output-directory": 1}
_REFUSED = {
    "-type-in-type": "it switches the universe checks off",
    "-impredicative-set": "it makes Set impredicative",
    "-allow-rewrite-rules": "rewrite rules are not checked",
    "-boot": "it hides the standard library",
    "-coqlib": "it replaces the standard library",
    "-init-file": "it runs commands before the file",
}
_WEAKENING = ("guard checking", "positivity checking", "universe checking", "definitional uip", "rewrite rules")
# Entries of a project file that are about building, with the number of values that follow.
_BUILD = {"-docroot": 1, "-install": 1, "-generate-meta-for-package": 1, "-native-compiler": 1}
_BUILD |= {"-extra": 3, "-extra-phony": 3, "-byte": 0, "-opt": 0, "-no-install": 0, "-custom": 3}
_FLAG_VARIABLES = ("COQFLAGS", "COQEXTRAFLAGS", "ROCQFLAGS", "ROCQEXTRAFLAGS", "OTHERFLAGS")
_REQUIRE = re.compile(r"Require (?:Import |Export )?(?:-?\([^)]*\) )?([^()]+)\.$")


@dataclass(frozen=True, slots=True)
class FileSettings:
    """The logical name of a file (`Coq.Lists.List`, or `Foo`) and the options of coqc and coqidetop alike."""

    logical_name: str
    options: tuple[str, ...] = ()


def settings_for(file: Path, toolchain: RocqToolchain) -> FileSettings:
    """The settings of `file`; raises `AssistantError` for a bad file name or project file, or a refused argument."""
    file = file.resolve()
    if file.suffix != ".v":
        raise AssistantError(f"{file.name}: wanted a file that ends in .v")
    if not is_identifier(file.stem):
        raise AssistantError(
            f"{file.name}: {file.stem!r} is not an identifier, so Rocq cannot name the file; rename it"
        )
    library = toolchain.library.resolve()
    for folder, prefix in ((library / "user-contrib", ()), (library / "theories", (toolchain.core_library,))):
        if file.is_relative_to(folder):
            return _installed(file, (*prefix, *file.relative_to(folder).with_suffix("").parts), toolchain)
    project = _project_file(file.parent)
    if project is not None:
        return _in_project(file, project)
    return _alone(file)


def is_identifier(name: str) -> bool:
    """True if Rocq accepts `name` as one identifier: letters of any script, digits, `_` and `'`, no digit first."""
    return re.fullmatch(NAME, name) is not None


def _alone(file: Path) -> FileSettings:
    """A lone file sees the compiled files beside it, as `coqc File.v` does in its folder.

    `-Q` also descends, which could mean a whole home folder, so it is given only where a neighbour is required.
    """
    if any((file.parent / f"{name}.v{kind}").is_file() for name in _required(file) for kind in ("o", "")):
        return FileSettings(file.stem, ("-Q", str(file.parent), ""))
    return FileSettings(file.stem)


def _installed(file: Path, name: tuple[str, ...], toolchain: RocqToolchain) -> FileSettings:
    """A file of the standard library or of an installed package."""
    for part in name:
        if not is_identifier(part):
            raise AssistantError(f"{file}: {part!r} is not an identifier, so the file has no logical name")
    options: tuple[str, ...] = ()
    if name[:2] == (toolchain.core_library, "Init"):
        options = ("-noinit",)
    elif name[0] not in (toolchain.core_library, toolchain.standard_library, "Ltac2"):
        package = toolchain.contributions.resolve() / name[0]
        if package.is_dir() and _uses_short_names(file, package, toolchain):
            options = ("-R", str(package), name[0])
    return FileSettings(".".join(name), options)


def _uses_short_names(file: Path, package: Path, toolchain: RocqToolchain) -> bool:
    """True if `file` requires, by a name without its prefix, a module of its package that the library lacks."""
    for name in _required(file):
        path = f"{name.replace('.', '/')}.vo"
        if not any(toolchain.standard_folder.glob(f"**/{path}")) and any(package.glob(f"**/{path}")):
            return True
    return False


def _required(file: Path) -> Iterator[str]:
    """The names after `Require` in sentences without `From`; a file that cannot be read or cut requires nothing."""
    try:
        for sentence in split(file.read_bytes()):
            if sentence.raw.startswith(b"Require"):
                match = _REQUIRE.match(sentence.code)
                yield from match[1].split() if match else ()
    except (OSError, SourceError):
        return


def _project_file(folder: Path) -> Path | None:
    """The nearest project file in `folder` or above it."""
    for place in (folder, *folder.parents):
        for name in PROJECT_FILES:
            if (place / name).is_file():
                return place / name
    return None


def _in_project(file: Path, project: Path) -> FileSettings:
    """Settings from the project file; as in `coqc`, the last path that covers the file's folder names it."""
    options: list[str] = []
    name = file.stem
    for kind, *values in _entries(project):
        options += [kind, *values]
        if kind in ("-Q", "-R"):
            root, prefix = Path(values[0]), values[1]
            if file.is_relative_to(root):
                folders = file.parent.relative_to(root).parts
                if all(is_identifier(folder) for folder in folders):
                    name = ".".join((*filter(None, prefix.split(".")), *folders, file.stem))
    return FileSettings(name, tuple(options))


def _entries(project: Path) -> list[tuple[str, ...]]:
    """The options of a project file in the order in which `coq_makefile` gives them: -I, -Q, -R, arguments."""
    tokens = _tokens(project)
    found: dict[str, list[tuple[str, ...]]] = {"-I": [], "-Q": [], "-R": []}
    arguments: list[str] = []
    position = 0
    while position < len(tokens):
        token, *values = tokens[position : position + 4]
        used = 1
        if token in ("-I", "-Q", "-R"):
            used = 2 if token == "-I" else 3
            _require(len(values) >= used - 1, project, f"{token} wants {used - 1} values")
            found[token].append(_path_option(project, token, values))
        elif token == "-arg":
            _require(bool(values), project, "-arg wants a value")
            arguments += _words(values[0])
            used = 2
        elif len(values) >= 2 and values[0] == "=":
            if token in _FLAG_VARIABLES:
                arguments += _words(values[1])
            used = 3
        elif token in _BUILD:
            used = 1 + _BUILD[token]
        elif token.startswith("-"):
            raise AssistantError(f"{project}: unknown entry {token!r}; options of coqc stand after -arg")
        position += used
    return [*found["-I"], *found["-Q"], *found["-R"], *_allowed(arguments, project)]


def _path_option(project: Path, token: str, values: Sequence[str]) -> tuple[str, ...]:
    path = str((project.parent / values[0]).resolve())
    if token == "-I":
        return (token, path)
    prefix = values[1]
    valid = all(is_identifier(part) for part in prefix.split(".")) if prefix else True
    _require(valid, project, f"{token} {values[0]}: {prefix!r} is not a logical prefix")
    return (token, path, prefix)


def _allowed(arguments: Sequence[str], project: Path) -> Iterator[tuple[str, ...]]:
    """The arguments that are handed on; raises `AssistantError` at one that is not harmless."""
    position = 0
    while position < len(arguments):
        name = arguments[position]
        count = {**_KEPT, **_DROPPED}.get(name)
        if count is None:
            reason = _REFUSED.get(name, "it is not in the list of harmless ones")
            raise AssistantError(f"{project}: argument {name} is refused: {reason}")
        values = tuple(arguments[position + 1 : position + 1 + count])
        _require(len(values) == count, project, f"argument {name} wants {count} value")
        if name in ("-set", "-unset") and values[0].lower().startswith(_WEAKENING):
            raise AssistantError(f"{project}: argument {name} {values[0]!r} is refused: it changes what is checked")
        if name in _KEPT:
            yield (name, *values)
        position += 1 + count


def _require(condition: bool, project: Path, message: str) -> None:
    if not condition:
        raise AssistantError(f"{project}: {message}")


def _tokens(project: Path) -> list[str]:
    """The words of a project file: `#` starts a comment, a word that begins with `"` runs to the next `"`."""
    try:
        text = project.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise AssistantError(f"{project}: cannot be read ({error.strerror})") from error
    tokens: list[str] = []
    position = 0
    pattern = re.compile(r'[ \n\r\t]+|#[^\n]*|"(?P<quoted>[^"]*)"|(?P<plain>[^ \n\r\t#"][^ \n\r\t#]*)')
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise AssistantError(f"{project}: line {text.count(chr(10), 0, position) + 1}: a quote is not closed")
        tokens += [match[group] for group in ("quoted", "plain") if match[group] is not None]
        position = match.end()
    return tokens


def _words(argument: str) -> list[str]:
    """The arguments inside one `-arg` value: cut at spaces, single quotes keep spaces together."""
    words = re.findall(r"(?:[^ ']|'[^']*(?:'|$))+", argument)
    return [word.replace("'", "") for word in words]
