#!/usr/bin/env bash
# ALOHA's board: the small model from nothing on scripted demonstrations of the transferred cube, and evaluated with the
# world frozen, with delays, and with the cube moved as the hand comes near, by every method that needs no training of
# its own. Wants runs/sims/aloha.sh before it.
# Usage: [FORM=quick] runs/aloha.sh [DEMONSTRATIONS]; stopped, it goes on
cd "$(dirname "$0")/.."
board=aloha name=${1:-50} episodes=200 unscored=900 choice=900 flow=1500
takes="5 minutes of demonstrations, 2 hours of training, 1 of evaluation"
. runs/board_parts.sh
demos "$name" --pixels 144 --tasks transfer_cube
policy --keep-every 5
row() { # TASK MODE LATENCY_MS OPTIONS...
    cell "$1_$2_$3ms" --tasks "$1" --mode "$2" --latency-ms "$3" "${@:4}"
}
row transfer_cube sync 0 --films "$out/films"
for ms in 100 200; do row transfer_cube async $ms; done
row transfer_cube_displaced sync 0
for mode in async naive ensemble blend seam_decay rtc rtc_free; do row transfer_cube_displaced $mode 100; done
