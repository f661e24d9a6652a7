#!/usr/bin/env bash
# SimplerEnv's environment: data/sims/simpler, ManiSkill 3 with the assets of SimplerEnv's own repository, and, where there is
# no Vulkan of Mesa 24.3 or newer, that of Debian's bookworm-backports, unpacked beside it.
# SIMPLER_ASSETS_GIT, WIDOWX_GIT: where assets and the arm are cloned from. PYTHON: a Python 3.11.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=data/sims/simpler
python=${PYTHON:-$(command -v python3.11)}
assets=${SIMPLER_ASSETS_GIT:-https://github.com/simpler-env/ManiSkill2_real2sim}
arm=${WIDOWX_GIT:-https://github.com/haosulab/ManiSkill-WidowX250S}

test -x $home/bin/python || "$python" -m venv $home
pip=("$home/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install torch==2.13.0
"${pip[@]}" install -r runs/sims/simpler.txt
"${pip[@]}" install --no-deps --no-build-isolation -e ./robot

files() { # FOLDER REPOSITORY COMMIT PATHS...: each file of it, or a line that says which is not there
    local folder=$1 repository=$2 commit=$3
    shift 3
    [ -d "$folder/.git" ] || git clone --quiet --no-checkout --filter=blob:none "$repository" "$folder" 2> /dev/null
    for path in "$@"; do
        git -C "$folder" ls-tree -r --name-only "$commit" -- "$path"
    done | while read -r file; do
        git -C "$folder" checkout --quiet "$commit" -- "$file" 2> /dev/null \
            || { rm -f "$folder/$file"; echo "simpler: $repository does not give $file; what needs it will say so" >&2; }
    done
}
models=data/custom/models
mkdir -p $home/src $home/assets/data/{tasks/bridge_v2_real2sim_dataset,robots}
files $home/src/real2sim "$assets" ef7a4d4fdf4b69f2c2154db5b15b9ac8dfe10682 \
    data/custom/info_bridge_custom_{v0,baked_tex_v0}.json \
    $models/{bridge_spoon_generated_modified,table_cloth_generated_shorter,bridge_carrot_generated_modified} \
    $models/{bridge_plate_objaverse_larger,baked_green_cube_3cm,baked_yellow_cube_3cm,eggplant,sink,dummy_sink_target_plane} \
    data/real_inpainting/bridge_{real_eval_1,sink}.png data/hab2_bench_assets/stages/bridge_table_1_{v1,v2}.glb
files $home/src/widowx "$arm" 6a12bb745d964aab9fc897f0999cad53aa29000c .
link() { ln -sfnr "$home/src/$1" "$home/assets/data/$2"; }
link real2sim/data/custom tasks/bridge_v2_real2sim_dataset/custom
link real2sim/data/real_inpainting tasks/bridge_v2_real2sim_dataset/real_inpainting
link real2sim/data/hab2_bench_assets/stages tasks/bridge_v2_real2sim_dataset/stages
link widowx robots/widowx

draws="import sapien; sapien.render.RenderSystem(sapien.Device('cpu'))"
if ! $home/bin/python -c "$draws" > /dev/null 2>&1; then
    runs/sims/lavapipe.sh $home/mesa
    VK_ICD_FILENAMES=$PWD/$home/mesa/lavapipe.json $home/bin/python -c "$draws"
fi
runs/sims/test.sh simpler
