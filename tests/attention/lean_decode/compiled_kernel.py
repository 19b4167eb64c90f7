"""A program for tests: compiles the kernel for a GPU that need not be here and prints what came of it as JSON."""

from __future__ import annotations

import json
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from proofloom.attention.lean_decode.kernel import lean_decode_kernel as kernel

CONSTANTS = {
    "HEADS": 8,
    "COUNT": 4,
    "BLOCKS": 1,
    "HAS_LENGTHS": True,
    "HAS_STARTS": False,
    "PAGE": 0,
    "CHUNK": 0,
    "BATCH": 8,
    "ROWS": 16,
    "TILE": 64,
    "WIDTH": 128,
    "PADDED": 128,
}
POINTERS = {
    "*bf16": ("rows", "keys", "values", "output"),
    "*fp32": ("logsumexp", "slot_peaks", "slot_totals", "slot_weighted"),
    "*i64": ("lengths", "starts", "table"),
    "*i32": ("flags", "launches"),
    "fp32": ("scale",),
}


def main() -> None:
    signature = dict.fromkeys(kernel.arg_names, "i32") | dict.fromkeys(CONSTANTS, "constexpr")
    for kind, names in POINTERS.items():
        signature |= dict.fromkeys(names, kind)
    places = {name: (place,) for place, name in enumerate(kernel.arg_names)}
    even = [name for name, kind in signature.items() if kind.startswith("*") or name.endswith("_step")]
    source = ASTSource(
        kernel,
        signature,
        {places[name]: value for name, value in CONSTANTS.items()},
        {places[name]: [["tt.divisibility", 16]] for name in even},
    )
    options = {"num_warps": 4, "num_stages": 3, "launch_cooperative_grid": True}
    compiled = triton.compile(source, target=GPUTarget("cuda", int(sys.argv[1]), 32), options=options)
    ptx = compiled.asm["ptx"]
    atomics = [line.split(maxsplit=1)[1].split()[0] for line in ptx.splitlines() if " atom." in line]
    found = {
        "atomics": sorted(atomics),
        "binary": len(compiled.asm["cubin"]),
        "asynchronous copies of 16 bytes": "cp.async.cg.shared.global" in ptx,
        "shared": compiled.metadata.shared,
    }
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
