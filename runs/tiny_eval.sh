#!/usr/bin/env bash
# Everything in results/tiny/README.md: the shipped policy in every condition, each on the same block of seeds.
# Usage: runs/tiny_eval.sh [FIRST_SEED]. About two hours on two quiet cores; it measures all again.
# After a change of weights or method, give a block that is not in results/seeds.md, and add it there.
# KEEP=1 keeps the files of a run of this same code that was stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
first=${1:-3000000}
out=results/tiny
run() { # variant mode latency_ms episodes [option name]
    file=$out/$1_$2_$3ms${6:+_$6}.json
    [ -n "${KEEP:-}" ] && [ -f "$file" ] && return
    xr0 eval bricks --variant "$1" --mode "$2" --latency-ms "$3" --episodes "$4" --first-seed "$first" ${5:-} --json "$file"
}
run moved sync 0 1000
run moved async 100 1000
run moved naive 100 1000
for variant in sentences light camera six; do run $variant async 100 200; done
run trained async 100 300
run trained sync 0 300
run trained sync 0 200 --wrong-instruction told_another
run moved async 200 600
run moved naive 200 600
run moved async 400 100
run moved naive 400 100
python -m xr0_robot.sims.brick_table.measure --episodes 300 --first-seed "$first" --json $out/expert.json
python runs/tiny_table.py $out $out/README.md README.md
