#!/usr/bin/env bash
# Everything in results/tiny/README.md: the shipped policies in every condition, each on the same block of seeds.
# Usage: runs/tiny_eval.sh [FIRST_SEED]. About an hour and a half on two quiet cores; it measures all again.
# After a change of weights or method, give a block that is not in results/seeds.md, and add it there.
# KEEP=1 keeps the files that are there: of a run of this same code that was stopped, or of a policy that did not change.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
first=${1:-3200000}
out=results/tiny
run() { # NAME VARIANT MODE LATENCY_MS EPISODES [OPTION SUFFIX]
    file=$out/$2_$1_$4ms${7:+_$7}.json
    [ -n "${KEEP:-}" ] && [ -f "$file" ] && return
    xr0 eval bricks --checkpoint "$policy" --variant "$2" --mode "$3" --latency-ms "$4" --episodes "$5" \
        --first-seed "$first" ${6:-} --json "$file"
}
policy=checkpoints/tiny
run async moved async 100 300
run async moved async 200 400
run sync moved sync 0 200
run async trained async 100 300
run async trained async 200 300
run naive moved naive 100 150
run naive moved naive 200 150
run sync trained sync 0 150
run sync trained sync 0 60 --wrong-instruction told_another
for variant in sentences light camera six; do run async $variant async 100 60; done
run async moved async 400 60
run naive moved naive 400 60
policy=checkpoints/tiny_lambda
run lambda moved prefix 100 200
run lambda moved prefix 200 200
run lambda trained prefix 100 100
run lambda trained prefix 200 100
run lambda moved prefix 400 60
[ -n "${KEEP:-}" ] || rm -f $out/expert.json $out/expert_moved.json
for variant in trained moved; do
    file=$out/expert$([ $variant = trained ] || echo _moved).json
    python -m xr0_robot.sims.measure --variant $variant --episodes 300 --first-seed "$first" --json "$file"
done
python runs/tiny_table.py $out $out/README.md README.md
