#!/usr/bin/env bash
# Make a simulator's own environment, data/sims/NAME, from runs/sims/NAME.lock, with the body in it, and check it by
# the adapter's own tests. Usage: runs/sims/environment.sh NAME
# PYTHON: the interpreter, one that the lock fits. A new lock: runs/sims/lock.sh NAME.
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1
home=data/sims/$name
python=${PYTHON:-$(command -v python3.11 || command -v python3.10)}

test -x "$home/bin/python" || "$python" -m venv "$home"
pip=("$home/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --require-hashes -r "runs/sims/$name.lock"
"${pip[@]}" install --no-deps --no-build-isolation -e ./robot
runs/sims/test.sh "$name"
