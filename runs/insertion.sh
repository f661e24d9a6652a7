#!/usr/bin/env bash
# What the fingertips are for: insertions by a script, with and without them, and the demo. About 3 minutes on 2 CPU cores;
# rows that are there already are kept, so a stopped run goes on. Needs checkpoints/tactile (runs/tactile.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
out=results/tactile
xr0 tactile insertion --episodes 100 --json $out/insertion.json
xr0 tactile demo --out out/tactile
cp out/tactile/errors.png $out/demo_errors.png
python runs/frame.py out/tactile/refine.mp4 0.72 $out/demo.png
python runs/tactile_table.py $out $out/README.md README.md
