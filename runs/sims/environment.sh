#!/usr/bin/env bash
# Make a simulator's own environment, data/sims/NAME, from runs/sims/NAME.lock, with the body in it, and check it by
# one episode of a scripted expert. Usage: runs/sims/environment.sh NAME TASK
# PYTHON: the interpreter, one that the lock fits. A new lock: runs/sims/lock.sh NAME.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1 task=$2
home=data/sims/$name
python=${PYTHON:-$(command -v python3.11 || command -v python3.10)}

test -x "$home/bin/python" || "$python" -m venv "$home"
pip=("$home/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --require-hashes -r "runs/sims/$name.lock"
"${pip[@]}" install --no-deps --no-build-isolation -e ./robot
"$home/bin/python" -m xr0_robot.cli board "$name" --expert --tasks "$task" --episodes 1 --workers 1 \
    --json "$home/check.json"
