# Every command a person needs. `make demo` and `make test` do all their set-up.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# The version whose numbers are in results/; any torch >= 2.9 works.
TORCH ?= torch==2.13.0

# Or each of hundreds of processes compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE
# There are as many workers as cores.
test guides: export OMP_NUM_THREADS := 1

.PHONY: demo test guides browser check gpu bench setup lint types imports clean

demo: setup ## a robot obeys sentences in a live simulated world, at 30 Hz
	$(BIN)/xr0 demo

test: setup ## the fast tests
	$(BIN)/pytest -m "not slow and not gpu and not guides and not browser" -n auto --dist loadscope

guides: setup ## every command of docs/, in a short form
	$(BIN)/pytest -m guides -n auto

browser: setup ## the fleet's page in Chromium, which is installed where that is allowed
	runs/chromium.sh
	$(BIN)/pytest -m browser robot/tests/fleet

check: lint types imports test guides browser ## all of CI

gpu: setup ## what wants a GPU: its tests, and the latency of the released size into results/gpu
	$(BIN)/pytest -m gpu
	runs/gpu.sh

bench: setup ## the latency of the released size on the CPU, into results/cpu (10 GB of disk, 10 minutes)
	runs/latency.sh

setup: $(VENV)/.installed ## install everything into .venv, and the off-screen GL library where that is allowed

$(VENV)/.installed: pyproject.toml robot/pyproject.toml runs/gl.sh
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet -e "./robot[demo]" -e ".[dev]"
	runs/gl.sh $(BIN)/python
	touch $@

lint: setup
	$(BIN)/ruff check src robot tests runs docs lerobot-plugin
	$(BIN)/ruff format --check src robot tests runs docs lerobot-plugin

types: setup
	$(BIN)/pyright

imports: setup
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) out
