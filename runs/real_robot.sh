#!/usr/bin/env bash
# The tiny model, post-trained on all but the last episode of a LeRobot dataset of any robot, against what was done in that
# last episode. Usage: runs/real_robot.sh DATASET NAME [STEPS]. Writes results/recipe/NAME_*; 25 minutes on one quiet core for 240
# steps. A run that was stopped goes on; `rm -r data/NAME` starts over.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
dataset=$1 name=$2 steps=${3:-240}
work=data/$name out=results/recipe
mkdir -p "$work" "$out"
last=$(python -c 'import json, sys; print(json.load(open(sys.argv[1] + "/meta/info.json"))["total_episodes"] - 1)' "$dataset")

[ -f "$work/robot.json" ] || xr0 data robot "$dataset" --out "$work/robot.json"
# The tiny checkpoint has seen a single outer view, under this title.
sed -i 's/"Ego View"/"Base View"/' "$work/robot.json"
xr0 data check "$dataset" --robot "$work/robot.json"
[ -d "$work/post/checkpoint" ] || xr0 post-train --recipe tiny --data "$dataset" --robot "$work/robot.json" \
    --checkpoint checkpoints/tiny --held-out "$last" --trainable all --steps "$steps" --batch 16 --ema 0.98 --colour \
    --max-pixels 12288 --out "$work/post"
cp "$work/post/metrics.jsonl" "$out/${name}_metrics.jsonl"
cp "$work/post/settings.json" "$out/${name}_settings.json"
for prefix in 0 3; do
    xr0 open-loop "$work/post/checkpoint" "$dataset" --episodes "$last" --every 2 --prefix $prefix \
        --json "$out/${name}_prefix_$prefix.json"
done
python runs/recipe_measured.py "$out"
