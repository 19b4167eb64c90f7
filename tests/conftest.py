"""Where there is no GPU, Triton's kernels run in its interpreter.

Triton must know before it is first imported, and `transformers` imports it: so this stands above all tests.
"""

from __future__ import annotations

import os
from pathlib import Path


def gpu() -> bool:
    """Whether torch can use a GPU of NVIDIA here; torch is imported only where there is one."""
    if not Path("/dev/nvidiactl").exists():
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


if not gpu():
    os.environ["TRITON_INTERPRET"] = "1"
