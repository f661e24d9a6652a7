#!/usr/bin/env bash
# Everything that goes wrong between a robot and its brain, a million mutated frames, and storms of other robots:
# results/faults. Some 7 minutes for the cases, 3 for the frames, 2 x 6 for the storms. Names of cases: only those.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD/tests:$PWD/src:$PWD/robot/src OMP_NUM_THREADS=1
out=results/faults
if [ $# -gt 0 ]; then
    exec .venv/bin/python -m faults.run "${OUT:-out/faults.json}" "$@"
fi
.venv/bin/python -m faults.run $out/faults.json
.venv/bin/python -m faults.fuzz $out/fuzz.json
.venv/bin/python -m faults.storms $out/storms_cached.json
GLIBC_TUNABLES=glibc.malloc.tcache_count=0 .venv/bin/python -m faults.storms $out/storms.json # as deploy/Dockerfile has it
.venv/bin/python -m faults.table $out
