"""Proofloom runs without torch: only the rooms of models import it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys
import proofloom
free = ("attention", "models", "training")
for room in pkgutil.iter_modules(proofloom.__path__):
    if room.name not in free:
        package = importlib.import_module(f"proofloom.{room.name}")
        for module in pkgutil.walk_packages(package.__path__, f"proofloom.{room.name}."):
            parts = module.name.split(".")
            if parts[-1] != "__main__" and "migrations" not in parts:
                importlib.import_module(module.name)
for room in free:
    importlib.import_module(f"proofloom.{room}")
print(*sorted({"torch", "transformers", "tokenizers", "safetensors"} & set(sys.modules)))
"""


def test_no_room_but_those_of_models_imports_torch() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert (run.stdout.strip(), run.stderr) == ("", "")
