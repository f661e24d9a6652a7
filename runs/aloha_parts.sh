# What runs/aloha_peers.sh and runs/aloha_choice.sh share: other policies on the demonstrations of runs/aloha.sh, for as long as its
# policy learnt, in the same harness. Sourced from the repository's root by a script that has set `wanted`, the number of
# demonstrations. FORM=full, or quick: minutes; its numbers prove nothing.
set -euo pipefail
export OMP_NUM_THREADS=1 PATH="$PWD/.venv/bin:$PATH"
form=${FORM:-full}
case $form in
    full) work=data/aloha/$wanted out=results/aloha episodes=200 scored=() ;;
    quick) work=data/aloha/quick_$wanted out=out/aloha_quick episodes=1 scored=(--first-seed 900) ;;
    *) echo "FORM: got $form, expected full or quick" >&2; exit 1 ;;
esac
. runs/served.sh
mkdir -p "$out"

learnt() { # EXPRESSION of the stages that our policy learnt in, and `spent`, all their seconds
    python -c "
import json
stages = json.load(open('$out/training_$wanted.json'))['stages']
spent = sum(stage['seconds'] for stage in stages.values())
print(round($1))"
}

rows() { # POLICY: of what is served, as runs/aloha.sh has them of ours
    local horizon ms
    for horizon in 10 25; do cell "$1" transfer_cube sync 0 $horizon; done
    for ms in 100 200; do cell "$1" transfer_cube naive $ms 10; done
    cell "$1" transfer_cube_displaced sync 0 10
}

cell() { # POLICY TASK MODE LATENCY_MS HORIZON
    xr0 eval aloha --server "$url" --tasks "$2" --episodes "$episodes" "${scored[@]}" --mode "$3" --latency-ms "$4" --look plain \
        --execute-horizon "$5" --json "$out/$1_${wanted}_$2_$3_$4ms_h$5.json"
}
