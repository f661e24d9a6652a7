#!/usr/bin/env bash
# Latency of the released size on this machine's CPU, and what loading and one inference of such a checkpoint take.
# Needs 10 GB of disk in data/ and 12 GB of memory; about 10 minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
[ -d data/random_4b ] || xr0 convert --random official_4b data/random_4b
pytest -m slow tests/checkpoints/test_full_size.py --timeout=1800
xr0 bench latency --checkpoint data/random_4b --views 2 --pixels 256 --repeats 10 --json results/cpu/official_4b_2x256_t10.json
python runs/latency_table.py results/cpu results/cpu/README.md
