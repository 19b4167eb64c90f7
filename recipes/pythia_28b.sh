#!/bin/sh
# The paper's experiment on the paper's model: Pythia-2.8B fine-tuned without the flow loss and with it.
#
#   BASE=FOLDER recipes/pythia_28b.sh [OPTIONS]
#
# BASE is a folder with the weights and the tokenizer of EleutherAI/pythia-2.8b-deduped (any causal model will do).
# DB is a traced library (default build/library.sqlite), SPLIT one of its splits (default figures), SEED the seed (0).
# DEVICES is how many accelerators share the work (default 1): in single precision with AdamW the model, its gradients
# and its moments take 16 bytes a parameter, about 45 GB.  OPTIONS go to `proofloom train`, or to sharded.py if
# DEVICES is more than 1.  Started again, it goes on from its last checkpoints.
set -eu
: "${BASE:?BASE is not set: wanted a folder with the weights of pythia-2.8b-deduped}"
here="$(dirname "$0")"
db="${DB:-build/library.sqlite}"
split="${SPLIT:-figures}"
seed="${SEED:-0}"
devices="${DEVICES:-1}"
bin="${BIN:-.venv/bin}"
for flow in 0 0.1; do
  name="pythia-28b-flow$flow-$seed"
  if [ "$devices" = 1 ]; then
    "$bin/proofloom" train --run "$name" --config "$here/pythia_28b.toml" --base "$BASE" --db "$db" --split "$split" \
      --flow "$flow" --seed "$seed" "$@"
  else
    "$bin/accelerate" launch --use_fsdp --fsdp_version 2 --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP \
      --num_processes "$devices" "$here/sharded.py" --run "$name" --config "$here/pythia_28b.toml" --base "$BASE" \
      --db "$db" --split "$split" --flow "$flow" --seed "$seed" "$@"
  fi
done
