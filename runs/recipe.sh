#!/usr/bin/env bash
# The recipe's proofs, and their report. Usage: runs/recipe.sh [--quick]. 8 hours on two quiet cores, after runs/tiny.sh; --quick 20 minutes,
# into out/recipe_quick. A run that was stopped goes on; a real robot's is runs/real_robot.sh.
cd "$(dirname "$0")/.."
case ${1:-} in
    "") export FORM=full ;;
    --quick) export FORM=quick ;;
    *) echo "usage: runs/recipe.sh [--quick]" >&2; exit 1 ;;
esac
. runs/recipe_parts.sh
for part in bodies sight fork choices edges; do runs/recipe_$part.sh; done
python runs/recipe_table.py "$out"
