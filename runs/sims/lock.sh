#!/usr/bin/env bash
# Resolve runs/sims/NAME.in and what the body needs to runs/sims/NAME.lock, with hashes. Usage: runs/sims/lock.sh NAME
# PYTHON: the interpreter that the environment will have.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-$(command -v python3.11 || command -v python3.10)}
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$python" -m venv "$tools"
"$tools/bin/pip" --disable-pip-version-check --quiet install pip-tools==7.6.0
"$tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header \
    --extra record --output-file "runs/sims/$1.lock" robot/pyproject.toml "runs/sims/$1.in"
