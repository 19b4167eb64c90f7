#!/bin/sh
# One row of the experiment with hierarchical attention on Rocq: trains the row and the baseline, and compares them.
#
#   recipes/ha_rocq.sh ROW          ROW: a file of recipes/ha_rocq/, such as flow; without one they are listed
#
# Trained are the seeds SEEDS ("0 1 2"), from recipes/ha_rocq/ROW.toml and plain.toml, on the training part of the split
# figures of DB (default build/library.sqlite, traced here if it is missing).  They are then compared on LIMIT (500)
# theorems of its other two parts: by the tactics that people wrote, and by what they prove with CANDIDATES (1,4,16,64)
# in TIME (10) CPU seconds, in JOBS (1) processes; and on the holes of the folder MINIF2F, if it is set.  SIZE and EPOCHS
# replace what the files say.  What is there is used again, the baseline for all rows; a run that was made with other
# settings is refused by name.
set -eu
cd "$(dirname "$0")/.."
rows="recipes/ha_rocq"
if [ $# -ne 1 ] || [ ! -f "$rows/$1.toml" ]; then
  echo "usage: recipes/ha_rocq.sh ROW, where ROW is one of" >&2
  for file in "$rows"/*.toml; do
    echo "  $(basename "$file" .toml): $(sed -n '1s/^# //p' "$file")" >&2
  done
  exit 2
fi
row="$1"
db="${DB:-build/library.sqlite}"
bin="${BIN:-.venv/bin}"
seeds="${SEEDS:-0 1 2}"
if [ ! -f "$db" ]; then
  "$bin/proofloom" trace stdlib --out "$db" --jobs 2
fi
if ! "$bin/proofloom" corpus show --db "$db" | grep -q figures@; then
  "$bin/proofloom" split --kind figures --db "$db"
fi
contestants=""
for arm in plain "$row"; do
  for seed in $seeds; do
    name="ha-$arm-$seed"
    "$bin/proofloom" train --run "$name" --config "$rows/$arm.toml" --db "$db" --split figures --seed "$seed" \
      ${SIZE:+--size "$SIZE"} ${EPOCHS:+--epochs "$EPOCHS"}
    case " $contestants " in
      *" $arm/$seed="*) ;;
      *) contestants="$contestants $arm/$seed=runs/$name/model" ;;
    esac
  done
done
sample="--db $db --split figures --part val --part test --limit ${LIMIT:-500}"
search="--candidates ${CANDIDATES:-1,4,16,64} --time ${TIME:-10} --jobs ${JOBS:-1}"
# shellcheck disable=SC2086  # lists of words
"$bin/proofloom" evaluate $contestants --steps --run ha-steps $sample
# shellcheck disable=SC2086
"$bin/proofloom" evaluate $contestants --run ha-proofs $sample $search
if [ -n "${MINIF2F:-}" ]; then
  # shellcheck disable=SC2086
  "$bin/proofloom" evaluate $contestants --run ha-minif2f --theorems "$MINIF2F" --require Lia,Lra,Psatz $search
fi
