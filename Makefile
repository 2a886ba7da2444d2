# `make demo` runs the worked examples, `make test` the tests. Either sets up everything first: the Python virtual environment in
# .venv, Debian packages where it may (root), the compiled extension. A second run finds all that done.

SHELL := /bin/bash
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(p) 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SYSTEM := $(VENV)/.system
PACKAGES := gcc g++ python3-dev python3-venv libsuitesparse-dev libopenblas0-pthread
COMPILED := pyproject.toml setup.py $(wildcard pyasreml/linalg/*.pyx pyasreml/linalg/*.pxd pyasreml/linalg/*.hpp) \
            $(filter-out pyasreml/linalg/_%.cpp,$(wildcard pyasreml/linalg/*.cpp))
JOBS ?= 2
SIZE ?= medium
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test lint compat bench docs sanitize setup clean

help:
	@echo "make demo    fit the worked examples, print what asreml prints, draw residual plots to demo_output/"
	@echo "make test    run the tests"
	@echo "make lint    ruff and mypy"
	@echo "make compat  compare with documented asreml-R outputs (DIRS=folder … for others than compat_cases)"
	@echo "make bench   benchmarks (SIZE=small, medium or full): benchmarks/results.json, docs/benchmarks.md"
	@echo "make docs    write docs/does-it-match.md"
	@echo "make sanitize  tests of the compiled part under AddressSanitizer and UBSan"
	@echo "make setup   only what the others do first"

demo: $(READY)
	$(BIN)/python -m pyasreml.demo

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

compat: $(READY)
	$(BIN)/python -m compat_cases --jobs $(JOBS) $(DIRS)

bench: $(READY)
	$(BIN)/python -m pip install --quiet -e '.[benchmarks]'
	$(BIN)/python -m benchmarks --size $(SIZE) --json benchmarks/results.json --page docs

docs: $(READY)
	$(BIN)/python -m compat_cases --jobs $(JOBS) --quiet --markdown docs/does-it-match.md $(DIRS)

# A copy of the tree is built with the sanitizers; their run-time libraries have to be loaded before Python's own.
SANITIZED := build/sanitize
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g
sanitize: $(READY)
	rm -rf $(SANITIZED) && mkdir -p $(SANITIZED)
	cp -r pyproject.toml setup.py pyasreml grammar tests README.md LICENSE NOTICE $(SANITIZED)
	rm -f $(SANITIZED)/pyasreml/linalg/*.so
	cd $(SANITIZED) && CFLAGS="$(SANITIZERS)" CXXFLAGS="$(SANITIZERS)" LDFLAGS="$(SANITIZERS)" $(CURDIR)/$(BIN)/python setup.py -q build_ext --inplace
	nm -D $(SANITIZED)/pyasreml/linalg/*.so | grep -q __asan_  # otherwise the flags were not taken
	cd $(SANITIZED) && ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so) $$(g++ -print-file-name=libstdc++.so)" \
	  $(CURDIR)/$(BIN)/python -m pytest tests/linalg tests/mme tests/reml/test_components.py -q -p no:cacheprovider

setup: $(READY)

# Debian packages: looked for by what they provide, so that other ways of installing them count too.
$(SYSTEM): Makefile
	@set -e; missing=""; \
	command -v gcc >/dev/null || missing="$$missing gcc"; \
	command -v g++ >/dev/null || missing="$$missing g++"; \
	if [ -z "$(PYTHON)" ]; then missing="$$missing python3-dev python3-venv"; else \
	  "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	  "$(PYTHON)" -c 'import os, sysconfig, sys; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
	    || missing="$$missing python3-dev"; fi; \
	found=""; for d in /usr/include/suitesparse /usr/include /usr/local/include/suitesparse /usr/local/include; do \
	  [ -e $$d/cholmod.h ] && found=1; done; [ -n "$$found" ] || missing="$$missing libsuitesparse-dev"; \
	ldconfig -p 2>/dev/null | grep -q libopenblas || [ -z "$$(command -v ldconfig)" ] || missing="$$missing libopenblas0-pthread"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Debian packages:$$missing"; \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	  else \
	    echo "pyasreml needs these packages:$$missing"; \
	    echo "install them, on Debian or Ubuntu with:  sudo apt-get install $(PACKAGES)"; exit 1; fi; fi
	@py="$(PYTHON)"; [ -n "$$py" ] || py=python3; \
	"$$py" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pyasreml needs Python 3.11 or later; $$py is older. Say which: make PYTHON=/path/to/python3.11"; exit 1; }; \
	[ -x $(BIN)/python ] || "$$py" -m venv $(VENV)
	@touch $@

$(READY): $(SYSTEM) $(COMPILED)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[cholmod,plots,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build demo_output *.egg-info pyasreml/linalg/_*.cpp pyasreml/linalg/*.so
