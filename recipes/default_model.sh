#!/bin/sh
# Trains the model that comes with the package, and puts it there.
#
#   recipes/default_model.sh [CONFIG]      CONFIG: recipes/default_model.toml, or _gpu.toml for an accelerator
#
# DB is a traced standard library (default build/library.sqlite, traced here if it is missing: some minutes and Rocq).
# After a first training on what people did, automation is run at the states of THEOREMS (3000) of their proofs, in JOBS
# (1) processes, and two more trainings, each from the one before and in another order, learn what it closes too.
# Stopped, all goes on where it was when started again.
set -eu
cd "$(dirname "$0")/.."
config="${1:-recipes/default_model.toml}"
db="${DB:-build/library.sqlite}"
bin="${BIN:-.venv/bin}"
name="$(basename "$config" .toml)"
closings="build/closings.jsonl"
if [ ! -f "$db" ]; then
  "$bin/proofloom" trace stdlib --out "$db" --jobs 2
fi
if ! "$bin/proofloom" corpus show --db "$db" | grep -q figures@; then
  "$bin/proofloom" split --kind figures --db "$db"
fi
"$bin/proofloom" train --run "$name" --config "$config" --db "$db" --split figures
mkdir -p build
"$bin/python" recipes/closings.py --db "$db" --theorems "${THEOREMS:-3000}" --jobs "${JOBS:-1}" --out "$closings"
before="$name"
for round in 1 2; do
  "$bin/proofloom" train --run "${name}_closings_$round" --config "${config%.toml}_closings.toml" --db "$db" \
    --split figures --base "runs/$before/model" --closings "$closings" --seed "$((round - 1))"
  before="${name}_closings_$round"
done
"$bin/python" tools/ship_model.py "runs/$before"
