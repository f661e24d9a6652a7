#!/usr/bin/env bash
# Proof 4, the brick table: choice head against flow head after stages 1 and 2 (of runs/recipe_sight.sh), and Euler steps of
# the shipped model. Choice head 10 minutes, Euler steps 5 x 3 + 5; half an hour. Usage: runs/recipe_choices.sh
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
. runs/served.sh
first=6000000
if [ -f $out/choice_head.json ]; then :
elif [ -d $work/sight_on/choice/heads ]; then
    served python runs/choice_policy.py $work/sight_on/choice
    xr0-robot rollout --url $url --world bricks --mode sync --clock virtual --episodes $episodes --first-seed 5200000 --json $out/choice_head.json
    unserved
else
    echo "the choice head on the brick table: first runs/recipe_sight.sh" >&2
fi

demos euler bricks $(pick 20 2) 6100000
for steps in $(pick "1 2 5 10 20" "1 5"); do
    evaluate euler_$steps bricks checkpoints/tiny $first --flow-steps "$steps" --latency-ms 100
done
[ -f $out/euler_error.json ] || python runs/euler_error.py checkpoints/tiny $work/euler $(pick 300 4) $out/euler_error.json
