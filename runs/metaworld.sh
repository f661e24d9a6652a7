#!/usr/bin/env bash
# Meta-World's board: one small model from nothing, told in words which task, on fifty scripted demonstrations of each; evaluated by
# twenty episodes of each task with the world frozen, and with delays. Wants runs/sims/metaworld.sh before it.
# Usage: [FORM=quick] runs/metaworld.sh [mt10|mt50]; stopped, it goes on
cd "$(dirname "$0")/.."
board=metaworld name=${1:-mt10} episodes=20 unscored=900
case $name in
    mt10)
        tasks=(mt10) choice=2000 flow=3000
        takes="10 minutes of demonstrations, 1.5 hours of training, 45 minutes of evaluation" ;;
    mt50)
        tasks=(easy medium hard very_hard) choice=5000 flow=8000
        takes="40 minutes of demonstrations, 4 hours of training, 3 hours of evaluation" ;;
    *) echo "usage: runs/metaworld.sh [mt10|mt50]" >&2; exit 1 ;;
esac
. runs/board_parts.sh
demos 50 --pixels 128 --tasks "${tasks[@]}"
# Half a second of commands is 40 at 80 Hz: 10 to execute, 16 while the slowest inference runs.
policy --horizon-s 0.5 --keep-every 4
row() { cell "$@" --tasks "${tasks[@]}" --execute-horizon 10; } # ROW OPTIONS...
row sync_0ms --mode sync --films "$out/films_$name"
for ms in 100 200; do row async_${ms}ms --mode async --latency-ms $ms; done
