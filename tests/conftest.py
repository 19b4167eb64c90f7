"""What must be set before anything else is imported.

Where there is no GPU, Triton's kernels run in its interpreter; Triton must know before it is first imported, and
`transformers` imports it.  Hypothesis times no test: a busy machine is no failure.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings


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

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
