#!/bin/sh
# Installs Rocq (Coq 8.16 or later) where Debian's packages can be had; elsewhere says which command to use.
set -eu
if command -v coqidetop.opt >/dev/null 2>&1 || command -v coqidetop >/dev/null 2>&1 || command -v rocq >/dev/null 2>&1; then
  exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1; then as_root="sudo"; else
    echo "Rocq is missing, and installing it needs root or sudo: run 'apt-get install coq' as root, then again." >&2
    exit 2
  fi
fi
if command -v apt-get >/dev/null 2>&1; then
  echo "installing Rocq with apt-get (package coq)"
  $as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends coq >/dev/null
elif command -v brew >/dev/null 2>&1; then
  echo "Rocq is missing: run 'brew install rocq' (or 'opam install coq-core coq-stdlib coqide-server'), then again." >&2
  exit 2
else
  echo "Rocq is missing: run 'opam install rocq-core rocq-stdlib coqide-server', then again." >&2
  exit 2
fi
