# What the proofs of the recipe share: sourced by runs/recipe_*.sh, from the repository's root.
#
# FORM=full (8 hours on two quiet cores in all, and runs/tiny.sh before them) or quick (20 minutes; its numbers prove nothing but that all
# runs). Seeds: results/seeds.md. Each file, run and result is made once; `rm -r $work $out` starts over.
set -euo pipefail
export OMP_NUM_THREADS=1
[ -d .venv ] && export PATH="$PWD/.venv/bin:$PATH"
form=${FORM:-full}
processes=${PROCESSES:-2} # of each training and evaluation; 1 where parts run side by side, to the same numbers
case $form in
    full) work=data/recipe out=results/recipe first_body=1000 episodes=100 asked=200 batch=16 ;;
    quick) work=data/recipe_quick out=out/recipe_quick first_body=10 episodes=2 asked=16 batch=8 ;;
    *) echo "FORM: got $form, expected full or quick" >&2; exit 1 ;;
esac
mkdir -p "$work" "$out"

pick() { [ $form = full ] && echo "$1" || echo "$2"; } # FULL QUICK

demos() { # NAME WORLD EPISODES FIRST_SEED
    [ -d "$work/$1" ] || xr0 data demos "$work/$1" --world "$2" --episodes "$3" --first-seed "$4" --workers 2
}

given() { # NAME OF: what runs/tiny.sh has made by the same command
    [ $form = full ] && [ -d "data/tiny/$2" ] && [ ! -e "$work/$1" ] || return 0
    mkdir -p "$(dirname "$work/$1")"
    ln -s "$PWD/data/tiny/$2" "$work/$1"
}

train() { # RUN STEPS STAGE OPTIONS...
    local run=$work/$1 steps=$2
    shift 2
    [ -d "$run/checkpoint" ] || torchrun --standalone --nproc-per-node "$processes" -m xr0.recipes.bricks "$@" \
        --steps "$steps" --batch "$batch" --out "$run"
}

evaluate() { # RESULT WORLD CHECKPOINT FIRST_SEED OPTIONS...
    local result=$out/$1.json world=$2 checkpoint=$3 first=$4
    shift 4
    [ -f "$result" ] && return
    xr0 eval "$world" --checkpoint "$checkpoint" --episodes $episodes --first-seed "$first" \
        --workers "$processes" --json "$result.part" "$@" > /dev/null
    mv "$result.part" "$result"
}

answers() { # RESULT CHECKPOINT CONVERSATIONS
    [ -f "$out/$1.json" ] || python -m xr0.bench.answers "$2" "$3" --count $asked --json "$out/$1.json"
}

took() { # RESULT RUN: its last losses and seconds
    [ -f "$out/$1.json" ] || grep '"seconds"' "$work/$2/metrics.jsonl" | tail -n 1 > "$out/$1.json"
}
