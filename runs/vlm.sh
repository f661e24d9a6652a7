#!/usr/bin/env bash
# A VLM on nine benchmarks (MMBench, MME, POPE, SEED-Bench, AI2D, MMMU, ScienceQA, MathVista, ERQA) by lmms-eval, in an
# environment of its own, data/vlm.
# Usage: runs/vlm.sh    makes the environment, minutes, and checks it offline against scores computed by hand
#        runs/vlm.sh CHECKPOINT --json OUT [--device cuda] [--data FOLDER] [...]    runs/vlm.sh --help tells the rest
# PYTHON: a Python 3.11 or newer.
set -euo pipefail
cd "$(dirname "$0")/.."
home=data/vlm
list=runs/vlm/requirements.txt
python=${PYTHON:-$(command -v python3.11 || command -v python3.12)}
export TOKENIZERS_PARALLELISM=false

if ! cmp -s $list $home/installed.txt; then
    test -x $home/bin/python || "$python" -m venv $home
    pip=("$home/bin/python" -m pip --disable-pip-version-check --quiet)
    "${pip[@]}" install torch==2.13.0
    "${pip[@]}" install -r $list
    "${pip[@]}" install --no-deps lmms-eval==0.7.3
    "${pip[@]}" install --no-build-isolation -e ./robot -e .
    cp $list $home/installed.txt
fi
if [ $# = 0 ]; then
    HF_HUB_OFFLINE=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} $home/bin/python -m pytest -o addopts= \
        --import-mode=importlib --confcutdir=tests/vlm -p no:cacheprovider -q tests/vlm
else
    $home/bin/python runs/vlm/board.py "$@"
fi
