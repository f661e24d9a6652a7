#!/usr/bin/env bash
# A fleet on this machine: one policy server, TABLES simulated brick tables that it drives, and as many light robots, which
# only say that they work, as make ROBOTS in all. Prints the page's address and a password; ends with Ctrl-C.
# Usage: runs/fleet.sh [ROBOTS] [TABLES]
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
export OMP_NUM_THREADS=1
robots=${1:-100} tables=${2:-1} hub=${HUB_PORT:-8100} brain=${BRAIN_PORT:-8000}
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
xr0 fleet --port "$hub" &
xr0 serve checkpoints/tiny --port "$brain" > /dev/null &
for k in $(seq "$tables"); do
    xr0-robot work --url "ws://127.0.0.1:$brain" --hub "ws://127.0.0.1:$hub" --name "table $k" --variant moved \
        --first-seed $((600000 + 1000 * k)) &
done
[ "$robots" -gt "$tables" ] && xr0-robot light --hub "ws://127.0.0.1:$hub" --robots $((robots - tables)) &
wait -n
