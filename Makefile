# Two commands on a fresh machine:  make course   and   make test
# Without an NVIDIA card on Linux:  make TORCH_INDEX=https://download.pytorch.org/whl/cpu course
PY       ?= python3
VENV     ?= .venv
JOBS     ?= 2
CHAPTER  ?= 04
PROFILE  ?= smoke
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb)
BIN       = $(VENV)/bin
PIP       = $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints/tested.txt

.PHONY: course site run test lab notebooks browser browser-site lint clean
.DEFAULT_GOAL = course

# The index of torch serves torch only: it must not answer for any other package's name.
$(VENV)/.ready: pyproject.toml constraints/tested.txt
	$(PY) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PY=python3.12')"
	test -x $(BIN)/python || $(PY) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(PIP) --no-deps --index-url $(TORCH_INDEX) torch)
	$(PIP) -e ".[notebooks,site,test,dev]"
	touch $@

course: $(VENV)/.ready
	$(BIN)/python -m cvlib course --jobs $(JOBS)

site: $(VENV)/.ready
	$(BIN)/python -m cvlib site

run: $(VENV)/.ready
	$(BIN)/python -m cvlib run $(CHAPTER) --profile $(PROFILE)

test: lint
	$(BIN)/python -m pytest -q -n $(JOBS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: $(VENV)/.ready
	$(BIN)/python -m cvlib lab

notebooks: $(VENV)/.ready
	$(BIN)/python -m cvlib notebooks refresh --jobs $(JOBS)

# Every written chapter in a real JupyterLab, and a session of chapter 02's experiment.
# Debian: apt-get install chromium nodejs npm curl
browser: $(VENV)/.ready
	tools/browser/run_lab_check.sh $(VENV) lab_check.mjs $(NOTEBOOKS)
	tools/browser/run_lab_check.sh $(VENV) session_check.mjs tools/browser/session.ipynb

# The built site with the outside blocked: light, dark and on a phone, with axe.
browser-site: site
	npm install --silent --prefix tools/browser
	node tools/browser/site_check.mjs build/site build/browser/site

# runs/ stays: checkpoints of hours lie there.
clean:
	rm -rf $(VENV) build node_modules tools/browser/node_modules
