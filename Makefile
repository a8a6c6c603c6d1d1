# Two commands: `make run` and `make test`. Everything installed lands in .venv, node_modules and git-ignored folders.
.DELETE_ON_ERROR:
.PHONY: run setup test test-setup check format requirements screenshots clean help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# PyTorch publishes its CPU builds apart; macOS and Windows wheels are CPU builds anyway.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# Test files run side by side in so many processes.
TEST_PROCESSES ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check
export PYTHONUNBUFFERED := 1

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: setup ## set up what is missing, then serve on http://127.0.0.1:5000 (HOST, PORT)
	@$(BIN)/python -m webapp migrate
	@exec $(BIN)/python -m webapp serve

setup: $(STAMPS)/requirements $(STAMPS)/vendor $(STAMPS)/extras $(STAMPS)/compiled ## install and fetch everything, start nothing

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python >= 3.11 was not found: install it, or run make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python >= 3.11 is needed, $(PYTHON) is $$($(PYTHON) -V): make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "The virtual environment could not be made; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@mkdir -p $(STAMPS)

$(STAMPS)/requirements: requirements.txt | $(VENV)/pyvenv.cfg
	@mkdir -p $(STAMPS)
	@echo "Installing the Python packages (some minutes the first time) ..."
	@$(PIP) install -qq --retries 0 --extra-index-url $(TORCH_INDEX) "$$(grep '^torch==' requirements.txt)"
	@$(PIP) install -qq -r requirements.txt
	@touch $@

$(STAMPS)/node: package-lock.json | $(VENV)/pyvenv.cfg
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js >= 20"; exit 1; }
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' \
		|| { echo "Node.js >= 20 is needed, this is $$(node --version): install a newer one"; exit 1; }
	@echo "Installing the browser libraries ..."
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/vendor: $(STAMPS)/node $(STAMPS)/requirements tools/vendor.py tools/vendor.toml tools/apache-2.0.txt weights/manifest.toml
	@$(BIN)/python -m tools.vendor
	@touch $@

# The sample clip and the YOLOv5 weights are welcome, not needed: without network one line says so and the set-up goes on.
$(STAMPS)/extras: $(STAMPS)/requirements tools/sample_clip.py weights/manifest.toml
	@$(BIN)/python -m tools.sample_clip
	@$(BIN)/python -m webapp weights pull yolov5n --optional
	@touch $@

$(STAMPS)/compiled: $(STAMPS)/requirements $(STAMPS)/vendor $(STAMPS)/extras
	@echo "Compiling and measuring for this machine ..."
	@$(BIN)/python -m webapp warm-up
	@touch $@

test: setup test-setup ## what the tests need in addition, then the whole suite
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

test-setup: $(STAMPS)/requirements-dev $(STAMPS)/node
	@$(BIN)/python -m tools.test_packages
	@$(BIN)/python -m webapp weights pull movenet_multipose --optional

$(STAMPS)/requirements-dev: requirements-dev.txt $(STAMPS)/requirements
	@$(PIP) install -qq -r requirements-dev.txt
	@touch $@

check: $(STAMPS)/requirements-dev ## ruff, mypy strict, import-linter
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMPS)/requirements-dev ## let ruff format and sort
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

requirements: ## compile requirements.txt and requirements-dev.txt anew (needs uv)
	@for name in requirements requirements-dev; do \
		uv pip compile -q --universal --no-annotate --no-header --python-version 3.11 \
			$$(sed 's/^/--no-emit-package /' tools/cuda-packages.txt) $$name.in -o $$name.txt; done

screenshots: setup test-setup ## make docs/images/ from a real run
	@$(BIN)/python -m tools.screenshots

clean: ## remove what was installed or fetched; instance/ and the YOLOv5 weights stay
	@rm -rf $(VENV) node_modules static/vendor static/samples weights/mediapipe weights/movenet weights/cache test-artefacts
