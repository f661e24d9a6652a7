#!/usr/bin/env bash
# Replicas behind Ray Serve on this machine: robots work, a replica is killed, then the proxy, then robots come and go.
# Makes an environment with Ray, data/ray; writes results/fleet/cluster.json and cluster.md. Seven minutes.
# Usage: runs/cluster.sh [--parts replica proxy growth] [--seed N]
# PYTHON: a Python 3.11 or newer.
set -euo pipefail
cd "$(dirname "$0")/.."
home=data/ray
list=runs/load/ray.txt
python=${PYTHON:-$(command -v python3.11 || command -v python3.12)}
out=${OUT:-results/fleet}

if ! cmp -s $list $home/installed.txt; then
    test -x $home/bin/python || "$python" -m venv $home
    $home/bin/python -m pip --disable-pip-version-check --quiet install -r $list
    cp $list $home/installed.txt
fi
export PYTHONPATH=$PWD/runs:$PWD/src:$PWD/robot/src OMP_NUM_THREADS=1
export RAY_USAGE_STATS_ENABLED=0 RAY_worker_niceness=0 # docs/serving.md
export RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S=1 RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S=1
RAY_AUTH_TOKEN=$($home/bin/python -c "import secrets; print(secrets.token_hex())") # nobody else may use this cluster
export RAY_AUTH_TOKEN
$home/bin/python -m pytest -o addopts= --import-mode=importlib --confcutdir=tests/serve -p no:cacheprovider \
    --disable-warnings -q tests/serve/test_cluster.py
$home/bin/python -m load.cluster "$out/cluster.json" "$@"
$home/bin/python -m load.cluster_table "$out"
