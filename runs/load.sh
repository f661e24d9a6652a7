#!/usr/bin/env bash
# The server under load: results/fleet/load.json and load.md. Two minutes; nothing else may run meanwhile.
# Usage: runs/load.sh [--seconds N] [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
export PYTHONPATH=$PWD/runs:$PWD/src:$PWD/robot/src OMP_NUM_THREADS=1
out=${OUT:-results/fleet}
python -m load.measure "$out/load.json" "$@"
python -m load.table "$out"
