#!/usr/bin/env bash
# One policy for three tables, of bricks with one arm, of towels and of Lego with two: the first two stages on the demonstrations of
# runs/tiny.sh, runs/towels.sh and runs/lego.sh together, twice as long as a specialist's, and its success at each table.
# Estimated at 2.5 hours of training and 1 of evaluation on two CPU cores. Usage: [FORM=quick] runs/joint.sh; stopped, it goes on
cd "$(dirname "$0")/.."
world=joint
. runs/two_arms_parts.sh
data=()
for table in bricks towels lego; do
    from=data/$table/demos
    [ $table = bricks ] && from=data/tiny/demos
    if [ $form = quick ]; then
        from=$work/$table
        [ -d "$from" ] || xr0 data demos "$from" --world $table --episodes 2 --first-seed 0 --workers 2
    elif [ ! -d "$from" ]; then
        echo "$table: got no $from, expected the demonstrations of runs/$(basename "$(dirname "$from")").sh" >&2
        exit 1
    fi
    data+=("$from")
done
train choice $((2 * choice)) pretrain-choice --places
train flow $((2 * flow)) pretrain-flow --checkpoint "$work/choice/checkpoint"
at() { # TABLE ROBOT FIRST_SEED
    world=$1
    [ $form = full ] || set -- "$1" "$2" 700000
    cell "$1" flow "$3" --robot-type "$2" --latency-ms 100
}
at bricks bricks 1600000
at towels two_arms 1500000
at lego two_arms 2200000
