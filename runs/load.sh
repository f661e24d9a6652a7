#!/usr/bin/env bash
# The server under load: results/fleet/load.json and load.md. Two minutes; nothing else may run meanwhile.
# Usage: runs/load.sh [--seconds N] [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD/runs:$PWD/src:$PWD/robot/src OMP_NUM_THREADS=1
out=${OUT:-results/fleet}
.venv/bin/python -m load.measure "$out/load.json" "$@"
.venv/bin/python -m load.table "$out"
