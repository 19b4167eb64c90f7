"""What can be traced with Rocq: the standard library, an installed library by its name, or a folder of files.

A target is a list of files below a root and the repository under which they are kept; nothing is compiled or read here.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.session import AssistantError
from proofloom.corpus.records import Repository
from proofloom.corpus.tracer import WORKING_TREE, SourceFile, Target

STANDARD = "stdlib"
_INSTALLED = "rocq:"


def find_target(name: str, toolchain: RocqToolchain, today: date, commit: str | None = None) -> Target:
    """The target that `name` means: `stdlib`, a folder, or an installed library such as `Coquelicot`.

    `commit` names the state of the files.  Raises `AssistantError` if there is no such thing, or no `.v` file in it.
    """
    library = toolchain.library.resolve()
    if name == STANDARD:
        folders = [toolchain.theories, toolchain.standard_folder, toolchain.contributions / "Ltac2"]
        roots = sorted({folder.resolve() for folder in folders if folder.is_dir()})
        return _target(f"{_INSTALLED}{STANDARD}", commit or _version(toolchain), roots, library, toolchain, today)
    folder = Path(name)
    if folder.is_file():
        raise AssistantError(f"{name}: is a file; a Rocq file is traced with its folder, so name that")
    if folder.is_dir():
        root = folder.resolve()
        return _target(str(root), commit or WORKING_TREE, [root], root, toolchain, today)
    installed = (toolchain.contributions / name.replace(".", "/")).resolve()
    if name and installed.is_dir() and installed.is_relative_to(toolchain.contributions.resolve()):
        contributions = toolchain.contributions.resolve()
        return _target(f"{_INSTALLED}{name}", commit or "installed", [installed], contributions, toolchain, today)
    names = sorted(entry.name for entry in toolchain.contributions.glob("*") if entry.is_dir())
    raise AssistantError(f"{name}: no such folder or library; there are {', '.join([STANDARD, *names])}")


def library_root(url: str, toolchain: RocqToolchain) -> Path:
    """The folder that the paths of a repository's files are below; the converse of `find_target`."""
    if url == f"{_INSTALLED}{STANDARD}":
        return toolchain.library.resolve()
    return toolchain.contributions.resolve() if url.startswith(_INSTALLED) else Path(url)


def _target(url: str, commit: str, folders: list[Path], root: Path, toolchain: RocqToolchain, today: date) -> Target:
    found = {file for folder in folders for file in folder.rglob("*.v") if file.is_file()}
    visible = [file for file in found if not any(part.startswith(".") for part in file.relative_to(root).parts)]
    if not visible:
        raise AssistantError(f"{folders[0]}: no .v or .lean file in this folder or below it")
    files = [SourceFile(file, file.relative_to(root).as_posix(), file.stat().st_size) for file in visible]
    files.sort(key=lambda file: (-file.size, file.path))
    return Target(Repository(url, commit, "rocq", _version(toolchain), today), tuple(files))


def _version(toolchain: RocqToolchain) -> str:
    return ".".join(map(str, toolchain.version))
