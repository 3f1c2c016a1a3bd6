# make demo · test · check · bench · docs: everything a person or CI calls.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
HOME_DEMO := demo
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test lint check survive bench docs vllm clean

# The environment is made once, and again when what it is made of changes.
$(VENV)/.core: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; name it: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.core          ## set-up and the main job on samples/: no GPU, no account, no model download
	@$(BIN)/factory ingest samples/sources.toml --home $(HOME_DEMO) --quiet
	@$(BIN)/factory build medical_es natural_es --home $(HOME_DEMO) --sources samples/sources.toml
	@$(BIN)/factory synth-qa --home $(HOME_DEMO) --sources samples/sources.toml
	@echo; echo "Three questions and a pair, each with its source:"
	@$(BIN)/factory inspect natural_es_qa --home $(HOME_DEMO) --limit 3
	@$(BIN)/factory inspect preferences_es --home $(HOME_DEMO) --limit 1
	@if command -v apertium >/dev/null && apertium -l | grep -q eng-spa; then \
	$(BIN)/factory translate --engine apertium --home $(HOME_DEMO) --sources samples/sources.toml || test $$? -eq 3; \
	else echo; echo "medical_en_es is left out: no Apertium for a draft (apt-get install apertium apertium-eng-spa)"; fi
	@echo; echo "Open in a browser: $(HOME_DEMO)/reports/natural_es_qa.html   As a dataset: $(HOME_DEMO)/datasets/natural_es_qa"
	@echo "More: $(BIN)/factory inspect preferences_es --home $(HOME_DEMO); $(BIN)/factory --help"

lint: $(VENV)/.dev           ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy factory pipelines trainer

check: lint                  ## style, types and the fast tests
	$(PYTEST) -q -m "not slow and not data" -n 2

test: $(VENV)/.dev           ## every test this machine can run
	$(PYTEST) -q -n 2

survive: $(VENV)/.dev        ## every kill, fault and mutation (an hour or more); what held stands in docs/survival.md
	FACTORY_SURVIVE=all $(PYTEST) -q -n 2 -m survive --timeout=7200 --survival=docs/survival.md

bench: $(VENV)/.dev          ## every promised speed, peer and ours in turn: docs/speed.md, and all repeats as JSON
	$(BIN)/python -m benchmarks.run

# vLLM wants other versions than the factory: an environment of its own. On a GPU, vLLM's own wheel; else its CPU build.
vllm: $(VENV)/.vllm          ## .venv-vllm, whose interpreter the factory finds by itself

$(VENV)/.vllm: constraints-vllm.txt | $(VENV)/.core
	$(PYTHON) -m venv .venv-vllm
	if command -v nvidia-smi >/dev/null; then .venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check 'vllm>=0.32,<0.34'; \
	else .venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 && \
	.venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints-vllm.txt; fi
	@touch $@

docs: $(VENV)/.dev           ## the command-line page, from the commands themselves
	$(BIN)/python docs/make_cli.py

clean:
	rm -rf $(VENV) .venv-vllm $(HOME_DEMO)
