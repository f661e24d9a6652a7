#!/usr/bin/env bash
# A simulator's own tests, in its environment; minutes. Usage: runs/sims/test.sh NAME [PYTEST OPTIONS]
set -euo pipefail
cd "$(dirname "$0")/../.."
name=$1
"data/sims/$name/bin/python" -m pytest -o addopts= -o pythonpath=robot/tests/sims --import-mode=importlib \
    --confcutdir=robot/tests/sims -p no:cacheprovider -q "robot/tests/sims/$name" "${@:2}"
