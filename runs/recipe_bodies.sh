#!/usr/bin/env bash
# Proof 2: does what one robot learned help another? A second body alone, and with the first one's demonstrations in
# stages 1 and 2; stage 3 is its own in both cases.
# Nothing here asks about pictures, so stage 1 has no vision-language data. No stage teaches a prefix: as what ships does, the
# policies think while they move and the robot damps the seams.
# Estimated at 3 hours on two quiet cores, of which each policy is a sixth.
# Usage: runs/recipe_bodies.sh [alone] [helped]
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
first=4000000
steps=($(pick "400 400 200" "2 2 2"))

given bricks demos
demos bricks bricks $first_body 0
for n in $(pick "50 100 200" "6"); do
    demos joints_$n bricks_joints "$n" 0
    own=$work/joints_$n
    for what in ${*:-alone helped}; do
        run=bodies_${what}_$n
        [ -f $out/$run.json ] && continue
        data=$own weights=()
        [ $what = helped ] && data="$own $work/bricks" weights=(--weights 1 1)
        train $run/choice "${steps[0]}" pretrain-choice --data $data "${weights[@]}"
        train $run/flow "${steps[1]}" pretrain-flow --data $data "${weights[@]}" --checkpoint $work/$run/choice/checkpoint
        train $run/post "${steps[2]}" post-train --data $own --checkpoint $work/$run/flow/checkpoint --prefix sync
        evaluate $run bricks_joints $work/$run/post/checkpoint $first --robot-type bricks_joints --latency-ms 100
    done
done
