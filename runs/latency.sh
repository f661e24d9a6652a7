#!/usr/bin/env bash
# Latency on this machine's CPU: of the shipped policy, alone and eight at a time, then of the released size, with what
# loading and one inference of such a checkpoint take. The latter needs 10 GB of disk in data/ and 12 GB of memory; about 10
# minutes on two cores with bfloat16 instructions, much longer without: REPEATS=1 WARM_UPS=0 is enough to see it there, and
# SMALL=1 leaves it out.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
tiny() { xr0 bench latency --checkpoint checkpoints/tiny --threads 1 --warm-ups 5 "$@"; }
tiny --repeats 200 --json results/cpu/tiny_b1.json
tiny --repeats 50 --batch 8 --json results/cpu/tiny_b8.json
if [ -z "${SMALL:-}" ]; then
    [ -d data/random_4b ] || xr0 convert --random official_4b data/random_4b
    pytest -m slow tests/checkpoints/test_full_size.py --timeout=1800
    xr0 bench latency --shape official_4b --views 2 --pixels 256 --horizon 10 --threads "${THREADS:-2}" \
        --warm-ups "${WARM_UPS:-2}" --repeats "${REPEATS:-10}" --json results/cpu/official_4b_2x256_t10_graph.json
fi
python runs/latency_table.py results/cpu results/cpu/README.md
