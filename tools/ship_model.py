"""Puts the model of a run into the package, in half precision: ship_model.py runs/NAME.

The card of the run goes with it.  Prints how many bytes the folder has.
"""

from __future__ import annotations

import sys
from pathlib import Path

from proofloom.models.folder import CARD, load_model, load_tokenizer, save_model
from proofloom.policies.model.folder import SHIPPED


def main(run: Path) -> None:
    trained = run / "model"
    card = (trained / CARD).read_text("utf-8")
    save_model(load_model(trained), load_tokenizer(trained), card, SHIPPED, half=True)
    size = sum(file.stat().st_size for file in SHIPPED.iterdir())
    sys.stdout.write(f"{SHIPPED}: {size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
