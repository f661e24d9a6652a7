#!/usr/bin/env bash
# The shipped checkpoint, from nothing: demonstrations, three stages, evaluation. About 1.5 hours on 2 CPU cores.
# Every part is skipped when its result is there, and a stopped stage goes on, so the script can be run again.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
work=data/tiny
processes=${PROCESSES:-2} # of training; the batch of a step grows with it
train() { torchrun --standalone --nproc-per-node "$processes" -m xr0.cli "$@"; }
mkdir -p "$work" results/tiny

[ -d $work/demos ] || xr0 data demos $work/demos --episodes 1000 --first-seed 0 --workers 2
[ -d $work/choice/checkpoint ] || train pretrain-choice --data $work/demos --out $work/choice
[ -d $work/flow/checkpoint ] || train pretrain-flow --data $work/demos --checkpoint $work/choice/checkpoint --out $work/flow
[ -d $work/post/checkpoint ] || train post-train --data $work/demos --checkpoint $work/flow/checkpoint --out $work/post

rm -rf checkpoints/tiny && cp -r $work/post/checkpoint checkpoints/tiny
python runs/tiny_card.py $work checkpoints/tiny results/tiny
runs/tiny_eval.sh
