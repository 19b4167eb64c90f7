#!/bin/sh
# Proves the examples with the program in a folder: demo.sh BIN.  Those for Lean are among them where a small Lean can be.
set -eu
bin="$1"
lean="$PWD/build/small-lean"
if sh tools/install_small_lean.sh "$bin" "$lean"; then
  PATH="$lean/bin:$PATH"
  export PATH
  "$bin/proofloom" doctor --like examples/lean/Logic.lean
  set -- examples
else
  "$bin/proofloom" doctor
  set -- examples/*.v
fi
"$bin/proofloom" prove "$@" --output build/demo || test $? -eq 1 # one claim of the examples is false
