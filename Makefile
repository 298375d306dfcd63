# Two commands on a fresh machine:  make course   and   make test
# Without an NVIDIA card on Linux:  make TORCH_INDEX=https://download.pytorch.org/whl/cpu course
PY       ?= python3
VENV     ?= .venv
JOBS     ?= 2
BIN       = $(VENV)/bin
PIPFLAGS  = $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: course test lab notebooks browser lint clean
.DEFAULT_GOAL = course

$(VENV)/.ready: pyproject.toml constraints/tested.txt
	$(PY) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PY=python3.12')"
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIPFLAGS) -c constraints/tested.txt -e ".[notebooks,test,dev]"
	touch $@

course: $(VENV)/.ready
	$(BIN)/python -m cvlib course --jobs $(JOBS)

test: lint
	$(BIN)/python -m pytest -q -n $(JOBS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: $(VENV)/.ready
	$(BIN)/python -m cvlib lab

notebooks: $(VENV)/.ready
	$(BIN)/python -m cvlib notebooks refresh --jobs $(JOBS)

# Debian: apt-get install chromium nodejs npm
NOTEBOOK ?= notebooks/04_group_normalization.ipynb
browser: $(VENV)/.ready
	tools/browser/run_lab_check.sh $(VENV) $(NOTEBOOK)

clean:
	rm -rf $(VENV) build runs node_modules tools/browser/node_modules
