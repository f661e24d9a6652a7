#!/usr/bin/env bash
# LeRobot's ACT and Diffusion Policy on the demonstrations of runs/aloha.sh, trained by lerobot-train for as long as our model was
# (its log says how long), and evaluated through our harness. Stopped, it goes on with the next policy.
# Usage: runs/aloha_peers.sh [DEMONSTRATIONS] [act] [diffusion]. Wants runs/lerobot.sh and runs/aloha.sh before it.
# FORM=quick runs all of it in ten minutes; its numbers prove nothing.
cd "$(dirname "$0")/.."
wanted=${1:-50} peers=("${@:2}")
[ ${#peers[@]} -gt 0 ] || peers=(act diffusion)
. runs/aloha_parts.sh
export HF_HUB_OFFLINE=1
lerobot=data/lerobot/bin

# What a policy may see: demonstrations hold labels too.
sees='{"observation.state": {"type": "STATE", "shape": [14]},
    "observation.images.top": {"type": "VISUAL", "shape": [3, 144, 192]}}'
# Smaller than LeRobot's own defaults, and from nothing: no pretrained backbone can be had without a hub.
options_act="--policy.dim_model=256 --policy.dim_feedforward=1024 --policy.chunk_size=50 --policy.n_action_steps=50
    --policy.pretrained_backbone_weights=null"
options_diffusion="--policy.n_obs_steps=1 --policy.horizon=48 --policy.n_action_steps=48 --policy.drop_n_last_frames=0
    --policy.down_dims=[128,256,512] --policy.num_inference_steps=10 --policy.noise_scheduler_type=DDIM
    --policy.pretrained_backbone_weights=null --policy.use_group_norm=true"

train() { # POLICY: as many steps as fit into the time, by the speed of ten
    local run=$work/$1 steps=10
    [ -d "$run/checkpoints/last/pretrained_model" ] && return
    rm -rf "$run"
    local two twelve
    two=$(took "$1" 2) twelve=$(took "$1" 12)
    [ $form = full ] && steps=$((10 * $(learnt spent) / (twelve - two > 0 ? twelve - two : 1)))
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
        --batch_size=8 --log_freq=50 ${!options} --output_dir="$2" "${@:3}" > "$work/$1.log" 2>&1 ||
        { tail -n 3 "$work/$1.log" >&2; return 1; }
}

for peer in "${peers[@]}"; do
    train "$peer"
    served $lerobot/python -m lerobot_policy_xr0.peer "$work/$peer/checkpoints/last/pretrained_model" \
        "$work/demos/meta/embodiment.json" --port 0
    rows "$peer"
    unserved
done
