#!/usr/bin/env bash
# The numbers of the README's table: 200 episodes each, on seeds that no training or tuning saw.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
out=results/tiny
# A result that is there is kept: remove the folder's JSON to measure again.
run() {
    file=$out/eval_$1.json; shift
    [ -f "$file" ] || xr0 eval bricks --episodes 200 --first-seed 1000000 "$@" --json "$file"
}
run sync --mode sync --latency-ms 0
run async_100ms --mode async --latency-ms 100
run wrong_instruction --mode sync --latency-ms 0 --wrong-instruction
run sync_100ms --mode sync --latency-ms 100
run async_100ms_perturb --mode async --latency-ms 100 --variant moved
[ -f $out/expert.json ] || python -m xr0_robot.sims.bricks.expert --episodes 500 --first-seed 1000000 --json $out/expert.json
python runs/tiny_table.py $out README.md
