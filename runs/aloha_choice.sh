#!/usr/bin/env bash
# Our first stage's choice heads alone, and plain behaviour cloning, which is one candidate and so nothing to choose from, on the
# demonstrations of runs/aloha.sh, trained for as long as its policy was (its log says how long), and evaluated as it.
# Usage: [FORM=quick] runs/aloha_choice.sh [DEMONSTRATIONS]; wants runs/aloha.sh before it; stopped, it goes on
cd "$(dirname "$0")/.."
wanted=${1:-50}
. runs/aloha_parts.sh
. runs/hardware.sh
peer() { # POLICY CANDIDATES
    local run=$work/$1
    [ -d "$run/checkpoint" ] || torchrun --standalone --nproc-per-node "$processes" -m xr0.cli pretrain-choice --recipe tiny \
        --data "$work/demos" --steps "$steps" --batch 32 --precision $precision --places --keep-every 5 --candidates "$2" --out "$run"
    served python runs/choice_policy.py "$run"
    rows "$1"
    unserved
}
steps=$(learnt "spent * stages['choice']['steps'] / stages['choice']['seconds']")
[ $form = full ] || steps=2
peer choice 5
peer cloning 1
