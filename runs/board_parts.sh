# What the scoreboards of small models share, from scripted demonstrations to rows: sourced by runs/aloha.sh, metaworld.sh and libero.sh
# from the repository's root. They set before: board (the benchmark), name (of the model), episodes of each task, unscored (a seed for
# the quick form that the full one does not score), steps of both stages (choice, flow), and takes: how long the full form is estimated to
# take on two quiet CPU cores.
#
# FORM=full, or quick: minutes, into out/BOARD_quick; its numbers prove nothing but that all runs. Each file is made once, and a
# stopped stage or row goes on; `rm -r $work` starts over.
set -euo pipefail
export OMP_NUM_THREADS=1
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
form=${FORM:-full}
case $form in
    full) work=data/$board/$name out=results/$board batch=32 scored=() ;;
    quick) work=data/$board/quick_$name out=out/${board}_quick batch=4 episodes=1 choice=2 flow=2 scored=(--first-seed "$unscored") ;;
    *) echo "FORM: got $form, expected full or quick" >&2; exit 1 ;;
esac
. runs/hardware.sh
mkdir -p "$work" "$out"
[ $form = full ] && echo "$board $name: estimated on two quiet CPU cores: $takes; what is there already is not made again"

demos() { # EPISODES OF EACH TASK, OPTIONS...: on seeds that the protocol never scores
    [ $form = full ] || set -- 2 "${@:2}"
    [ -d "$work/demos" ] || xr0 data demos "$work/demos" --world "$board" --episodes "$1" --look plain "${@:2}"
}

train() { # STAGE STEPS OPTIONS...
    [ -d "$work/$1/checkpoint" ] || torchrun --standalone --nproc-per-node "$processes" -m xr0.cli "pretrain-$1" \
        --recipe tiny --data "$work/demos" --steps "$2" --batch $batch --precision $precision --out "$work/$1" "${@:3}"
}

policy() { # OPTIONS...: both stages, and what is to be said of them beside the rows
    train choice "$choice" --places "$@"
    train flow "$flow" --checkpoint "$work/choice/checkpoint" "$@"
    python runs/board_training.py "$work" "$out/training_$name.json"
}

cell() { # ROW OPTIONS...
    xr0 eval "$board" --checkpoint "$work/flow/checkpoint" --episodes "$episodes" "${scored[@]}" --look plain \
        --json "$out/ours_${name}_$1.json" "${@:2}"
}
