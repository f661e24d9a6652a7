#!/usr/bin/env bash
# The shipped checkpoints, from nothing: demonstrations, three stages, evaluation. About 3 hours of training on 2 CPU cores,
# and 2 of evaluation. checkpoints/tiny is stage 2's, which never saw a prefix; behind
# stage 3 it is checkpoints/tiny_lambda, post-trained as the paper has it. The two stand beside each other in every table.
# What is there already is not made again, and a stopped stage goes on, so the script can simply be run again;
# `rm -r data/tiny` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
work=data/tiny
. runs/hardware.sh
train() { torchrun --standalone --nproc-per-node "$processes" -m xr0.recipes.bricks "$@"; }
ship() { # STAGE NAME
    mkdir -p checkpoints && rm -rf "checkpoints/$2" && cp -r "$work/$1/checkpoint" "checkpoints/$2"
    python runs/tiny_card.py $work "checkpoints/$2" results/tiny
}
mkdir -p "$work" results/tiny

[ -d $work/demos ] || xr0 data demos $work/demos --episodes 1000 --first-seed 0 --workers 2
[ -d $work/choice/checkpoint ] || train pretrain-choice --data $work/demos --language $work/demos/vl --out $work/choice
[ -d $work/flow/checkpoint ] || train pretrain-flow --data $work/demos --checkpoint $work/choice/checkpoint --out $work/flow
ship flow tiny
[ -d $work/post/checkpoint ] || train post-train --data $work/demos --checkpoint $work/flow/checkpoint --prefix paper --out $work/post
ship post tiny_lambda
runs/tiny_eval.sh
