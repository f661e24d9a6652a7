#!/usr/bin/env bash
# The fingertips, from nothing: grasps, the network and those it is compared with, its calibration, the reports. Two
# hours on 2 CPU cores.
# What is there already is not made again, and a stopped training goes on, so the script can simply be run again;
# `rm -r data/tactile` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
work=data/tactile
mkdir -p "$work" results/tactile

xr0 tactile data $work/grasps --shapes 98304 --workers 2

# One process per core of the two-core machine whose numbers are in results/: a step's batch grows with them.
for recipe in refine absolute blind refine_vit; do
    [ -d $work/$recipe/checkpoint ] || torchrun --standalone --nproc-per-node 2 -m xr0.cli tactile train \
        --recipe $recipe --data $work/grasps --out $work/$recipe
done

mkdir -p checkpoints && rm -rf checkpoints/tactile && cp -r $work/refine/checkpoint checkpoints/tactile
xr0 tactile calibrate checkpoints/tactile
python runs/tactile_card.py $work checkpoints/tactile results/tactile
xr0 tactile eval --full --absolute $work/absolute/checkpoint --blind $work/blind/checkpoint \
    --vit $work/refine_vit/checkpoint --json results/tactile/report.json
xr0 tactile eval --episodes 500 --first-seed 7000000 --json results/tactile/report_7000000.json
xr0 tactile eval --episodes 500 --first-seed 8000000 --json results/tactile/report_8000000.json
python runs/tactile_speed.py results/tactile/speed.json
python runs/tactile_table.py results/tactile results/tactile/README.md README.md
