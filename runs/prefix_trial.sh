#!/usr/bin/env bash
# A short post-training of the shipped model under a rule for prefixes, and its success where the brick is moved, on tuning
# seeds. Usage: runs/prefix_trial.sh NAME RULE STEPS DEMOS. Writes results/realtime/trials/NAME_*; half an hour on one quiet core for
# 300 steps. `rm -r data/trial/NAME` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
name=$1 rule=$2 steps=$3 demos=$4
out=results/realtime/trials
mkdir -p "$out"
[ -d "data/trial/$name/checkpoint" ] || python -m xr0.recipes.bricks post-train --data "$demos" --checkpoint checkpoints/tiny \
    --stats checkpoint --steps "$steps" --batch 32 --prefix "$rule" --out "data/trial/$name"
for run in "async 100" "async 200" "naive 200"; do
    set -- $run
    result=$out/${name}_$1_$2ms.json
    [ -f "$result" ] || xr0 eval bricks --checkpoint "data/trial/$name/checkpoint" --variant moved --mode "$1" \
        --latency-ms "$2" --episodes 100 --first-seed 710000 --json "$result"
done
python runs/first_try.py "$out"/"${name}"_*.json
