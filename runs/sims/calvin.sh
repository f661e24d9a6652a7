#!/usr/bin/env bash
# CALVIN's environment: data/sims/calvin, with the official sources at the commits that published tables were made with.
# CALVIN_ENV_GIT, CALVIN_GIT: where they are cloned from. PyBullet has a wheel for Python 3.11, not for newer ones.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout() { # FOLDER REPOSITORY COMMIT
    [ -d "$1/.git" ] || git clone --quiet "$2" "$1"
    git -C "$1" checkout --quiet "$3"
}
mkdir -p data/sims/calvin/src
checkout data/sims/calvin/src/calvin_env "${CALVIN_ENV_GIT:-https://github.com/mees/calvin_env}" 797142c588c21e76717268b7b430958dbd13bf48
checkout data/sims/calvin/src/calvin "${CALVIN_GIT:-https://github.com/mees/calvin}" fa03f01f19c65920e18cf37398a9ce859274af76
runs/sims/environment.sh calvin
