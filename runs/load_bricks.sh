#!/usr/bin/env bash
# How many brick robots one server keeps moving: results/fleet/bricks.json and load.md. Some three minutes; nothing else may
# run meanwhile. Usage: runs/load_bricks.sh [--robots N ...] [--seconds N]
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
export PYTHONPATH=$PWD/runs:$PWD/src:$PWD/robot/src OMP_NUM_THREADS=1
out=${OUT:-results/fleet}
python -m load.bricks "$out/bricks.json" "$@"
python -m load.table "$out"
