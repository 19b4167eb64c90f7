"""Where there is no GPU, Triton's kernels run in its interpreter; Triton must know before it is first imported."""

from __future__ import annotations

import os

try:
    import torch
except ImportError:
    pass
else:
    if not torch.cuda.is_available():
        os.environ["TRITON_INTERPRET"] = "1"
