"""`proofloom`, and `python -m proofloom.app`: the command line, and Ctrl-C before it is there."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; loading it takes a moment, in which Ctrl-C ends with 130 as it does later."""
    try:
        from proofloom.app.cli import main as verbs
    except KeyboardInterrupt:
        sys.exit(130)
    verbs()


if __name__ == "__main__":
    main()
