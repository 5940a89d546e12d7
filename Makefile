# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists the others.

PYTHON ?= python3
ROUNDS ?= 20
SBOM := cyclonedx-bom==7.5.0
VENV := .venv
# A copy of the requirements from which .venv was made.
READY := $(VENV)/ready
BIN := $(VENV)/bin
CODE := config dags plugins sandbox tests
COMPILE := $(BIN)/uv pip compile --quiet --system-certs pyproject.toml --all-extras --group dev --group docs --group sandbox \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url

# What the caller has set for an Airflow, a Python or a PostgreSQL of their own has no say in what runs here.
unexport $(filter AIRFLOW% _AIRFLOW% PYTHON% PG% VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_NO_COMPILE,$(.VARIABLES))
export PYTHONPATH := plugins:.
export NO_PROXY := 127.0.0.1,localhost
export no_proxy := $(NO_PROXY)

.DEFAULT_GOAL := help
.PHONY: help venv demo up test test-all faults lint lock lock-check readme docs pictures bench containers release matrix clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) ## Make .venv from requirements.txt

demo: $(READY) ## Run one tick end to end on this machine and show what was sent
	@$(BIN)/python -m sandbox.demo

up: $(READY) ## Run the whole Airflow with its UI until Ctrl-C (KEEP=1 keeps its data, HISTORY=0 has no history)
	@$(BIN)/python -m sandbox.up

# Two processes for each of the two cores that there are: with three in all, a tenth of both cores was idle.
test: $(READY) ## Run all tests (choose with ARGS="-k text")
	@$(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)

test-all: $(READY) ## Run all tests, also those of the bench and of rules at random that take minutes
	@$(BIN)/python -m pytest -n 4 --dist worksteal --slow $(ARGS)

faults: $(READY) ## Let everything go wrong at random moments, and print what came of it (ROUNDS=200 of each)
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests/faults --rounds $(ROUNDS) $(ARGS)

lint: $(READY) lock-check ## Check style, types, the direction of imports, and the lock
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(filter-out tests,$(CODE))
	@$(BIN)/lint-imports

lock: $(READY) ## Compile requirements.txt from pyproject.toml (newer versions with ARGS=--upgrade)
	@$(COMPILE) $(ARGS) --output-file requirements.txt

# Compiled upon the lock itself, so only a change of pyproject.toml shows. New versions do not, nor new files of old
# versions: hashes are left out of the comparison, and so is the comment that names the output file.
lock-check: $(READY)
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; cp requirements.txt "$$folder/new"; \
	$(COMPILE) --output-file "$$folder/new"; \
	pins() { sed -e '/^ *--hash=/d' -e 's/ \\$$//' -e '/^#/d' "$$1"; }; \
	pins requirements.txt > "$$folder/is"; pins "$$folder/new" > "$$folder/should-be"; \
	diff "$$folder/is" "$$folder/should-be" \
	|| { echo 'requirements.txt does not follow from pyproject.toml (see above, ">" is missing); run make lock.'; exit 1; }

readme: $(READY) ## Write what is made from code in the README and the docs
	@PYTHONPATH=$(PYTHONPATH):tests $(BIN)/python -m support.readme

# Not as mkdocs does it by itself: its news of other versions says nothing about this site.
docs: $(READY) ## Build the docs as a site into site/, and fail for a link that leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "site/index.html"

pictures: $(READY) ## Make the docs' pictures of the pages anew, with the tests of the pages
	@$(BIN)/python -m pytest tests/browser --pictures -k bars

bench: $(READY) ## Measure finding, planning and sending (parts with ARGS="--only send", small with ARGS=--quick)
	@$(BIN)/python -m sandbox.bench $(ARGS)

containers: $(READY) ## Build the image, start each profile of compose, kill, restart and restore (needs a container engine)
	@$(BIN)/python -m sandbox.containers $(ARGS)

# The environment is made of the wheels and the lock alone. uv reads no settings of this repository there: they would leave the
# provider out, which the lock does not have.
release: $(READY) ## Build both wheels, their sources and an SBOM into dist/, and check them in an empty environment
	@rm -rf dist
	@$(BIN)/uv build --quiet --system-certs --out-dir dist . && $(BIN)/uv build --quiet --system-certs --out-dir dist plugins/whatsapp_provider
	@set -e; empty=$$(mktemp -d); trap 'rm -rf "$$empty"' EXIT; uv="$(CURDIR)/$(BIN)/uv"; \
	"$$uv" venv --quiet --no-config --python $(BIN)/python "$$empty/venv"; \
	"$$uv" pip install --quiet --no-config --system-certs --python "$$empty/venv/bin/python" \
		--constraint requirements.txt dist/*.whl; \
	"$$uv" pip check --quiet --no-config --python "$$empty/venv/bin/python"; \
	"$$uv" tool run --quiet --no-config --system-certs --from $(SBOM) cyclonedx-py environment "$$empty/venv/bin/python" \
		--output-file "$(CURDIR)/dist/sbom.cdx.json"; \
	cd "$$empty"; unset PYTHONPATH; export AIRFLOW_HOME="$$empty/home"; mkdir -p home/dags; \
	"$$empty/venv/bin/python" -c 'from partner_messages.dags import shipped_dags; print("DAGs:", *sorted(shipped_dags()))'; \
	"$$empty/venv/bin/airflow" whatsapp templates plan --help > /dev/null
	@ls -l dist

matrix: $(READY) ## Try the wheels with Airflow 3.2 and 3.3, lowest and newest versions (choose with ARGS="3.2 lowest")
	@$(BIN)/python -m sandbox.matrix "$(ARGS)"

clean: ## Remove .venv and everything the other targets leave behind
	@rm -rf $(VENV) dist .sandbox site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Not again for the same requirements, such as in a second worktree that shares .venv. What a link leads to is another checkout's,
# which `venv --clear` would empty.
# Debian's python3 has no ensurepip without the package python3-venv: there the pip of $(PYTHON) installs into .venv.
# It installs uv, which takes a tenth of pip's time for the rest; where uv finds no index (it does not read pip's
# settings), pip does it all.
$(READY): $(if $(shell cmp -s requirements.txt $(READY) && echo same),,requirements.txt)
	@! test -L $(VENV) || { echo "$(VENV) is a link to $$(readlink $(VENV)), which was not made from this requirements.txt, and" \
	"would be emptied; run make venv there, if its requirements are these, or rm $(VENV) and make one here."; exit 1; }
	@command -v $(PYTHON) > /dev/null \
	|| { echo "There is no $(PYTHON); install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] < (3, 14) or sys.exit( \
	"$(PYTHON) is Python " + sys.version.split()[0] + ", but 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12")'
	@echo "Installing requirements.txt into $(VENV); this takes a minute or two, once."
	@if $(PYTHON) -c 'import ensurepip' 2> /dev/null; \
	then $(PYTHON) -m venv --clear $(VENV) && pip="$(BIN)/python -m pip"; \
	else $(PYTHON) -m venv --clear --without-pip $(VENV) && pip="$(PYTHON) -m pip --python $(BIN)/python"; fi \
	&& sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > $(VENV)/uv.txt \
	&& pip="$$pip install --quiet --disable-pip-version-check --require-hashes --requirement" \
	&& $$pip $(VENV)/uv.txt \
	&& { $(BIN)/uv pip install --quiet --python $(BIN)/python --system-certs --no-config --compile-bytecode --require-hashes \
		--requirement requirements.txt \
	|| $$pip requirements.txt --compile; }
	@cp requirements.txt $@
