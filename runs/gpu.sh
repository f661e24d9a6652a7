#!/usr/bin/env bash
# Latency of the released size on the GPU at hand, over the shapes that robots use; results/gpu/.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
python -c 'import sys, torch; torch.cuda.is_available() or sys.exit("runs/gpu.sh: torch finds no CUDA device")'
shape() { # views pixels horizon batch repeats
    xr0 bench latency --shape official_4b --views "$1" --pixels "$2" --horizon "$3" --batch "$4" --repeats "$5" \
        --warm-ups 10 --json "results/gpu/official_4b_$1x$2_t$3_b$4.json"
}
shape 1 256 4 1 200
shape 2 224 10 1 200
shape 2 224 30 1 200
shape 2 256 10 1 200
shape 2 256 30 1 2000
shape 2 256 30 8 200
shape 3 256 30 1 200
