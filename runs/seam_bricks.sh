#!/usr/bin/env bash
# RT-Seam on the brick table: the shipped policy by every method that needs no training of its own, and the one that was
# post-trained with the paper's Λ from there by its own.
# `xr0 seam --bricks results/seam/bricks` takes them into its table. Usage: runs/seam_bricks.sh [FIRST_SEED]
# 2 to 5 minutes for each file, one to two hours in all on two quiet cores; what is there is not run again.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
first=${1:-1300000} episodes=${EPISODES:-100} out=${OUT:-results/seam/bricks}
mkdir -p "$out"
cell() { # VARIANT MODE MS JITTER
    local file=$out/$1_$2_$3ms_$4.json
    [ -f "$file" ] && return
    xr0 eval bricks --checkpoint $policy --variant "$1" --mode "$2" --latency-ms "$3" --jitter "$4" --episodes "$episodes" \
        --first-seed "$first" --json "$file.part" > /dev/null
    mv "$file.part" "$file"
}
shipped() { policy=checkpoints/tiny cell "$@"; }
lambda() { policy=checkpoints/tiny_lambda cell "$@"; }
for variant in moved trained; do # the pass lines and their bound first
    for ms in 100 200; do
        shipped $variant async $ms steady
        lambda $variant prefix $ms steady
    done
    shipped $variant sync 0 steady
done
for variant in moved trained; do for ms in 100 200; do shipped $variant naive $ms steady; done; done
for mode in sync ensemble blend seam_decay rtc rtc_free; do shipped moved $mode 200 steady; done
for mode in async naive; do shipped moved $mode 200 lognormal; done
for mode in async naive; do shipped moved $mode 400 steady; done
lambda moved prefix 200 lognormal
