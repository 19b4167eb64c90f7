"""What a verb says when a package of an extra is not installed: which extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from proofloom.app.toml_records import BadInput
from proofloom.policies.model_folder import EXTRA


@contextmanager
def model_extra(what: str) -> Iterator[None]:
    """Inside, a package of the extra `model` that is missing is `BadInput` about `what`; others are passed on."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in EXTRA:
            raise
        raise BadInput(f"{what}: {error.name} is not installed; pip install 'proofloom[model]'") from error
