#!/usr/bin/env bash
# The shipped checkpoint, from nothing: demonstrations, three stages, evaluation. About 3 hours of training on 2 CPU cores, and 2 of evaluation.
# What is there already is not made again, and a stopped stage goes on, so the script can simply be run again;
# `rm -r data/tiny` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
work=data/tiny
# One process per GPU, or one per core of the two-core machine whose numbers are in results/: a step's batch
# grows with them.
processes=${PROCESSES:-$(python -c 'import torch; print(torch.cuda.device_count() or 2)')}
train() { torchrun --standalone --nproc-per-node "$processes" -m xr0.recipes.bricks "$@"; }
mkdir -p "$work" results/tiny

[ -d $work/demos ] || xr0 data demos $work/demos --episodes 1000 --first-seed 0 --workers 2
[ -d $work/choice/checkpoint ] || train pretrain-choice --data $work/demos --language $work/demos/vl --out $work/choice
[ -d $work/flow/checkpoint ] || train pretrain-flow --data $work/demos --checkpoint $work/choice/checkpoint --out $work/flow
[ -d $work/post/checkpoint ] || train post-train --data $work/demos --checkpoint $work/flow/checkpoint --out $work/post

mkdir -p checkpoints && rm -rf checkpoints/tiny && cp -r $work/post/checkpoint checkpoints/tiny
python runs/tiny_card.py $work checkpoints/tiny results/tiny
runs/tiny_eval.sh
