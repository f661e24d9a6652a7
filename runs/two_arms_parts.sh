# What runs/towels.sh, runs/lego.sh and runs/joint.sh share: sourced from the repository's root by a script that has set `world`.
#
# FORM=full, or quick: minutes, into out/WORLD_quick; its numbers prove nothing but that all runs. Each file is made once, and a
# stopped stage goes on; `rm -r $work` starts over.
set -euo pipefail
export OMP_NUM_THREADS=1
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
form=${FORM:-full}
case $form in
    full) work=data/$world out=results/$world choice=900 flow=1500 post=300 batch=32 episodes=40 ;;
    quick) work=data/${world}_quick out=out/${world}_quick choice=2 flow=2 post=2 batch=4 episodes=1 ;;
    *) echo "FORM: got $form, expected full or quick" >&2; exit 1 ;;
esac
. runs/hardware.sh
mkdir -p "$work" "$out"
data=("$work/demos")

demos() { # EPISODES: seeds below 500,000
    [ $form = full ] || set -- 2
    [ -d "$work/demos" ] || xr0 data demos "$work/demos" --world "$world" --episodes "$1" --first-seed 0 --workers 2
}

train() { # RUN STEPS STAGE OPTIONS...
    [ -d "$work/$1/checkpoint" ] || torchrun --standalone --nproc-per-node "$processes" -m xr0.cli "$3" --recipe tiny \
        --data "${data[@]}" --keep-every 3 --steps "$2" --batch $batch --precision $precision --out "$work/$1" "${@:4}"
}

policies() { # flow: told nothing of what is committed; lambda and full: the same, post-trained with prefixes
    train choice $choice pretrain-choice --places
    train flow $flow pretrain-flow --checkpoint "$work/choice/checkpoint"
    train lambda $post post-train --prefix paper --checkpoint "$work/flow/checkpoint"
    train full $post post-train --prefix full --checkpoint "$work/flow/checkpoint"
}

cell() { # RESULT POLICY FIRST_SEED OPTIONS...
    [ -f "$out/$1.json" ] && return
    xr0 eval "$world" --checkpoint "$work/$2/checkpoint" --episodes $episodes --first-seed "$3" --workers "$processes" \
        --json "$out/$1.json.part" "${@:4}" > /dev/null
    mv "$out/$1.json.part" "$out/$1.json"
}

cells() { # FIRST_SEED VARIANT: all ways to execute, on the same seeds; VARIANT: something goes wrong once
    [ $form = full ] || { cell async flow 700000 --latency-ms 100; return; }
    cell frozen flow "$1" --mode sync
    cell sync flow "$1" --mode sync --latency-ms 100
    cell async flow "$1" --latency-ms 100
    cell lambda lambda "$1" --mode prefix --latency-ms 100
    cell full full "$1" --mode prefix --latency-ms 100
    cell "${2}_async" flow "$(($1 + 1000))" --latency-ms 100 --variant "$2"
}
