#!/usr/bin/env bash
# Does the brain keep its sight? The brick table's questions and places, held out (seeds 5,940,000 on), to the tiny model
# before and after post-training, by lmms-eval (runs/vlm.sh), into results/vlm. Minutes; `all` trains for an hour first.
# Usage: runs/vlm_sight.sh [all]
#   before    as it ships: its VLM is that of stage 1, for stage 2 trains the action expert alone
#   expert    post-trained with the paper's prefixes, the VLM frozen (checkpoints/tiny_lambda)
#   all       post-trained with the VLM learning too, without questions: on data/tiny/demos, which runs/tiny.sh makes
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
work=data/vlm/sight
mkdir -p $work results/vlm

runs/vlm.sh --help > /dev/null
[ -d $work/held_out ] || xr0 data demos $work/held_out --world bricks --episodes 20 --first-seed 5940000 --workers 2
[ -d $work/questions ] || data/vlm/bin/python runs/vlm/brick_questions.py $work/held_out/vl $work/questions

ask() { # NAME CHECKPOINT
    [ -f results/vlm/$1.json ] || runs/vlm.sh "$2" --json results/vlm/$1.json --data $work/questions \
        --tasks bricks_questions bricks_grounding
}

ask before checkpoints/tiny
ask expert checkpoints/tiny_lambda
if [ "${1:-}" = all ]; then
    [ -d $work/all/checkpoint ] || xr0 post-train --data data/tiny/demos --checkpoint checkpoints/tiny --recipe tiny \
        --trainable all --out $work/all
    ask all $work/all/checkpoint
fi
data/vlm/bin/python runs/vlm/sight_table.py results/vlm
