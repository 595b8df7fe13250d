# gongbao: set up, train, label, evaluate, test. `make` lists the targets.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
# For a CPU build of torch: make install TORCH_INDEX=URL, with the index that torch's own install page names
TORCH_INDEX ?=
CONFIG ?= configs/embedded.toml
MODEL  ?= latest
GOLD   ?= data/gold.jsonl
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help install baseline train encoder adapt distil predict predict-usage eval compare compare-usage bench test lint samples wheel clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## make or update the virtual environment .venv (TORCH_INDEX=… for a CPU build of torch)

# Made anew only when what it depends on changes, so that no target installs anything twice.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or later is needed; set PYTHON=…"; exit 2; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(PY) -m pip install -q --index-url $(TORCH_INDEX) $(shell grep '^torch==' constraints.txt))
	$(PY) -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[train,fast,ray,dev]'
	@touch $@

baseline: models/.baseline ## fit the TF-IDF baseline that reports show beside the model

models/.baseline: $(STAMP) configs/tfidf.toml data/train.jsonl data/dev.jsonl
	$(PY) -m train configs/tfidf.toml --no-report
	@touch $@

train: $(STAMP) models/.baseline ## train, evaluate, print the table (CONFIG=…, ARGS=--resume)
	$(PY) -m train $(CONFIG) $(ARGS)

encoder: $(STAMP) ## make the weights of data/encoder by their recipe (labelled text of your own; ARGS=--resume)
	$(PY) -m train.encoder configs/encoder.toml $(ARGS)

adapt: $(STAMP) ## adapt an encoder to an archive of plain text (configs/adapt.toml, ARGS=--resume)
	$(PY) -m train.adapt configs/adapt.toml $(ARGS)

distil: $(STAMP) ## make a small model that answers like a large one (configs/distil.toml, ARGS=--resume)
	$(PY) -m train.distil configs/distil.toml $(ARGS)

predict: $(if $(FILES),$(STAMP),predict-usage) ## label documents with the newest run (FILES="…" OUT=out.jsonl, MODEL=…)
	$(PY) -m gongbao predict $(FILES) --model $(MODEL) $(if $(OUT),-o $(OUT)) $(ARGS)

# Said before an environment is built.
predict-usage:
	@echo 'usage: make predict FILES="page.txt folder" [OUT=out.jsonl] [MODEL=latest]'; exit 2

eval: $(STAMP) models/.baseline ## score a model on a gold set (MODEL=latest, GOLD=data/gold.jsonl)
	$(PY) -m eval score $(MODEL) --gold $(GOLD) $(ARGS)

compare: $(if $(and $(A),$(B)),$(STAMP),compare-usage) ## compare the reports of two systems (A=DIR B=DIR, GOLD=…, ARGS="-o DIR")
	$(PY) -m eval compare $(A) $(B) --gold $(GOLD) $(ARGS)

compare-usage:
	@echo 'usage: make compare A=DIR B=DIR [GOLD=data/gold.jsonl] [ARGS="-o DIR"]'; exit 2

bench: $(STAMP) ## measure speed (writes benchmarks/results.md; ARGS=--quick …)
	$(PY) benchmarks/speed.py $(ARGS)

# A process a core, each computing with one thread.
test: $(STAMP) ## run the tests
	OMP_NUM_THREADS=1 $(PY) -m pytest -n auto --dist loadfile $(ARGS)

lint: $(STAMP) ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy gongbao train eval

samples: $(STAMP) ## make the documents of data/samples anew
	$(PY) tests/make_samples.py

wheel: $(STAMP) ## build the wheel into dist/
	$(PY) -m build --wheel --outdir dist . > /dev/null
	@ls dist/*.whl

clean: ## remove the virtual environment and what tools left (runs in models/ stay)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
