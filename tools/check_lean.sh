#!/bin/sh
# Runs what needs Lean's own library (tests with the marker `lean`) and prints a table to paste into an issue.
#   tools/check_lean.sh [PROJECT]     PROJECT: the folder of a built Lake project, with Mathlib if it can be
# BIN names the folder of the Python to use (default .venv/bin, made by `make install`).
set -eu
cd "$(dirname "$0")/.."
bin="${BIN:-.venv/bin}"
if [ ! -x "$bin/python" ]; then
  echo "no $bin/python: run 'make install' first, or name another folder by BIN" >&2
  exit 2
fi
if [ $# -gt 0 ]; then
  PROOFLOOM_LEAN_PROJECT="$(cd "$1" && pwd)"
  export PROOFLOOM_LEAN_PROJECT
  # The Lean that the project asks for, where elan would choose by the folder.
  if lean="$(cd "$1" && command -v lake >/dev/null 2>&1 && lake env sh -c 'command -v lean')" && [ -n "$lean" ]; then
    PATH="$(dirname "$lean"):$PATH"
    export PATH
  fi
fi
report="$(mktemp)"
trap 'rm -f "$report"' EXIT
status=0
"$bin/python" -m pytest -q -m lean tests/lean --timeout 1800 --junitxml "$report" >&2 || status=$?
"$bin/python" - "$report" <<'PYTHON'
import platform, shutil, subprocess, sys
from xml.etree import ElementTree

def said(*command):
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().split("\n")[0]

rows = []
for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    bad = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
    result = "passed" if bad is None else {"skipped": "not run"}.get(bad.tag, "FAILED")
    reason = "" if bad is None else " ".join((bad.get("message") or "").split())[:160]
    rows.append((case.get("name", ""), result, f"{float(case.get('time', 0)):.1f}", reason))
counts = {result: sum(row[1] == result for row in rows) for result in ("passed", "FAILED", "not run")}
print(f"Lean: {said('lean', '--version')}; lake: {said('lake', '--version')}; {platform.platform()}")
print("; ".join(f"{count} {result}" for result, count in counts.items()))
print("\n| test | result | seconds | reason |\n|---|---|---|---|")
for row in rows:
    print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
PYTHON
exit "$status"
