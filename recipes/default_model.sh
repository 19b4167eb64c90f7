#!/bin/sh
# Trains the model that comes with the package, and puts it there.
#
#   recipes/default_model.sh [CONFIG]      CONFIG: recipes/default_model.toml, or _gpu.toml for an accelerator
#
# DB is a traced standard library (default build/library.sqlite, traced here if it is missing: some minutes and Rocq).
# Stopped, it goes on from its last checkpoint when started again.
set -eu
cd "$(dirname "$0")/.."
config="${1:-recipes/default_model.toml}"
db="${DB:-build/library.sqlite}"
bin="${BIN:-.venv/bin}"
name="$(basename "$config" .toml)"
if [ ! -f "$db" ]; then
  "$bin/proofloom" trace stdlib --out "$db" --jobs 2
fi
if ! "$bin/proofloom" corpus show --db "$db" | grep -q figures@; then
  "$bin/proofloom" split --kind figures --db "$db"
fi
"$bin/proofloom" train --run "$name" --config "$config" --db "$db" --split figures
"$bin/python" tools/ship_model.py "runs/$name"
