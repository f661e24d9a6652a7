#!/usr/bin/env bash
# Proof 4: the choices. A fork (runs/fork.py) passed left or right: 1 candidate against 5, choice head against flow head. The
# brick table after stages 1 and 2 (of runs/recipe_sight.sh): choice head against flow head. Euler steps of the
# shipped model. Fork 15 minutes, choice head 10, Euler steps 5 x 3 + 5; 45 minutes. Usage: runs/recipe_choices.sh
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
first=6000000
[ -d $work/fork ] || python runs/fork.py record $work/fork $(pick 200 8)
fork() { # RUN STEPS STAGE OPTIONS...
    local run=$work/$1 steps=$2 stage=$3
    shift 3
    [ -d "$run/checkpoint" ] || xr0 "$stage" --recipe tiny --data $work/fork --steps "$steps" --batch "$batch" --out "$run" "$@"
}
for n in 1 5; do
    fork fork_$n/choice $(pick 300 2) pretrain-choice --candidates $n
    [ -f $out/fork_choice_$n.json ] || python runs/fork.py judge $work/fork_$n/choice heads $out/fork_choice_$n.json
done
fork fork_5/flow $(pick 300 2) pretrain-flow --checkpoint $work/fork_5/choice/checkpoint
[ -f $out/fork_flow.json ] || python runs/fork.py judge $work/fork_5/flow expert $out/fork_flow.json

if [ -d $work/sight_on/choice/heads ]; then
    [ -f $out/choice_head.json ] || { python runs/choice_rollout.py $work/sight_on/choice bricks $episodes 5100000 $out/choice_head.json.part &&
        mv $out/choice_head.json.part $out/choice_head.json; }
else
    echo "the choice head on the brick table: first runs/recipe_sight.sh" >&2
fi

demos euler bricks $(pick 20 2) 6100000
for steps in $(pick "1 2 5 10 20" "1 5"); do
    evaluate euler_$steps bricks checkpoints/tiny $first --flow-steps "$steps" --latency-ms 100
done
[ -f $out/euler_error.json ] || python runs/euler_error.py checkpoints/tiny $work/euler $(pick 300 4) $out/euler_error.json
