#!/usr/bin/env bash
# LeRobot's environment with XR-0 as its policy, data/lerobot, checked by the plugin's tests: training, evaluation and
# a rollout by LeRobot's own commands. About 6 GB; minutes. Usage: runs/lerobot.sh [PYTEST OPTIONS]
# PYTHON: a Python 3.12, which LeRobot wants.
set -euo pipefail
cd "$(dirname "$0")/.."
home=data/lerobot
python=${PYTHON:-$(command -v python3.12)}

test -x $home/bin/python || "$python" -m venv $home
pip=("$home/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install -r runs/lerobot.txt
"${pip[@]}" install --no-build-isolation -e './robot[demo]' -e . -e ./lerobot-plugin
runs/gl.sh $home/bin/python
OMP_NUM_THREADS=1 $home/bin/python -m pytest -o addopts= -o pythonpath=lerobot-plugin/tests --import-mode=importlib \
    --confcutdir=lerobot-plugin -p no:cacheprovider -q lerobot-plugin/tests "$@"
