#!/usr/bin/env bash
# A suite of LIBERO: one small model from nothing, told in words which task, on fifty demonstrations by the scripted expert of each task
# that it can do, in scenes that the protocol does not score; evaluated on the first initial states of those tasks with the
# world frozen, and with delays. Published policies learnt from people's demonstrations of all ten tasks: other numbers.
# Wants runs/sims/libero.sh before it.
# Usage: [FORM=quick] [EPISODES=50] runs/libero.sh [libero_object|libero_spatial|libero_goal]; stopped, it goes on
cd "$(dirname "$0")/.."
board=libero name=${1:-libero_object} episodes=${EPISODES:-10} unscored=49 choice=2000 flow=3000
case $name in # the tasks that the expert does in at least half of drawn scenes
    libero_object) numbers="0 2 3 4 5 6 7 8 9" ;;
    libero_spatial) numbers="0 2 3 4 8" ;;
    libero_goal) numbers="1 4 6 8" ;;
    *) echo "usage: runs/libero.sh [libero_object|libero_spatial|libero_goal]" >&2; exit 1 ;;
esac
takes="an hour of demonstrations, 2 hours of training, half an hour of evaluation (ten trials)"
tasks=()
for number in $numbers; do tasks+=("$name/$number"); done
. runs/board_parts.sh
[ $form = full ] || tasks=("${tasks[@]:0:2}")
demos 50 --pixels 128 --tasks "${tasks[@]}"
policy --keep-every 2
row() { cell "$1_$episodes" --tasks "${tasks[@]}" "${@:2}"; } # ROW OPTIONS...
row sync_0ms --mode sync --films "$out/films_$name"
for ms in 100 200; do row async_${ms}ms --mode async --latency-ms $ms; done
