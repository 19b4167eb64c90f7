#!/bin/sh
# Installs torch into an environment: install_torch.sh BIN.  On Linux the plain package brings gigabytes for graphics
# cards; where PyTorch's own index can be reached and there is no card, its build for CPUs is taken instead.
set -eu
bin="$1"
index="https://download.pytorch.org/whl/cpu"
if "$bin/python" -c 'import torch' >/dev/null 2>&1; then exit 0; fi
if [ "$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1 &&
  "$bin/python" -c "import urllib.request as r; r.urlopen('$index/torch/', timeout=10)" >/dev/null 2>&1; then
  "$bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt --index-url "$index" torch
fi
