#!/usr/bin/env bash
# The fingertips, from nothing: grasps, the network and those it is compared with, the report. About 2 hours on 2
# CPU cores. What is there already is not made again, and a stopped training goes on, so the script can simply be
# run again; `rm -r data/tactile` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
work=data/tactile
mkdir -p "$work" results/tactile

xr0 tactile data $work/grasps --shapes 49152 --workers 2

train() { [ -d $work/$1/checkpoint ] || xr0 tactile train --recipe $1 --data $work/grasps --out $work/$1; }
# One process per core: the shipped network beside the others, one after another.
train refine &
refine=$!
train absolute
train blind
train refine_vit
wait $refine

mkdir -p checkpoints && rm -rf checkpoints/tactile && cp -r $work/refine/checkpoint checkpoints/tactile
python runs/tactile_card.py $work checkpoints/tactile results/tactile
xr0 tactile eval --full --absolute $work/absolute/checkpoint --blind $work/blind/checkpoint \
    --vit $work/refine_vit/checkpoint --json results/tactile/report.json
python runs/tactile_table.py results/tactile/report.json README.md
