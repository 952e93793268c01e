# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the machine lacks them and we may install them: what the tests and the PDFs need.
SYSTEM := chromium fonts-noto-cjk libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0

.PHONY: demo demo-once test lock clean
demo: $(VENV)/ready
	$(BIN)/postloan demo

# The same unattended: the day, one case from report to archive, exit 0.
demo-once: $(VENV)/ready
	$(BIN)/postloan demo --once --home .postloan/demo-once --port 4297

test: $(VENV)/ready-dev $(VENV)/system
	$(BIN)/lint-imports
	$(BIN)/ruff check .
	$(BIN)/python -m pytest tests --ignore=tests/e2e -n 2 --dist worksteal
	$(BIN)/python -m pytest tests/e2e

$(VENV)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "postloan needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/ready: $(VENV)/python requirements.lock pyproject.toml
	$(BIN)/pip install -q -r requirements.lock
	$(BIN)/pip install -q --no-deps -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	$(BIN)/pip install -q -r requirements-dev.lock
	touch $@

# Chromium and Chinese fonts, by the system's own package manager where that can be used.
$(VENV)/system: $(VENV)/python
	@if command -v chromium >/dev/null && [ -n "$$(fc-list :lang=zh 2>/dev/null)" ]; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(SYSTEM) >/dev/null; \
	else echo "Install $(SYSTEM) to run every test (chromium: what a person sees; fonts: Chinese PDFs)"; fi
	touch $@

# Exact versions without the address of any index: the newest that fit pyproject.toml.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install -q .
	$(VENV)-lock/bin/pip freeze --exclude postloan > requirements.lock
	$(VENV)-lock/bin/pip install -q --group dev
	$(VENV)-lock/bin/pip freeze --exclude postloan > requirements-dev.lock
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) .postloan
