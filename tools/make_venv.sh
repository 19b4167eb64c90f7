#!/bin/sh
# Makes a virtual environment: make_venv.sh PYTHON FOLDER.  Debian's python3 comes without venv, so it is installed there.
set -eu
python="$1"
folder="$2"
if ! command -v "$python" >/dev/null 2>&1; then
  echo "$python was not found: install Python 3.11 or newer, or name one with PYTHON=..." >&2
  exit 2
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "proofloom needs Python 3.11 or newer, $("$python" --version) was found; name another with PYTHON=..." >&2
  exit 2
fi
if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then as_root="sudo"; fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "this Python cannot make virtual environments (no ensurepip): install its venv package" >&2
    exit 2
  fi
  echo "installing python3-venv with apt-get"
  $as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi
"$python" -m venv "$folder"
