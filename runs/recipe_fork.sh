#!/usr/bin/env bash
# Proof 4, the fork (runs/fork.py), passed left or right: 1 candidate against 5, choice head against flow head. 15 minutes
# on one core. Usage: runs/recipe_fork.sh
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
batch=$(pick 32 8)
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
