#!/usr/bin/env bash
# LeRobot's ACT and Diffusion Policy on the demonstrations of runs/aloha.sh, trained by lerobot-train for as long as our model was
# (its log says how long), and evaluated through our harness. Stopped, it goes on with the next policy.
# Usage: runs/aloha_peers.sh [DEMONSTRATIONS] [act] [diffusion]. Wants runs/lerobot.sh and runs/aloha.sh before it.
# FORM=quick runs all of it in ten minutes; its numbers prove nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PATH="$PWD/.venv/bin:$PATH"
wanted=${1:-50} form=${FORM:-full} peers=("${@:2}")
[ ${#peers[@]} -gt 0 ] || peers=(act diffusion)
case $form in
    full) work=data/aloha/$wanted out=results/aloha batch=8 episodes=200 ;;
    quick) work=data/aloha/quick_$wanted out=out/aloha_quick batch=2 episodes=1 ;;
    *) echo "FORM: got $form, expected full or quick" >&2; exit 1 ;;
esac
lerobot=data/lerobot/bin
mkdir -p "$out"

# What a policy may see: demonstrations hold labels too.
sees='{"observation.state": {"type": "STATE", "shape": [14]},
    "observation.images.top": {"type": "VISUAL", "shape": [3, 144, 192]}}'
# Smaller than LeRobot's own defaults, and from nothing: no pretrained backbone can be had without a hub.
options_act="--policy.dim_model=256 --policy.dim_feedforward=1024 --policy.chunk_size=50 --policy.n_action_steps=50
    --policy.pretrained_backbone_weights=null"
options_diffusion="--policy.n_obs_steps=1 --policy.horizon=48 --policy.n_action_steps=48 --policy.drop_n_last_frames=0
    --policy.down_dims=[128,256,512] --policy.num_inference_steps=10 --policy.noise_scheduler_type=DDIM
    --policy.pretrained_backbone_weights=null --policy.use_group_norm=true"

spent() { # seconds that our stages took
    python - "$work" <<'PY'
import json, sys
from pathlib import Path
logs = [Path(sys.argv[1], stage, "metrics.jsonl").read_text().splitlines() for stage in ("choice", "flow")]
print(round(sum(max(json.loads(line).get("seconds", 0) for line in log) for log in logs)))
PY
}
train() { # POLICY: as many steps as fit into the time, by the speed of ten
    local run=$work/$1 steps=10
    [ -d "$run/checkpoints/last/pretrained_model" ] && return
    rm -rf "$run"
    local two twelve
    two=$(took "$1" 2) twelve=$(took "$1" 12)
    [ $form = full ] && steps=$((10 * $(spent) / (twelve - two > 0 ? twelve - two : 1)))
    echo "$1: $steps steps"
    learn "$1" "$run" --steps="$steps" --save_freq="$steps"
}
took() { # POLICY STEPS: seconds
    local begun=$SECONDS
    learn "$1" "$work/$1.speed" --steps="$2"
    rm -rf "$work/$1.speed"
    echo $((SECONDS - begun))
}
learn() { # POLICY FOLDER OPTIONS...
    local options=options_$1
    $lerobot/lerobot-train --policy.type="$1" --policy.device=cpu --policy.push_to_hub=false \
        --policy.input_features="$sees" --dataset.repo_id=local/aloha --dataset.root="$work/demos" --num_workers=0 \
        --batch_size=$batch --log_freq=50 ${!options} --output_dir="$2" "${@:3}" > "$work/$1.log" 2>&1 ||
        { tail -n 3 "$work/$1.log" >&2; return 1; }
}
cell() { # POLICY TASK MODE LATENCY_MS HORIZON
    xr0 eval aloha --server "$url" --tasks "$2" --episodes "$episodes" --mode "$3" --latency-ms "$4" --look plain \
        --execute-horizon "$5" --json "$out/$1_${wanted}_$2_$3_$4ms_h$5.json"
}

for peer in "${peers[@]}"; do
    train "$peer"
    log=$(mktemp)
    $lerobot/python -m lerobot_policy_xr0.peer "$work/$peer/checkpoints/last/pretrained_model" \
        "$work/demos/meta/embodiment.json" --port 0 > "$log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null || true' EXIT
    until url=$(grep -o 'ws://[^ ]*' "$log"); do kill -0 $server || { cat "$log" >&2; exit 1; }; sleep 1; done
    for horizon in 10 25; do cell "$peer" transfer_cube sync 0 $horizon; done
    for ms in 100 200; do cell "$peer" transfer_cube naive "$ms" 10; done
    cell "$peer" transfer_cube_displaced sync 0 10
    kill $server
    wait $server || true
done
