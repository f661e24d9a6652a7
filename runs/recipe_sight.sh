#!/usr/bin/env bash
# Proof 3: does a VLM that learns to act forget how to answer? Vision-language co-training in stage 1 on and off, the VLM
# frozen and learning in stage 2, which has no vision-language data; held-out questions after each stage, and success.
# Stage 1 with co-training is that of runs/tiny.sh, and without it takes as many steps of as many samples.
# Estimated at 2.5 hours on two quiet cores. Usage: runs/recipe_sight.sh [on] [off]; with PROCESSES=1 both side by side
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
batch=$(pick 32 8)
first=5200000
given bricks demos
given sight_on/choice choice
demos bricks bricks $first_body 0
demos held_out bricks $(pick 20 2) 5920000
for talk in ${*:-on off}; do
    language=()
    [ $talk = on ] && language=(--language $work/bricks/vl)
    train sight_$talk/choice $(pick 900 2) pretrain-choice --data $work/bricks "${language[@]}"
    answers sight_${talk}_choice $work/sight_$talk/choice/checkpoint $work/held_out/vl
    for part in expert all; do
        [ -f $out/sight_${talk}_$part.json ] && [ -f $out/sight_${talk}_${part}_robot.json ] && continue
        train sight_$talk/$part $(pick 300 2) pretrain-flow --data $work/bricks \
            --checkpoint $work/sight_$talk/choice/checkpoint --trainable $part
        answers sight_${talk}_$part $work/sight_$talk/$part/checkpoint $work/held_out/vl
        evaluate sight_${talk}_${part}_robot bricks $work/sight_$talk/$part/checkpoint $first --mode sync
    done
done
