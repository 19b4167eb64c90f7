"""Replays a compiled Lean file in the kernel: what `leanchecker` does, for a Lean that is only a shared library.

Lean's own reader opens the file and every file that it imports, down to the one that imports nothing, and Lean's own
`Lean.Kernel.Environment.replay` gives each declaration in them to the kernel, in an environment that was empty.  The
little that is read here by hand is laid out as `lean.h` of Lean 4.35 says.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_HEADER = 8
"""Bytes before the fields of an object: reference count, size, number of fields that are objects, tag."""


class RefusedError(Exception):
    """The file cannot be read, or the kernel does not accept what is in it."""


class Kernel:
    """Lean in this process; `library` is its shared library."""

    def __init__(self, library: Path) -> None:
        self._lean = ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        self._call("lean_initialize")
        self._good(self._call("initialize_Lean", ctypes.c_uint8(1)))
        self._call("lean_io_mark_end_initialization")
        self._call("lean_init_task_manager")
        self._same, self._hash = (
            ctypes.c_uint64.in_dll(self._lean, name).value
            for name in ("l_Lean_Name_instBEq", "l_Lean_instHashableName")
        )

    def replay(self, module: str, path: Sequence[Path]) -> int:
        """Replay a module and all below it, found in the folders of `path`; the number of declarations.

        Raises `RefusedError`.
        """
        known: set[str] = set()
        table = self._call("l_Std_HashMap_emptyWithCapacity___redArg", _boxed(4096))
        waiting, seen = [module], {module}
        while waiting:
            data = self._read(_found(waiting.pop(), path))
            names, declarations = _array(_field(data, 1)), _array(_field(data, 2))
            if len(names) != len(declarations):
                raise RefusedError("a compiled file has not as many names as declarations")
            for name, declaration in zip(names, declarations, strict=True):
                text = _name(name)
                if text in known:
                    raise RefusedError(f"{text} is declared twice")
                known.add(text)
                table = self._call("l_Std_HashMap_insert___redArg", self._same, self._hash, table, name, declaration)
            new = {_name(_field(item, 0)) for item in _array(_field(data, 0))} - seen
            waiting += sorted(new)
            seen |= new
        empty = self._good(self._call("l_Lean_mkEmptyEnvironment", ctypes.c_uint32(0)))
        kernel = self._call("lean_elab_environment_to_kernel_env", empty)
        self._good(self._call("l_Lean_Kernel_Environment_replay", table, kernel))
        return len(known)

    def _read(self, file: Path) -> int:
        """The `ModuleData` of a compiled file; it is never freed, since the process ends soon."""
        text = self._call("lean_mk_string", ctypes.c_char_p(os.fsencode(file)))
        data = _field(self._good(self._call("l_Lean_readModuleData", text)), 0)
        objects = ctypes.c_uint8.from_address(data + 6).value
        if ctypes.c_uint8.from_address(data + _HEADER + 8 * objects).value:
            raise RefusedError(f"{file}: is compiled with `module`, which this program does not read")
        return data

    def _call(self, name: str, *arguments: object) -> int:
        function = getattr(self._lean, name)
        function.restype = ctypes.c_void_p
        given = [ctypes.c_void_p(item) if isinstance(item, int) else item for item in arguments]
        return int(function(*given) or 0)

    def _good(self, result: int) -> int:
        """The value in an answer of `IO`; raises `RefusedError` with the message if it is an error."""
        value = _field(result, 0)
        if ctypes.c_uint8.from_address(result + 7).value != 0:
            raise RefusedError(_text(self._call("lean_io_error_to_string", value)))
        return value


def _boxed(number: int) -> int:
    return 2 * number + 1


def _word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value


def _field(value: int, number: int) -> int:
    return _word(value + _HEADER + 8 * number)


def _array(value: int) -> list[int]:
    return [_word(value + _HEADER + 16 + 8 * number) for number in range(_word(value + _HEADER))]


def _text(value: int) -> str:
    """A string of Lean: its bytes are counted with the zero at the end."""
    return ctypes.string_at(value + _HEADER + 24, _word(value + _HEADER) - 1).decode()


def _name(value: int) -> str:
    return ".".join(reversed(list(_parts(value))))


def _parts(value: int) -> Iterator[str]:
    """The parts of a name, last first; numbers are told from texts that look like them by guillemets."""
    while value & 1 == 0:
        part = _field(value, 1)
        is_text = ctypes.c_uint8.from_address(value + 7).value == 1
        yield f"«{_text(part)}»" if is_text else str(part >> 1)
        value = _field(value, 0)


def _found(module: str, path: Sequence[Path]) -> Path:
    below = Path(*(part.strip("«»") for part in module.split(".")))
    for folder in path:
        file = folder / below.with_name(f"{below.name}.olean")
        if file.is_file():
            return file
    raise RefusedError(f"no compiled file for the module {module} in {':'.join(map(str, path))}")


def main(library: str, core: str, arguments: Sequence[str]) -> int:
    """`leanchecker MODULE`, with modules found in `LEAN_PATH` and then in the folder `core`; 1 if it is refused."""
    path = [Path(folder) for folder in (*os.environ.get("LEAN_PATH", "").split(":"), core) if folder]
    try:
        (module,) = arguments
        count = Kernel(Path(library)).replay(module, path)
    except (RefusedError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{count} declarations replayed\n")
    return 0
