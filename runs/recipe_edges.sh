#!/usr/bin/env bash
# Proof 5: the shipped model learns what it never saw, to lay bricks at the edges of the table, from 20, 50 and 100
# demonstrations: its action expert alone, adapters, everything. 150 steps of batch 16, 9 times. About an hour on two quiet cores.
# The shipped model was told no prefix, so none is taught here: 150 steps are for the task.
# Usage: runs/recipe_edges.sh [expert] [lora] [all]; with PROCESSES=1 side by side, once the demonstrations are there
cd "$(dirname "$0")/.."
. runs/recipe_parts.sh
first=9100000
for n in $(pick "20 50 100" "6"); do
    demos edges_$n edges "$n" 0
    for part in ${*:-expert lora all}; do
        run=edges_${part}_$n
        [ -f $out/$run.json ] && [ -f $out/${run}_training.json ] && continue
        train $run $(pick 150 2) post-train --data $work/edges_$n --checkpoint checkpoints/tiny \
            --stats checkpoint --prefix sync --trainable $part
        evaluate $run edges $work/$run/checkpoint $first --latency-ms 100
        took ${run}_training $run
    done
done
evaluate edges_untrained edges checkpoints/tiny $first --latency-ms 100
